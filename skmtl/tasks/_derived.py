"""Targets that are derived from another one, for forecasts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from skmtl._storable import storable
from skmtl.tasks._binary import Binary
from skmtl.tasks._count import Count
from skmtl.tasks._kind import Kind
from skmtl.tasks._regression import Regression

Since = Literal["last", "season"]


class DerivedTarget(ABC):
    """A target that is computed from a number and learnt with it; binary by default.

    Attributes
    ----------
    target : hashable
        The target from which it is derived.
    since : {"last", "season"} or None
        The past value that it is compared with, if any.
    """

    target: Hashable
    since: Since | None

    @abstractmethod
    def holds(self, values: np.ndarray, reference: np.ndarray | None) -> np.ndarray:
        """Whether the condition holds for values of the target; missing values are NaN.

        Parameters
        ----------
        values : ndarray of float64, shape (n,)
        reference : ndarray of float64, shape (n,), or None
            Past values.
        """

    def kinds(self, name: Hashable, kind: Kind) -> dict[Hashable, Kind]:
        """Return the tasks as which it is learnt.

        Parameters
        ----------
        name : hashable
            Name of the derived target.
        kind : Kind
            Kind of the number from which it is derived.
        """
        return {name: Binary()}

    def labels(
        self, name: Hashable, values: np.ndarray, reference: np.ndarray | None
    ) -> dict[Hashable, Any]:
        """Return the labels of these tasks, missing if the number or the past value is missing.

        Parameters
        ----------
        name : hashable
        values : ndarray of float64, shape (n,)
        reference : ndarray of float64, shape (n,), or None
        """
        missing = np.isnan(values)
        if reference is not None:
            missing = missing | np.isnan(reference)
        return {name: pd.arrays.BooleanArray(self.holds(values, reference), missing)}


@storable
@dataclass(frozen=True)
class Change(DerivedTarget):
    """Whether a number will be higher than it was.

    Parameters
    ----------
    target : hashable
        A target that is a number.
    since : {"last", "season"}, default="last"
        The value to compare with: the last value up to the origin, or the value at the same time
        in the last season.

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
    """Whether a number will be above zero.

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
        Level in the units of the target.
    """

    target: Hashable
    level: float
    since: Since | None = field(default=None, init=False, repr=False)

    def holds(self, values: np.ndarray, reference: np.ndarray | None) -> np.ndarray:
        return values > self.level


@storable
@dataclass(frozen=True)
class Hurdle(DerivedTarget):
    """The mean of a number that is often zero: the probability of a nonzero value times its mean.

    The probability that the number is above zero, and its mean in that case, are two tasks, called
    like the target with "occurs" and "amount" appended. The prediction is their product.

    Parameters
    ----------
    target : hashable
        A target that is a number, and never below zero.

    References
    ----------
    J. Mullahy, "Specification and testing of some modified count data models", Journal of
    Econometrics 33 (1986), 341-365.

    Examples
    --------
    >>> from skmtl import RMTGB
    >>> from skmtl.tasks import Hurdle
    >>> from skmtl.timeseries import Forecaster
    >>> model = Forecaster(RMTGB(), time="day", derived={"expected sales": Hurdle("sales")})
    """

    target: Hashable
    since: Since | None = field(default=None, init=False, repr=False)

    def holds(self, values: np.ndarray, reference: np.ndarray | None) -> np.ndarray:
        return values > 0

    def kinds(self, name: Hashable, kind: Kind) -> dict[Hashable, Kind]:
        mean = kind if isinstance(kind, Count) else Regression()  # which forecasts means
        return {self.occurs(name): Binary(), self.amount(name): mean}

    def labels(
        self, name: Hashable, values: np.ndarray, reference: np.ndarray | None
    ) -> dict[Hashable, Any]:
        if (values < 0).any():
            raise ValueError(
                f"The derived target {name!r} is a hurdle, but {self.target!r} has values below "
                "zero."
            )
        amounts = np.where(values > 0, values, np.nan)
        any_of_it = super().labels(self.occurs(name), values, reference)
        return {**any_of_it, self.amount(name): amounts}

    @staticmethod
    def occurs(name: Hashable) -> str:
        """Return the name of the task for whether the number is above zero."""
        return f"{name} occurs"

    @staticmethod
    def amount(name: Hashable) -> str:
        """Return the name of the task for the number if it is above zero."""
        return f"{name} amount"
