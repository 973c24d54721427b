"""Times as numbers: any numbers as they are, dates and times counted in a unit since 1970."""

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
    """The times of events, and the clock that they were read with.

    Parameters
    ----------
    times : Series
        Numbers, or dates and times; with zones, also of several ones.
    unit : {"s", "min", "h", "D"}
    what : str
        What errors call the column.

    Returns
    -------
    numbers : ndarray of float64
        NaN where a time is missing.
    clock : str

    Raises
    ------
    ValueError
        If they are neither, or some have a zone and others have none.
    """
    if unit not in _SECONDS:
        raise ValueError(f"unit must be one of {sorted(_SECONDS)}, got {unit!r}.")
    if types.is_numeric_dtype(times.dtype) and not types.is_bool_dtype(times.dtype):
        return times.to_numpy(dtype=np.float64, na_value=np.nan), ""
    observed = times.dropna()
    if not len(observed):
        return np.full(len(times), np.nan), ""
    if all(isinstance(time, datetime.timedelta | np.timedelta64) for time in observed):
        seconds = pd.to_timedelta(times).dt.total_seconds()
        return np.asarray(seconds / _SECONDS[unit], dtype=np.float64), ""
    dates, has_zone = _dates(times, what)
    return _since_1970(dates, unit), f"{unit}{_UTC * has_zone}"


def read_parts(
    time: pd.Series, end: pd.Series
) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]], str]:
    """Times of events and ends of histories, and the clock that both were read with.

    Raises
    ------
    ValueError
        If one are dates and the others numbers, or other dates.
    """
    times, of_times = read_times(time, "h", "The time of a history")
    ends, of_ends = read_times(end, "h", "The end of a history")
    both = ((times, of_times), (ends, of_ends))
    clocks = {clock for numbers, clock in both if not np.isnan(numbers).all()}
    if len(clocks) > 1:
        raise ValueError(
            f"The times of a history are {_named(of_times)}, and its end is of {_named(of_ends)}."
        )
    return (times, ends), clocks.pop() if clocks else ""


def several_clocks(clocks: Iterable[str]) -> TypeError:
    """The error that times of these clocks are not of one column."""
    return TypeError(
        f"Histories of several clocks cannot stand in one column: {sorted(clocks)}. Count all "
        "times in one unit, all with a time zone or all without."
    )


def common_clock(clocks: Iterable[str]) -> str:
    """The one clock among several, "" of which are none.

    Raises
    ------
    ValueError
        If there are several, or one is not the clock of dates.
    """
    several = {clock for clock in clocks if clock}
    for clock in several:
        if clock.removesuffix(_UTC) not in _SECONDS:
            raise ValueError(f"Times cannot be counted in {clock!r}, only in {list(_SECONDS)}.")
    if len(several) > 1:
        raise ValueError(f"The times of histories are counted in several ways: {sorted(several)}.")
    return several.pop() if several else ""


def as_numbers(times: Any, clock: str, n: int, first: float) -> NDArray[np.float64]:
    """Times of the user's as numbers on a clock.

    Parameters
    ----------
    times : time or array-like of shape (n,)
    clock : str
    n : int
    first : float
        Time of the first event, NaN without any.

    Returns
    -------
    ndarray of float64 of shape (n,)

    Raises
    ------
    ValueError
        If they are not of this clock, or not n of them. If they are numbers for histories of dates
        that all lie before the first event, as hours since an admission would.
    """
    is_one = not types.is_list_like(times)
    column = pd.Series([times] if is_one else times).reset_index(drop=True)
    if not is_one and len(column) != n:
        raise ValueError(f"There are {len(column)} times for {n} histories: give one or {n}.")
    unit = clock.removesuffix(_UTC)
    is_number = types.is_numeric_dtype(column.dtype)
    if clock and is_number:  # already counted on the clock, as `Histories.end` returns them
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        if len(numbers) and (numbers < first).all():
            raise ValueError(
                f"The times of the histories are {_named(clock)}, the first of which is "
                f"{as_dates(np.array([first]), clock)[0]}, and numbers such as {numbers[0]:g} are "
                "counted from 1970: give dates and times, as of pd.to_datetime."
            )
        return _repeated(numbers, n)
    numbers, read = read_times(column, unit or "h", "The time")
    if read != clock and not np.isnan(numbers).all():
        raise ValueError(
            f"The times of the histories are {_named(clock)}, and these are {_named(read)}: "
            f"{times!r}."
        )
    return _repeated(numbers, n)


def as_dates(numbers: NDArray[np.float64], clock: str) -> pd.DatetimeIndex:
    """The dates and times that numbers on a clock of such stand for, to the microsecond."""
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
    """Dates in UTC or without a zone, and whether they had one."""
    observed = times.dropna()
    if isinstance(times.dtype, pd.DatetimeTZDtype):
        return times.dt.tz_convert("UTC").dt.tz_localize(None), True
    if types.is_datetime64_dtype(times.dtype):
        return times, False
    zones = {getattr(t, "tzinfo", None) is not None for t in _dated(observed, what)}
    if len(zones) > 1:
        raise ValueError(
            f"{what} has times with a time zone and times without: convert them to one zone, with "
            "pd.to_datetime(column, utc=True) where those without are meant as UTC."
        )
    dates = pd.to_datetime(times, utc=True)
    return dates.dt.tz_localize(None), zones == {True}


def _dated(observed: pd.Series, what: str) -> pd.Series:
    """The times themselves, if all are dates or times."""
    strange = [t for t in observed if not isinstance(t, datetime.date | np.datetime64)]
    if strange:
        raise ValueError(
            f"{what} must hold numbers, or dates and times, but holds {strange[0]!r}: convert it, "
            "with pd.to_numeric or pd.to_datetime."
        )
    return observed


def _since_1970(dates: pd.Series, unit: str) -> NDArray[np.float64]:
    # In two steps: of whole seconds and the rest no digit is lost.
    stamps = dates.to_numpy(dtype="datetime64[us]")
    whole = stamps.astype("datetime64[s]")
    rest = (stamps - whole).astype(np.int64) / 1e6
    numbers = (whole.astype(np.int64) + rest) / _SECONDS[unit]
    return np.where(np.isnat(stamps), np.nan, numbers)
