"""Functions of time that are constant between jumps."""

from __future__ import annotations

from dataclasses import dataclass

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
        Value from each time on, that time included.
    start : float
        Value before the first time.

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

    def __call__(self, times: ArrayLike) -> _Array:
        """Values at any times, of their shape."""
        values = np.concatenate([[self.start], self.y])
        return values[np.searchsorted(self.x, np.asarray(times, dtype=np.float64), side="right")]

    def before(self, times: ArrayLike) -> _Array:
        """Values just before these times."""
        values = np.concatenate([[self.start], self.y])
        return values[np.searchsorted(self.x, np.asarray(times, dtype=np.float64), side="left")]
