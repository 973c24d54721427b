"""Times of a panel as whole numbers of steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from skmtl._storable import storable
from skmtl.panels._times import (
    check_grid,
    in_periods,
    in_zone,
    microseconds,
    whole_numbers,
)


class PanelClock(ABC):
    """Converts the times of a column to counts of steps of its frequency.

    Counts are whole numbers, and consecutive times of the grid have consecutive counts.

    Attributes
    ----------
    counts_numbers : bool
        Whether the times are numbers.
    """

    counts_numbers: ClassVar[bool] = False

    @abstractmethod
    def count(self, times: pd.Series) -> np.ndarray:
        """Return the counts of the times of a column, int64 of shape (n,).

        Raises
        ------
        ValueError
            If times are missing, of another type than in `fit`, or not on the grid.
        """

    @abstractmethod
    def times(self, counts: np.ndarray) -> pd.Index:
        """Return the times of some counts, with the dtype of the column."""

    def local(self, counts: np.ndarray) -> pd.DatetimeIndex | None:
        """Return the local times of some counts; None if times are numbers."""
        return None


@storable
@dataclass(frozen=True)
class IntegerClock(PanelClock):
    """A grid of whole numbers."""

    counts_numbers: ClassVar[bool] = True
    start: int
    step: int

    def count(self, times: pd.Series) -> np.ndarray:
        values = whole_numbers(times)
        counts, rest = np.divmod(values - self.start, self.step)
        check_grid(rest == 0, times, f"a step of {self.step} from {self.start}")
        return counts

    def times(self, counts: np.ndarray) -> pd.Index:
        return pd.Index(self.start + self.step * np.asarray(counts, dtype=np.int64))


@storable
@dataclass(frozen=True)
class PeriodClock(PanelClock):
    """A grid of consecutive pandas periods."""

    freq: str

    def count(self, times: pd.Series) -> np.ndarray:
        return np.asarray(in_periods(times, self.freq).array.asi8, dtype=np.int64)

    def times(self, counts: np.ndarray) -> pd.Index:
        ordinals = np.asarray(counts, dtype=np.int64)
        return pd.PeriodIndex.from_ordinals(ordinals, freq=self.freq)  # type: ignore[attr-defined]

    def local(self, counts: np.ndarray) -> pd.DatetimeIndex:
        return self.times(counts).to_timestamp()  # type: ignore[attr-defined]


@storable
@dataclass(frozen=True)
class TickClock(PanelClock):
    """A grid of timestamps with a fixed distance, counted in UTC.

    When clocks are set back, the two hours with the same local time have different counts.

    Parameters
    ----------
    start, step : int
        Microseconds since 1970 in UTC, and microseconds between two counts.
    zone : str or None
    freq : str
    """

    start: int
    step: int
    zone: str | None
    freq: str

    def count(self, times: pd.Series) -> np.ndarray:
        values = microseconds(in_zone(times, self.zone))
        counts, rest = np.divmod(values - self.start, self.step)
        start = self.times(np.zeros(1, dtype=np.int64))[0]
        check_grid(rest == 0, times, f"the grid of freq={self.freq!r} from {start}")
        return counts

    def times(self, counts: np.ndarray) -> pd.Index:
        values = self.start + self.step * np.asarray(counts, dtype=np.int64)
        index = pd.DatetimeIndex(values.astype("datetime64[us]"))
        return index if self.zone is None else index.tz_localize("UTC").tz_convert(self.zone)

    def local(self, counts: np.ndarray) -> pd.DatetimeIndex:
        return self.times(counts).tz_localize(None)  # type: ignore[attr-defined]


@storable
@dataclass(frozen=True)
class CalendarClock(PanelClock):
    """A grid of timestamps by the calendar: days, weeks, months, business days and so on.

    Times are counted in local time, in which days begin at midnight.

    Parameters
    ----------
    start : int
        Microseconds since 1970 in local time.
    zone : str or None
    freq : str
    """

    start: int
    zone: str | None
    freq: str

    def count(self, times: pd.Series) -> np.ndarray:
        local = in_zone(times, self.zone).dt.tz_localize(None)
        if not len(local):
            return np.empty(0, dtype=np.int64)
        codes, distinct = pd.factorize(local, sort=True)
        grid, zero = self._grid(distinct.min(), distinct.max())
        places = self._shown(grid).get_indexer(pd.DatetimeIndex(distinct))
        check_grid(
            (places >= 0)[codes], times, f"the grid of freq={self.freq!r} from {self._start}"
        )
        return (places - zero)[codes].astype(np.int64)

    def times(self, counts: np.ndarray) -> pd.Index:
        return self._in_zone(self.local(counts))

    def local(self, counts: np.ndarray) -> pd.DatetimeIndex:
        counts = np.asarray(counts, dtype=np.int64)
        if len(counts) == 0:
            return pd.DatetimeIndex([], dtype="datetime64[us]")
        later = pd.date_range(
            self._start, periods=max(int(counts.max()), 0) + 1, freq=self.freq, unit="us"
        )
        earlier = pd.date_range(
            end=self._start, periods=max(-int(counts.min()), 0) + 1, freq=self.freq, unit="us"
        )
        return pd.DatetimeIndex(earlier[:-1].append(later))[counts + len(earlier) - 1]

    def _grid(self, first: pd.Timestamp, last: pd.Timestamp) -> tuple[pd.DatetimeIndex, int]:
        """Return all times of the grid between two times, and the position of the start."""
        later = pd.date_range(self._start, max(last, self._start), freq=self.freq, unit="us")
        length = 1
        earlier = later[:1]
        while first < earlier[0]:
            length *= 4
            earlier = pd.date_range(end=self._start, periods=length, freq=self.freq, unit="us")
        return pd.DatetimeIndex(earlier[:-1].append(later)), len(earlier) - 1

    def _in_zone(self, local: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """Localise times; a midnight that is skipped becomes the first time after it."""
        if self.zone is None:
            return local
        return local.tz_localize(self.zone, ambiguous=True, nonexistent="shift_forward")

    def _shown(self, grid: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """Return the local times in the zone at the times of the grid."""
        return self._in_zone(grid).tz_localize(None)

    @property
    def _start(self) -> pd.Timestamp:
        return pd.Timestamp(np.datetime64(self.start, "us"))
