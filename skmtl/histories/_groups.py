"""Vectorised statistics of the events of each history and variable."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


class EventGroups:
    """Events grouped by history and variable, in order of time within a group.

    Parameters
    ----------
    row, variable : ndarray of int64, shape (n_events,)
        History of each event, in increasing order, and its variable.
    time, value : ndarray of float64, shape (n_events,)
    end : ndarray of float64, shape (n_rows,)
        Time up to which each history is known.

    Attributes
    ----------
    row, variable : ndarray of int64, shape (n_groups,)
        History and variable of each group.
    """

    def __init__(
        self,
        row: NDArray[np.int64],
        variable: NDArray[np.int64],
        time: NDArray[np.float64],
        value: NDArray[np.float64],
        end: NDArray[np.float64],
    ) -> None:
        # Events are already sorted by history and time, so one stable sort is enough. For 16-bit
        # integers, numpy uses a radix sort, which takes one or two passes.
        small = variable.max(initial=0) < 2**16
        order = np.argsort(variable.astype(np.uint16) if small else variable, kind="stable")
        row, variable = row[order], variable[order]
        changes = (np.diff(row) != 0) | (np.diff(variable) != 0)
        self._starts = np.flatnonzero(np.concatenate([np.ones(min(len(row), 1), bool), changes]))
        self._stops = np.append(self._starts, len(row))[1:]
        self._n = self._stops - self._starts
        self._time, self._value = time[order], value[order]
        self.row, self.variable = row[self._starts], variable[self._starts]
        self._end = end[self.row]

    def statistic(self, name: str) -> NDArray[np.float64]:
        """Return one of `STATISTICS` for each group."""
        return STATISTICS[name](self)

    def count(self) -> NDArray[np.float64]:
        """Return the number of events."""
        return self._n.astype(np.float64)

    def present(self) -> NDArray[np.float64]:
        """Return 0, the indicator of missing, because every group has events."""
        return np.zeros(len(self._n))

    def mean(self) -> NDArray[np.float64]:
        """Return the mean of the values."""
        return self._mean(self._value)

    def sd(self) -> NDArray[np.float64]:
        """Return the standard deviation (with divisor n); NaN for fewer than two values."""
        squares = self._sum(self._centred(self._value) ** 2)
        return np.where(self._n > 1, np.sqrt(squares / self._n), np.nan)

    def lowest(self) -> NDArray[np.float64]:
        """Return the smallest value."""
        return np.minimum.reduceat(self._value, self._starts) if len(self._n) else np.empty(0)

    def highest(self) -> NDArray[np.float64]:
        """Return the largest value."""
        return np.maximum.reduceat(self._value, self._starts) if len(self._n) else np.empty(0)

    def first(self) -> NDArray[np.float64]:
        """Return the earliest value."""
        return self._value[self._starts]

    def last(self) -> NDArray[np.float64]:
        """Return the latest value."""
        return self._value[self._stops - 1]

    def since(self) -> NDArray[np.float64]:
        """Return the time from the latest event to the end of the history."""
        return self._end - self._time[self._stops - 1]

    def slope(self) -> NDArray[np.float64]:
        """Return the slope of the least squares line per unit of time; NaN for a single time."""
        late = self._centred(self._time)
        top, bottom = self._sum(late * self._centred(self._value)), self._sum(late**2)
        return np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0)

    def _sum(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.add.reduceat(numbers, self._starts) if len(self._n) else np.empty(0)

    def _mean(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        return self._sum(numbers) / self._n

    def _centred(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Subtract the mean of each group, since squares of large numbers would lose precision."""
        return numbers - np.repeat(self._mean(numbers), self._n)


STATISTICS: dict[str, Callable[[EventGroups], NDArray[np.float64]]] = {
    "count": EventGroups.count,
    "missing": EventGroups.present,
    "mean": EventGroups.mean,
    "sd": EventGroups.sd,
    "min": EventGroups.lowest,
    "max": EventGroups.highest,
    "first": EventGroups.first,
    "last": EventGroups.last,
    "since": EventGroups.since,
    "slope": EventGroups.slope,
}

OF_NOTHING = {"count": 0.0, "missing": 1.0}
"""Values of statistics for a group without events; all others are NaN."""
