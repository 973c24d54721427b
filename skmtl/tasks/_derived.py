"""Targets that follow from another one, for forecasts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from skmtl._storable import storable

Since = Literal["last", "season"]


class DerivedTarget(ABC):
    """A binary target that is computed from a number, and learnt beside it.

    Attributes
    ----------
    target : hashable
        The target that it follows from.
    since : {"last", "season"} or None
        Which value of the past it compares with, if any.
    """

    target: Hashable
    since: Since | None

    @abstractmethod
    def holds(self, values: np.ndarray, reference: np.ndarray | None) -> np.ndarray:
        """Whether it holds for values of the target; what is missing is compared as NaN.

        Parameters
        ----------
        values : ndarray of float64, shape (n,)
        reference : ndarray of float64, shape (n,), or None
            The values of the past.
        """


@storable
@dataclass(frozen=True)
class Change(DerivedTarget):
    """Whether a number will be higher than it was.

    Parameters
    ----------
    target : hashable
        A target that is a number.
    since : {"last", "season"}, default="last"
        Than the last value up to the origin, or than at the same time of the last season.

    Examples
    --------
    >>> from skmtl import RMTGB
    >>> from skmtl.tasks import Change
    >>> from skmtl.timeseries import Forecaster
    >>> model = Forecaster(RMTGB(), time="day", derived={"up": Change("sales")})
    """

    target: Hashable
    since: Since = "last"

    def __post_init__(self) -> None:
        if self.since not in ("last", "season"):
            raise ValueError(f"since={self.since!r} must be 'last' or 'season'.")

    def holds(self, values: np.ndarray, reference: np.ndarray | None) -> np.ndarray:
        assert reference is not None
        return values > reference


@storable
@dataclass(frozen=True)
class Occurs(DerivedTarget):
    """Whether there will be any: whether a number is above zero.

    Parameters
    ----------
    target : hashable
        A target that is a number.
    """

    target: Hashable
    since: Since | None = field(default=None, init=False, repr=False)

    def holds(self, values: np.ndarray, reference: np.ndarray | None) -> np.ndarray:
        return values > 0


@storable
@dataclass(frozen=True)
class Exceeds(DerivedTarget):
    """Whether a number will be above a level.

    Parameters
    ----------
    target : hashable
        A target that is a number.
    level : float
        In the units of the target.
    """

    target: Hashable
    level: float
    since: Since | None = field(default=None, init=False, repr=False)

    def holds(self, values: np.ndarray, reference: np.ndarray | None) -> np.ndarray:
        return values > self.level
