"""Conversion and validation of time columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

_MOST_NAMED = 3
_OFFSET = r"\d[T ]\d[^Z+-]*(Z|[+-]\d\d(?::?\d\d)?)$"
"""Pattern of a time with an offset from UTC; a date alone ends with digits, too."""


def period_name(dtype: Any) -> str:
    """Return the name of the frequency of a period dtype."""
    return str(dtype).removeprefix("period[").removesuffix("]")


def in_periods(times: pd.Series, freq: str) -> pd.Series:
    """Convert times to periods of a frequency; they may be text.

    Raises
    ------
    ValueError
        If they are neither, or missing.
    """
    check_present(times)
    if pd.api.types.is_string_dtype(times.dtype):  # from a CSV file
        try:
            return pd.Series(pd.PeriodIndex(times, freq=freq), name=times.name)
        except ValueError as error:
            raise ValueError(
                f"The time column {times.name!r} must hold periods of freq={freq!r}, or text in "
                f"the format of pandas: {error}."
            ) from error
    if not isinstance(times.dtype, pd.PeriodDtype) or period_name(times.dtype) != freq:
        raise ValueError(
            f"The time column {times.name!r} must hold periods of freq={freq!r}, but has the "
            f"dtype {times.dtype}. Convert it with .dt.to_period({freq!r})."
        )
    return times


def in_zone(times: pd.Series, zone: str | None) -> pd.Series:
    """Convert timestamps, or their text, to a time zone.

    Raises
    ------
    ValueError
        If they are neither, missing, or have a zone only here or only in `fit`.
    """
    check_present(times)
    if pd.api.types.is_string_dtype(times.dtype):  # from a CSV file
        times = read_times(times, zone)
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


def read_times(times: pd.Series, zone: str | None) -> pd.Series:
    """Parse text as timestamps in ISO 8601, which is unambiguous.

    Parameters
    ----------
    times : Series of str
    zone : str or None
        The time zone of timestamps with offsets from UTC.

    Raises
    ------
    ValueError
        If they are not in that format, have no offsets though there is a zone, or have several
        offsets and there is none.
    """
    distinct = times.drop_duplicates()
    offsets = distinct.str.extract(_OFFSET, expand=False)
    if zone is not None and offsets.isna().any():
        raise ValueError(
            f"Times in the column {times.name!r} have no offset from UTC, such as "
            f"{distinct[offsets.isna()].iloc[0]!r}, but they have the zone {zone!r}. Write them "
            "as 2024-12-31T23:00+01:00."
        )
    if zone is None and offsets.nunique() > 1:
        named = ", ".join(offsets.dropna().unique()[:_MOST_NAMED])
        raise ValueError(
            f"The times in the column {times.name!r} have several offsets from UTC, {named}, as "
            "when clocks change. Name the time zone: zone in [forecast] of a configuration, or "
            "pd.to_datetime(times, utc=True).dt.tz_convert('Europe/Berlin')."
        )
    try:
        read = pd.to_datetime(times, format="ISO8601", utc=zone is not None)
        return read if zone is None else read.dt.tz_convert(zone)
    except (ValueError, KeyError) as error:
        raise ValueError(
            f"The time column {times.name!r} must hold timestamps as in fit, or text in ISO 8601, "
            f"such as 2024-12-31 or 2024-12-31T23:00+01:00: {error}"
        ) from error


def microseconds(times: pd.Series) -> np.ndarray:
    """Return microseconds since 1970, in UTC if the times have a zone."""
    if times.dt.tz is not None:
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    return times.dt.as_unit("us").to_numpy().astype(np.int64)


def whole_numbers(times: pd.Series) -> np.ndarray:
    """Convert times that are whole numbers to int64.

    Raises
    ------
    ValueError
        If they are missing or not whole.
    """
    check_present(times)
    if not pd.api.types.is_numeric_dtype(times.dtype):
        raise ValueError(
            f"The time column {times.name!r} must hold whole numbers as in fit, but has the "
            f"dtype {times.dtype}."
        )
    values = times.to_numpy(dtype=np.float64)
    if not (np.isfinite(values) & (values == np.floor(values)) & (np.abs(values) < 2**53)).all():
        raise ValueError(
            f"The time column {times.name!r} holds numbers that are not whole or too large. "
            "Number the rows of each series, or use timestamps."
        )
    return values.astype(np.int64)


def check_present(times: pd.Series) -> None:
    """Raise an error if times are missing."""
    missing = int(times.isna().sum())
    if missing:
        raise ValueError(
            f"{missing} rows have no time in the column {times.name!r}. Drop or complete them."
        )


def check_grid(on_grid: np.ndarray, times: pd.Series, grid: str) -> None:
    """Raise an error if times are not on a grid; the message names them."""
    if on_grid.all():
        return
    off = times[~np.asarray(on_grid)]
    named = ", ".join(str(time) for time in off.drop_duplicates()[:_MOST_NAMED])
    raise ValueError(
        f"{len(off)} times in the column {times.name!r} are not on {grid}: {named}. Round them "
        "to the grid, or choose the freq of the data."
    )
