"""Windows of time to train on and to forecast."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import BaseCrossValidator

from skmtl.models import integer
from skmtl.panels import Freq, make_clock
from skmtl.tables import as_frame


@dataclass(frozen=True)
class Window:
    """The rows of one window.

    Attributes
    ----------
    cutoff : timestamp, period or int
        The last time that is known.
    count : int
        The cutoff by the clock.
    train, test : ndarray of int
        Positions of the rows to learn from and to forecast.
    step : ndarray of int
        Number of steps from the cutoff to each test row.
    """

    cutoff: Any
    count: int
    train: NDArray[np.int64]
    test: NDArray[np.int64]
    step: NDArray[np.int64]


class ForecastSplit(BaseCrossValidator):
    """Train on the rows up to a cutoff, test on the times that follow.

    The last window ends with the table, the previous one `stride` steps earlier, and so on. All
    ids have the same cutoffs. Can be used as the `cv` of searches and `cross_validate`, and in
    :func:`backtest`.

    Parameters
    ----------
    time : label or int
        The column of X with the times: timestamps, periods or whole numbers.
    freq : str, offset or int, default=None
        The step of the times, such as "h", "W-FRI" or "MS"; a whole number for whole numbers.
        None infers it, if all times of the table are one step apart.
    horizon : int
        Number of steps to forecast in each window.
    n_windows : int, default=1
        Number of windows.
    stride : int, default=None
        Steps between two cutoffs. None means `horizon`, so that each time is forecast only once.
    gap : int, default=0
        Steps between the cutoff and the first time to forecast, if data arrive late.
    window : int, default=None
        Steps of history to train on. None means all of it.

    See Also
    --------
    backtest : Forecasts of all windows in one table.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.timeseries import ForecastSplit
    >>> X = pd.DataFrame({"shop": ["A", "B"] * 6, "day": [day for day in range(6) for _ in "AB"]})
    >>> cv = ForecastSplit("day", horizon=2, n_windows=2)
    >>> [(sorted(set(X["day"][a])), sorted(set(X["day"][b]))) for a, b in cv.split(X)]
    [([0, 1], [2, 3]), ([0, 1, 2, 3], [4, 5])]
    """

    def __init__(
        self,
        time: Hashable,
        *,
        freq: Freq = None,
        horizon: int,
        n_windows: int = 1,
        stride: int | None = None,
        gap: int = 0,
        window: int | None = None,
    ) -> None:
        self.time = time
        self.freq = freq
        self.horizon = horizon
        self.n_windows = n_windows
        self.stride = stride
        self.gap = gap
        self.window = window

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield the positions of the training and the test rows of each window, oldest first.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            The table with the time column. Rows may be in any order.
        y, groups : ignored

        Yields
        ------
        train, test : ndarray of int

        Raises
        ------
        ValueError
            If the times are not on the grid of `freq`, or if there are too few for the windows.
        """
        for window in self.windows(X):
            yield window.train, window.test

    def windows(self, X: Any) -> Iterator[Window]:
        """Yield the windows with their cutoffs and steps.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Yields
        ------
        Window
        """
        self._check()
        frame = as_frame(X)
        if self.time not in frame.columns:
            raise ValueError(f"X has no column {self.time!r}; it has {frame.columns.tolist()}.")
        clock = make_clock(frame[self.time], self.freq)
        counts = clock.count(frame[self.time])
        for cutoff in self._cutoffs(counts):
            is_past = counts <= cutoff
            if self.window is not None:
                is_past &= counts > cutoff - self.window
            step = counts - cutoff
            test = np.flatnonzero((step > self.gap) & (step <= self.gap + self.horizon))
            train = np.flatnonzero(is_past)
            time = clock.times(np.array([cutoff]))[0]
            for rows, what in ((train, "learn from"), (test, "forecast")):
                if not len(rows):
                    raise ValueError(
                        f"The window with the cutoff {time} has no rows to {what}. Use fewer "
                        "windows, or another stride."
                    )
            yield Window(time, cutoff, train, test, step[test])

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of windows; the arguments are ignored."""
        return self.n_windows

    def cutoffs(self, X: Any) -> pd.Index:
        """Return the cutoffs, which are the last known times of the windows.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)

        Returns
        -------
        Index of shape (n_windows,)
        """
        return pd.Index([window.cutoff for window in self.windows(X)])

    def _cutoffs(self, counts: NDArray[np.int64]) -> list[int]:
        stride = self.horizon if self.stride is None else self.stride
        last = int(counts.max()) - self.horizon - self.gap
        first = last - stride * (self.n_windows - 1)
        if first < counts.min():
            n_times = int(counts.max() - counts.min()) + 1
            raise ValueError(
                f"{self.n_windows} windows of {self.horizon} steps, {stride} apart and after a "
                f"gap of {self.gap}, need more than the {n_times} times from the first to the "
                f"last of the table. Use fewer windows or a shorter horizon."
            )
        return list(range(first, last + 1, stride))

    def _check(self) -> None:
        for name, low in (("horizon", 1), ("n_windows", 1), ("gap", 0)):
            _check_integer(name, getattr(self, name), low)
        for name in ("stride", "window"):
            if getattr(self, name) is not None:
                _check_integer(name, getattr(self, name), 1)


def _check_integer(name: str, value: Any, low: int) -> None:
    check = integer(low)
    if not check.passes(value):
        raise ValueError(f"{name}={value!r} of ForecastSplit must be {check.wants}.")
