"""Times of a panel as whole numbers of steps."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from skmtl._storable import storable

Freq = str | int | pd.tseries.offsets.BaseOffset | None
"""The step of a panel: an offset of pandas or its name, a whole number, or None to find it."""

_MOST_NAMED = 3


class PanelClock(ABC):
    """Counts the times of a column in steps of its frequency.

    Counts are whole numbers, and consecutive times of the grid have consecutive counts.

    Attributes
    ----------
    counts_numbers : bool
        Whether the times are numbers.
    """

    counts_numbers: ClassVar[bool] = False

    @abstractmethod
    def count(self, times: pd.Series) -> np.ndarray:
        """Counts of the times of a column, int64 of shape (n,).

        Raises
        ------
        ValueError
            If times are missing, of another type than those of `fit`, or not on the grid.
        """

    @abstractmethod
    def times(self, counts: np.ndarray) -> pd.Index:
        """The times with some counts, of the dtype that the column has."""

    def local(self, counts: np.ndarray) -> pd.DatetimeIndex | None:
        """What calendars and watches show at these counts; None for plain numbers."""
        return None


@storable
@dataclass(frozen=True)
class IntegerClock(PanelClock):
    """Whole numbers, a step apart."""

    counts_numbers: ClassVar[bool] = True
    start: int
    step: int

    def count(self, times: pd.Series) -> np.ndarray:
        values = _whole_numbers(times)
        counts, rest = np.divmod(values - self.start, self.step)
        _check_grid(rest == 0, times, f"a step of {self.step} from {self.start}")
        return counts

    def times(self, counts: np.ndarray) -> pd.Index:
        return pd.Index(self.start + self.step * np.asarray(counts, dtype=np.int64))


@storable
@dataclass(frozen=True)
class PeriodClock(PanelClock):
    """Periods of pandas, one after the other."""

    freq: str

    def count(self, times: pd.Series) -> np.ndarray:
        _check_present(times)
        if not isinstance(times.dtype, pd.PeriodDtype) or _period_name(times.dtype) != self.freq:
            raise ValueError(
                f"The time column {times.name!r} must hold periods of freq={self.freq!r}, but "
                f"has the dtype {times.dtype}. Convert it with .dt.to_period({self.freq!r})."
            )
        return np.asarray(times.array.asi8, dtype=np.int64)

    def times(self, counts: np.ndarray) -> pd.Index:
        ordinals = np.asarray(counts, dtype=np.int64)
        return pd.PeriodIndex.from_ordinals(ordinals, freq=self.freq)  # type: ignore[attr-defined]

    def local(self, counts: np.ndarray) -> pd.DatetimeIndex:
        return self.times(counts).to_timestamp()  # type: ignore[attr-defined]


@storable
@dataclass(frozen=True)
class TickClock(PanelClock):
    """Timestamps a fixed time apart, counted in UTC.

    So both hours that are called 2 o'clock when the clocks are set back have their own counts.

    Parameters
    ----------
    start, step : int
        Microseconds since 1970 in UTC, and between two counts.
    zone : str or None
    freq : str
    """

    start: int
    step: int
    zone: str | None
    freq: str

    def count(self, times: pd.Series) -> np.ndarray:
        values = _microseconds(_in_zone(times, self.zone, self.freq))
        counts, rest = np.divmod(values - self.start, self.step)
        start = self.times(np.zeros(1, dtype=np.int64))[0]
        _check_grid(rest == 0, times, f"the grid of freq={self.freq!r} from {start}")
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
    """Timestamps by the calendar: days, weeks, months, business days and the like.

    They are counted in local time, in which a day begins at midnight whatever the hour in UTC.

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
        local = _in_zone(times, self.zone, self.freq).dt.tz_localize(None)
        if not len(local):
            return np.empty(0, dtype=np.int64)
        codes, distinct = pd.factorize(local, sort=True)
        grid, zero = self._grid(distinct.min(), distinct.max())
        places = grid.get_indexer(pd.DatetimeIndex(distinct))
        _check_grid(
            (places >= 0)[codes], times, f"the grid of freq={self.freq!r} from {self._start}"
        )
        return (places - zero)[codes].astype(np.int64)

    def times(self, counts: np.ndarray) -> pd.Index:
        index = self.local(counts)
        if self.zone is None:
            return index
        return index.tz_localize(self.zone, ambiguous=True, nonexistent="shift_forward")

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
        """All times of the grid that lie between two times, and the position of the start."""
        later = pd.date_range(self._start, max(last, self._start), freq=self.freq, unit="us")
        length = 1
        earlier = later[:1]
        while first < earlier[0]:
            length *= 4
            earlier = pd.date_range(end=self._start, periods=length, freq=self.freq, unit="us")
        return pd.DatetimeIndex(earlier[:-1].append(later)), len(earlier) - 1

    @property
    def _start(self) -> pd.Timestamp:
        return pd.Timestamp(np.datetime64(self.start, "us"))


