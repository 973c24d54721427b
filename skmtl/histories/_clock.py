"""Times as numbers: numbers are unchanged, dates and times are counted in a unit since 1970."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "D": 86400.0}
_UTC = ", UTC"


def read_times(times: pd.Series, unit: str, what: str) -> tuple[NDArray[np.float64], str]:
    """Convert the times of events to numbers.

    Parameters
    ----------
    times : Series
        Numbers, or dates and times, possibly with several time zones.
    unit : {"s", "min", "h", "D"}
    what : str
        Name of the column in messages.

    Returns
    -------
    numbers : ndarray of float64
        NaN where a time is missing.
    clock : str
        See `HistoriesDtype`.

    Raises
    ------
    ValueError
        If they are neither numbers nor dates, or if only some of them have a time zone.
    """
    if unit not in _SECONDS:
        raise ValueError(f"unit must be one of {sorted(_SECONDS)}, got {unit!r}.")
    if times.dtype.kind in "iuf":
        return times.to_numpy(dtype=np.float64, na_value=np.nan), ""
    observed = times.dropna()
    if not len(observed):
        return np.full(len(times), np.nan), ""
    if holds_durations(times):
        seconds = pd.to_timedelta(times).dt.total_seconds()
        return np.asarray(seconds / _SECONDS[unit], dtype=np.float64), ""
    dates, has_zone = _dates(times, what)
    return _since_1970(dates, unit), f"{unit}{_UTC * has_zone}"


def holds_durations(times: pd.Series) -> bool:
    """Return whether times are lengths of time, such as `Timedelta`, of which some are known."""
    if times.dtype.kind in "iufM":
        return False
    observed = times.dropna()
    return len(observed) > 0 and all(
        isinstance(time, datetime.timedelta | np.timedelta64) for time in observed
    )


def read_parts(
    time: pd.Series, end: pd.Series
) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]], str]:
    """Return times of events and ends of histories, and the clock that both were read with.

    Raises
    ------
    ValueError
        If one part is dates and the other numbers, or dates of another clock.
    """
    times, of_times = read_times(time, "h", "The time of a history")
    ends, of_ends = read_times(end, "h", "The end of a history")
    both = ((times, of_times), (ends, of_ends))
    clocks = {clock for numbers, clock in both if not np.isnan(numbers).all()}
    if len(clocks) > 1:
        raise ValueError(
            f"The times of a history are {_named(of_times)}, but its end is {_named(of_ends)}."
        )
    return (times, ends), clocks.pop() if clocks else ""


def several_clocks(clocks: Iterable[str]) -> TypeError:
    """Return the error for histories of different clocks in one column."""
    return TypeError(
        f"A column cannot hold histories with different clocks: {sorted(clocks)}. Use one unit "
        "for all times, all with a time zone or all without."
    )


def common_clock(clocks: Iterable[str]) -> str:
    """Return the only clock of several histories, "" if none has one.

    Raises
    ------
    ValueError
        If there are several, or one is not a clock of dates.
    """
    several = {clock for clock in clocks if clock}
    for clock in several:
        if clock.removesuffix(_UTC) not in _SECONDS:
            raise ValueError(f"Times cannot be counted in {clock!r}, only in {list(_SECONDS)}.")
    if len(several) > 1:
        raise ValueError(f"The times of histories are counted in several ways: {sorted(several)}.")
    return several.pop() if several else ""


def as_numbers(
    times: Any, clock: str, n: int, first: float, unit: str | None = None
) -> NDArray[np.float64]:
    """Convert times from the user to numbers on a clock.

    Parameters
    ----------
    times : time or array-like of shape (n,)
    clock : str
    n : int
    first : float
        Time of the first event, NaN without any.
    unit : {"s", "min", "h", "D"}, default=None
        What durations are counted in; None refuses them.

    Returns
    -------
    ndarray of float64 of shape (n,)

    Raises
    ------
    ValueError
        If the times are of another clock, or durations without a unit, or their number is not n;
        or if they are numbers for histories of dates and all lie before the first event, as hours
        since an admission would.
    """
    is_one = not types.is_list_like(times)
    column = pd.Series([times] if is_one else times).reset_index(drop=True)
    if not is_one and len(column) != n:
        raise ValueError(f"There are {len(column)} times for {n} histories. Pass one or {n}.")
    if unit is None and holds_durations(column):
        raise ValueError(
            f"The times of the histories are {_named(clock)}, but these are durations, such as "
            f"{column.dropna().iloc[0]!r}. Pass {_named(clock)}."
        )
    is_number = types.is_numeric_dtype(column.dtype)
    if clock and is_number:  # already counted on the clock, as `Histories.end` returns them
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        if len(numbers) and (numbers < first).all():
            raise ValueError(
                f"The times of the histories are {_named(clock)}, the first of which is "
                f"{as_dates(np.array([first]), clock)[0]}, and numbers such as {numbers[0]:g} are "
                "counted from 1970: pass dates and times, as of pd.to_datetime."
            )
        return _repeated(numbers, n)
    numbers, read = read_times(column, unit or clock.removesuffix(_UTC) or "h", "The time")
    if read != clock and not np.isnan(numbers).all():
        raise ValueError(
            f"The times of the histories are {_named(clock)}, but these are {_named(read)}: "
            f"{times!r}."
        )
    return _repeated(numbers, n)


def positive_length(length: Any, name: str) -> float:
    """Return a length of time as a number.

    Raises
    ------
    ValueError
        If it is not a positive number; the message names the parameter.
    """
    if not isinstance(length, int | float | np.integer | np.floating) or not length > 0:
        raise ValueError(
            f"{name} must be a positive length of time, a number in the unit of the histories, "
            f"which are hours by default for dates; got {length!r}."
        )
    return float(length)


def as_dates(numbers: NDArray[np.float64], clock: str) -> pd.DatetimeIndex:
    """Convert numbers on a clock of dates and times to dates, with microseconds."""
    seconds = np.asarray(numbers) * _SECONDS[clock.removesuffix(_UTC)]
    dates = pd.DatetimeIndex(np.rint(seconds * 1e6).astype(np.int64).view("datetime64[us]"))
    return dates.tz_localize("UTC") if clock.endswith(_UTC) else dates


def _repeated(numbers: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    return np.broadcast_to(numbers, n).copy()


def _named(clock: str) -> str:
    if not clock:
        return "numbers"
    return f"dates and times {'with' if clock.endswith(_UTC) else 'without'} a time zone"


def _dates(times: pd.Series, what: str) -> tuple[pd.Series, bool]:
    """Return dates in UTC or without a time zone, and whether they had one."""
    observed = times.dropna()
    if isinstance(times.dtype, pd.DatetimeTZDtype):
        return times.dt.tz_convert("UTC").dt.tz_localize(None), True
    if types.is_datetime64_dtype(times.dtype):
        return times, False
    zones = {getattr(t, "tzinfo", None) is not None for t in _dated(observed, what)}
    if len(zones) > 1:
        raise ValueError(
            f"{what} has times with a time zone and times without. Convert them to one zone, with "
            "pd.to_datetime(column, utc=True) if those without are in UTC."
        )
    dates = pd.to_datetime(times, utc=True)
    return dates.dt.tz_localize(None), zones == {True}


def _dated(observed: pd.Series, what: str) -> pd.Series:
    """Return the times after checking that all are dates or times."""
    strange = [t for t in observed if not isinstance(t, datetime.date | np.datetime64)]
    if strange:
        remedy = "pd.to_numeric or pd.to_datetime"
        if isinstance(strange[0], pd.Period):
            remedy = "column.dt.to_timestamp(how=...) to the start or the end of each period"
        raise ValueError(
            f"{what} must hold numbers, or dates and times, but holds {strange[0]!r}. Convert it "
            f"with {remedy}."
        )
    return observed


def _since_1970(dates: pd.Series, unit: str) -> NDArray[np.float64]:
    # In two steps, whole seconds and the rest, so that no digit is lost.
    stamps = dates.to_numpy(dtype="datetime64[us]")
    whole = stamps.astype("datetime64[s]")
    rest = (stamps - whole).astype(np.int64) / 1e6
    numbers = (whole.astype(np.int64) + rest) / _SECONDS[unit]
    return np.where(np.isnat(stamps), np.nan, numbers)
