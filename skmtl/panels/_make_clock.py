"""Creation of the clock of a time column."""

from __future__ import annotations

import warnings
from typing import Any, TypeGuard

import numpy as np
import pandas as pd

from skmtl.panels._clock import CalendarClock, IntegerClock, PanelClock, PeriodClock, TickClock
from skmtl.panels._times import check_present, microseconds, period_name, whole_numbers

Freq = str | int | pd.tseries.offsets.BaseOffset | None
"""The step of a panel: a pandas offset or its name, a whole number, or None to infer it."""


def make_clock(times: pd.Series, freq: Freq) -> PanelClock:
    """Create the clock of a time column.

    Parameters
    ----------
    times : Series
        Timestamps with or without a time zone, periods or whole numbers.
    freq : str, offset, int or None
        The step. None is 1 for whole numbers, and is inferred for timestamps if all sorted times
        are one step apart.

    Raises
    ------
    ValueError
        If the column cannot hold times, or if times are not on the grid.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.panels import make_clock
    >>> weeks = pd.Series(pd.to_datetime(["2024-01-05", "2024-01-19"]), name="week")
    >>> make_clock(weeks, "W-FRI").count(weeks).tolist()
    [0, 2]
    """
    check_present(times)
    if isinstance(times.dtype, pd.PeriodDtype):
        return _period_clock(times, freq)
    if pd.api.types.is_datetime64_any_dtype(times.dtype):
        return _timestamp_clock(times, freq)
    if pd.api.types.is_numeric_dtype(times.dtype) and not pd.api.types.is_bool_dtype(times.dtype):
        values = whole_numbers(times)
        if freq is not None and not _is_whole(freq):
            raise ValueError(
                f"The time column {times.name!r} holds whole numbers, so freq must be the whole "
                f"number of units between two rows, such as 1; got {freq!r}."
            )
        return IntegerClock(int(values.min()), int(freq or 1))
    raise ValueError(
        f"The time column {times.name!r} has the dtype {times.dtype}, which is not a time. It "
        "must hold timestamps, periods or whole numbers. Convert text with pd.to_datetime."
    )


def _period_clock(times: pd.Series, freq: Freq) -> PeriodClock:
    name = period_name(times.dtype)
    if times.dtype.freq.n != 1:  # type: ignore[union-attr]
        raise ValueError(
            f"The time column {times.name!r} holds periods of {name!r}, which are several units "
            "long. Convert them to timestamps with .dt.to_timestamp()."
        )
    is_next = _is_whole(freq) and freq == 1
    if freq is not None and not is_next and not _same_period(freq, name):
        raise ValueError(
            f"The time column {times.name!r} holds periods of {name!r}, but freq is "
            f"{freq!r}. Omit freq, or convert the column."
        )
    return PeriodClock(name)


def _timestamp_clock(times: pd.Series, freq: Freq) -> PanelClock:
    zone = None if times.dt.tz is None else _zone_name(times)
    offset = _offset(times, freq)
    # Before pandas 3, Day is a subclass of Tick.
    if isinstance(offset, pd.tseries.offsets.Tick) and not isinstance(offset, pd.offsets.Day):
        step = offset.nanos // 1_000
        if step < 1:
            raise ValueError(f"freq={freq!r} is shorter than a microsecond.")
        clock: PanelClock = TickClock(
            int(microseconds(times).min()), int(step), zone, _name(offset)
        )
    else:
        local = times.dt.tz_localize(None)
        # The first day may begin later, if its midnight was skipped by a change of the clocks.
        first = local.min().normalize() + (local - local.dt.normalize()).min()
        if not offset.is_on_offset(first):
            raise ValueError(
                f"The time {first} in the column {times.name!r} is not on the grid of "
                f"freq={_name(offset)!r}. Choose the freq of the data, such as 'W-FRI' for "
                f"Fridays, or move the times onto the grid."
            )
        clock = CalendarClock(int(microseconds(pd.Series([first]))[0]), zone, _name(offset))
    return clock


def _zone_name(times: pd.Series) -> str:
    name = str(times.dt.tz)
    try:
        pd.DatetimeIndex([], tz=name)
    except (ValueError, KeyError) as error:
        raise ValueError(
            f"The time zone {name!r} of the column {times.name!r} has no name from which it could "
            "be restored. Use a named zone: .dt.tz_convert('Europe/Berlin')."
        ) from error
    return name


def _offset(times: pd.Series, freq: Freq) -> Any:
    if freq is not None:
        try:
            offset = pd.tseries.frequencies.to_offset(freq)  # type: ignore[arg-type]
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"freq={freq!r} is not a frequency for the timestamps in {times.name!r}. Use a "
                "pandas frequency, such as 'h', 'D', 'W-FRI' or 'MS'."
            ) from error
        if offset.n < 1:
            raise ValueError(f"freq={freq!r} must go forward in time.")
        if not _has_name(offset):
            raise ValueError(
                f"freq={freq!r} has no name from which it could be restored. Use a named one, "
                "such as 'MS' for months, or 'B' for business days, where holidays are gaps."
            )
        return offset
    distinct = pd.DatetimeIndex(np.sort(times.dt.tz_localize(None).unique()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # later versions of pandas return an offset, not a name
        name = pd.infer_freq(distinct) if len(distinct) > 2 else None
    if name is None:
        raise ValueError(
            f"The step of the times in {times.name!r} cannot be inferred. Set freq, for example "
            "to 'h', 'D', 'W-FRI' or 'MS'."
        )
    return pd.tseries.frequencies.to_offset(name)


def _has_name(offset: Any) -> bool:
    """Return whether an offset can be restored from its name; with holidays it cannot."""
    try:
        return bool(pd.tseries.frequencies.to_offset(_name(offset)) == offset)
    except ValueError:
        return False


def _is_whole(freq: Any) -> TypeGuard[int]:
    is_integer = isinstance(freq, int | np.integer) and not isinstance(freq, bool)
    return is_integer and freq >= 1


def _same_period(freq: Any, name: str) -> bool:
    try:
        return period_name(pd.PeriodDtype(freq)) == name
    except (ValueError, TypeError):
        return False


def _name(offset: Any) -> str:
    return str(offset.freqstr)