def make_clock(times: pd.Series, freq: Freq) -> PanelClock:
    """The clock of a time column.

    Parameters
    ----------
    times : Series
        Timestamps with or without a zone, periods or whole numbers.
    freq : str, offset, int or None
        The step. None is 1 for whole numbers, and is found for timestamps whose sorted times are
        all a step apart.

    Raises
    ------
    ValueError
        If there is no clock for such a column, or its times are not on the grid.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.panels import make_clock
    >>> weeks = pd.Series(pd.to_datetime(["2024-01-05", "2024-01-19"]), name="week")
    >>> make_clock(weeks, "W-FRI").count(weeks).tolist()
    [0, 2]
    """
    _check_present(times)
    if isinstance(times.dtype, pd.PeriodDtype):
        return _period_clock(times, freq)
    if pd.api.types.is_datetime64_any_dtype(times.dtype):
        return _timestamp_clock(times, freq)
    if pd.api.types.is_numeric_dtype(times.dtype) and not pd.api.types.is_bool_dtype(times.dtype):
        values = _whole_numbers(times)
        if freq is not None and (not isinstance(freq, int | np.integer) or freq < 1):
            raise ValueError(
                f"The time column {times.name!r} holds whole numbers, so freq must be the whole "
                f"number of units between two rows, such as 1, got {freq!r}."
            )
        return IntegerClock(int(values.min()), int(freq or 1))
    raise ValueError(
        f"The time column {times.name!r} has the dtype {times.dtype}, which is not a time: it "
        "must hold timestamps, periods or whole numbers. Convert text with pd.to_datetime."
    )


def _period_clock(times: pd.Series, freq: Freq) -> PeriodClock:
    name = _period_name(times.dtype)
    if times.dtype.freq.n != 1:  # type: ignore[union-attr]
        raise ValueError(
            f"The time column {times.name!r} holds periods of {name!r}, several units "
            "long. Use timestamps: .dt.to_timestamp()."
        )
    if freq is not None and not isinstance(freq, int) and not _same_period(freq, name):
        raise ValueError(
            f"The time column {times.name!r} holds periods of {name!r}, but freq is "
            f"{freq!r}. Leave freq out, or convert the column."
        )
    return PeriodClock(name)


def _timestamp_clock(times: pd.Series, freq: Freq) -> PanelClock:
    zone = None if times.dt.tz is None else str(times.dt.tz)
    offset = _offset(times, freq)
    # Before pandas 3, a day is a tick of 24 hours.
    if isinstance(offset, pd.tseries.offsets.Tick) and not isinstance(offset, pd.offsets.Day):
        step = offset.nanos // 1_000
        if step < 1:
            raise ValueError(f"freq={freq!r} is below a microsecond.")
        clock: PanelClock = TickClock(
            int(_microseconds(times).min()), int(step), zone, _name(offset)
        )
    else:
        local = times.dt.tz_localize(None)
        first = local.min()
        if not offset.is_on_offset(first):
            raise ValueError(
                f"The time {first} in the column {times.name!r} is not on the grid of "
                f"freq={_name(offset)!r}. Choose the freq of the data, such as 'W-FRI' for "
                f"Fridays, or move the times onto the grid."
            )
        clock = CalendarClock(int(_microseconds(local).min()), zone, _name(offset))
    return clock


