"""Functions of time that are constant between jumps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

_Array = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class StepFunction:
    """A function that jumps at some times and is constant between them.

    Attributes
    ----------
    x : ndarray of shape (n_jumps,)
        Increasing times.
    y : ndarray of shape (n_jumps,)
        Value from each time on, including that time.
    start : float
        Value before the first time.
    end : float, default=None
        Last time at which the function is known: `follow_up_` of a model. None means no limit: an
        estimate keeps its last value.

    Examples
    --------
    >>> from skmtl.survival import StepFunction
    >>> curve = StepFunction([1.0, 2.0], [0.5, 0.25], start=1.0)
    >>> curve([0.0, 1.0, 1.5, 9.0]).tolist()
    [1.0, 0.5, 0.5, 0.25]
    """

    x: _Array
    y: _Array
    start: float
    end: float | None = None

    def __call__(self, times: ArrayLike) -> _Array:
        """Return the values at any times up to `end`, in the same shape; NaN for NaN.

        Raises
        ------
        ValueError
            If a time lies beyond `end`.
        """
        return self._values(times, side="right")

    def before(self, times: ArrayLike) -> _Array:
        """Return the values just before these times."""
        return self._values(times, side="left")

    def _values(self, times: ArrayLike, side: Literal["left", "right"]) -> _Array:
        at = np.asarray(times, dtype=np.float64)
        if self.end is not None and (at > self.end).any():
            raise ValueError(
                f"times reach {np.nanmax(at):g}, but the function is known up to {self.end:g} "
                "only. Ask up to there."
            )
        values = np.concatenate([[self.start], self.y])[np.searchsorted(self.x, at, side=side)]
        return np.where(np.isnan(at), np.nan, values)[()]  # [()] converts 0-d arrays to scalars
