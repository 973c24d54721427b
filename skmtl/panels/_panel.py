"""Series of many ids as flat arrays, sorted by series and time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skmtl._storable import storable


@storable
@dataclass(frozen=True)
class Panel:
    """Values by series and time.

    Attributes
    ----------
    codes : ndarray of int64, shape (n_rows,)
        Series of each row, in ascending order.
    clock : ndarray of int64, shape (n_rows,)
        Time of each row in steps of the clock, ascending and unique within a series.
    values : ndarray of float64, shape (n_rows, n_columns)
        NaN where a value is missing.
    n_series : int
        Number of series, some of which may have no rows.
    """

    codes: np.ndarray
    clock: np.ndarray
    values: np.ndarray
    n_series: int

    @classmethod
    def sorted(
        cls, codes: np.ndarray, clock: np.ndarray, values: np.ndarray, n_series: int
    ) -> tuple[Panel, np.ndarray]:
        """Sort rows into a panel; also return the row at each of its positions."""
        order = np.lexsort((clock, codes))
        return cls(codes[order], clock[order], values[order], n_series), order

    @cached_property
    def offsets(self) -> np.ndarray:
        """Position of the first row of each series, followed by the number of rows."""
        return np.searchsorted(self.codes, np.arange(self.n_series + 1))

    @cached_property
    def ends(self) -> np.ndarray:
        """Last time of each series; for a series without rows, the time before all others."""
        last = self.offsets[1:] - 1
        has_rows = np.diff(self.offsets) > 0
        return np.where(has_rows, self.clock[last] if len(self.clock) else 0, self._first - 1)

    def known_ends(self, columns: Sequence[int]) -> np.ndarray:
        """Return the last time of each series with a value in any of some columns.

        For a series without values it is the time of the last row, as in `ends`.
        """
        empty = np.flatnonzero(np.diff(self.offsets) > 0)
        empty = empty[~self._has_values(self.offsets[empty + 1] - 1, columns)]
        if not len(empty):
            return self.ends
        known = np.flatnonzero(self._has_values(slice(None), columns))
        before = np.searchsorted(known, self.offsets[empty + 1]) - 1
        has_value = before >= 0
        has_value[has_value] = known[before[has_value]] >= self.offsets[empty[has_value]]
        ends = self.ends.copy()
        ends[empty[has_value]] = self.clock[known[before[has_value]]]
        return ends

    def _has_values(self, rows: np.ndarray | slice, columns: Sequence[int]) -> np.ndarray:
        return np.isfinite(self.values[rows][:, columns]).any(axis=1)

    def at(self, codes: np.ndarray, clock: np.ndarray) -> np.ndarray:
        """Return the positions of the rows with exactly these times, -1 if there is no row."""
        places = self.up_to(codes, clock) - 1
        return np.where(self._are_at(places, codes, clock), places, -1)

    def at_lags(
        self, codes: np.ndarray, clock: np.ndarray, lags: Sequence[int]
    ) -> Iterator[np.ndarray]:
        """Yield for each lag the positions of the rows that are so many steps earlier.

        Without gaps an earlier row is as many rows back, so that only the others are searched.
        """
        ends = self.up_to(codes, clock) - 1
        for lag in lags:
            places, earlier = ends - lag, clock - lag
            rest = np.flatnonzero(~self._are_at(places, codes, earlier))
            places[rest] = self.at(codes[rest], earlier[rest])
            yield places

    def _are_at(self, places: np.ndarray, codes: np.ndarray, clock: np.ndarray) -> np.ndarray:
        """Return whether the rows at some positions have these series and times."""
        if not len(self.clock):
            return np.zeros(len(places), dtype=bool)
        rows = np.maximum(places, 0)
        return (places >= 0) & (self.clock[rows] == clock) & (self.codes[rows] == codes)

    def up_to(self, codes: np.ndarray, clock: np.ndarray) -> np.ndarray:
        """Return the position after the last row of a series up to these times.

        If all rows of the series are later, it is the start of the series. For an unknown series
        (-1) it is 0.
        """
        clock = np.clip(clock, self._first - 1, self._last)
        places = np.searchsorted(self._keys, self._key(codes, clock), side="right")
        return np.where(codes >= 0, places, 0)

    def starts(self, codes: np.ndarray) -> np.ndarray:
        """Return the position of the first row of some series; 0 for an unknown series (-1)."""
        return np.where(codes >= 0, self.offsets[np.maximum(codes, 0)], 0)

    def take(self, places: np.ndarray, column: int) -> np.ndarray:
        """Return the values at positions, NaN at -1."""
        if len(self.values) == 0:
            return np.full(np.shape(places), np.nan)
        return np.where(places >= 0, self.values[places, column], np.nan)

    def part(self, first: int, last: int) -> Panel:
        """Return the series from `first` to `last`, numbered from 0."""
        rows = slice(self.offsets[first], self.offsets[last + 1])
        n_series = last - first + 1
        return Panel(self.codes[rows] - first, self.clock[rows], self.values[rows], n_series)

    def repeated(self) -> np.ndarray:
        """Return the positions of rows with the same series and time as the previous row."""
        same = (self.codes[1:] == self.codes[:-1]) & (self.clock[1:] == self.clock[:-1])
        return np.flatnonzero(same) + 1

    @cached_property
    def _first(self) -> int:
        return int(self.clock.min(initial=2**62)) if len(self.clock) else 0

    @cached_property
    def _last(self) -> int:
        return int(self.clock.max()) if len(self.clock) else 0

    @cached_property
    def _keys(self) -> np.ndarray:
        return self._key(self.codes, self.clock)

    def _key(self, codes: np.ndarray, clock: np.ndarray) -> np.ndarray:
        """Combine series and time into one number with the same order."""
        span = self._last - self._first + 2
        return codes * span + (clock - self._first + 1)

    def __getstate__(self) -> dict[str, object]:
        """Return the state without cached values."""
        names = ("codes", "clock", "values", "n_series")
        return {name: vars(self)[name] for name in names}