def _offset(times: pd.Series, freq: Freq) -> Any:
    if freq is not None:
        try:
            offset = pd.tseries.frequencies.to_offset(freq)  # type: ignore[arg-type]
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"freq={freq!r} is not a frequency for the timestamps in {times.name!r}. Name one "
                "of pandas, such as 'h', 'D', 'W-FRI' or 'MS'."
            ) from error
        if offset.n < 1:
            raise ValueError(f"freq={freq!r} must go forward in time.")
        return offset
    distinct = pd.DatetimeIndex(np.sort(times.dt.tz_localize(None).unique()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # later versions of pandas return an offset, no name
        name = pd.infer_freq(distinct) if len(distinct) > 2 else None
    if name is None:
        raise ValueError(
            f"The times in {times.name!r} do not say how far apart they are: name the step by "
            "freq, such as 'h', 'D', 'W-FRI' or 'MS'."
        )
    return pd.tseries.frequencies.to_offset(name)


def _period_name(dtype: Any) -> str:
    return str(dtype).removeprefix("period[").removesuffix("]")


def _same_period(freq: Any, name: str) -> bool:
    try:
        return _period_name(pd.PeriodDtype(freq)) == name
    except (ValueError, TypeError):
        return False


def _name(offset: Any) -> str:
    return str(offset.freqstr)


def _in_zone(times: pd.Series, zone: str | None, freq: str) -> pd.Series:
    _check_present(times)
    if pd.api.types.is_string_dtype(times.dtype):  # of a CSV file
        times = _read_text(times, zone)
    if not pd.api.types.is_datetime64_any_dtype(times.dtype):
        raise ValueError(
            f"The time column {times.name!r} must hold timestamps as in fit, but has the dtype "
            f"{times.dtype}."
        )
    if (times.dt.tz is None) != (zone is None):
        found, wanted = ("no time zone", f"{zone!r}") if times.dt.tz is None else ("one", "none")
        raise ValueError(
            f"The time column {times.name!r} has {found}, but that of fit had {wanted}. Use "
            ".dt.tz_localize or .dt.tz_convert."
        )
    return times if zone is None else times.dt.tz_convert(zone)


def _read_text(times: pd.Series, zone: str | None) -> pd.Series:
    """Timestamps that are written as ISO 8601 says, which nobody can mistake."""
    try:
        return pd.to_datetime(times, format="ISO8601", utc=zone is not None)
    except ValueError as error:
        raise ValueError(
            f"The time column {times.name!r} must hold timestamps as in fit, or their text as ISO "
            f"8601 has it, such as 2024-12-31 or 2024-12-31T23:00+01:00: {error}"
        ) from error


def _microseconds(times: pd.Series) -> np.ndarray:
    if times.dt.tz is not None:
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    return times.dt.as_unit("us").to_numpy().astype(np.int64)


def _whole_numbers(times: pd.Series) -> np.ndarray:
    _check_present(times)
    if not pd.api.types.is_numeric_dtype(times.dtype):
        raise ValueError(
            f"The time column {times.name!r} must hold whole numbers as in fit, but has the "
            f"dtype {times.dtype}."
        )
    values = times.to_numpy(dtype=np.float64)
    if not (np.isfinite(values) & (values == np.floor(values)) & (np.abs(values) < 2**53)).all():
        raise ValueError(
            f"The time column {times.name!r} holds numbers that are not whole. Number the rows "
            "of each series, or use timestamps."
        )
    return values.astype(np.int64)


def _check_present(times: pd.Series) -> None:
    missing = int(times.isna().sum())
    if missing:
        raise ValueError(
            f"{missing} rows have no time in the column {times.name!r}. Drop them or fill them in."
        )


def _check_grid(on_grid: np.ndarray, times: pd.Series, grid: str) -> None:
    if on_grid.all():
        return
    off = times[~np.asarray(on_grid)]
    named = ", ".join(str(time) for time in off.drop_duplicates()[:_MOST_NAMED])
    raise ValueError(
        f"{len(off)} times in the column {times.name!r} are not on {grid}: {named}. Round them "
        "to the grid, or choose the freq of the data."
    )
