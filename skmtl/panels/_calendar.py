"""Features of the calendar and of the time of day."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from skmtl._extras import needed
from skmtl._storable import storable
from skmtl._suggestions import did_you_mean

_PARTS: dict[str, Callable[[pd.DatetimeIndex], Any]] = {
    "minute": lambda times: times.minute,
    "hour": lambda times: times.hour,
    "weekday": lambda times: times.day_of_week,
    "day": lambda times: times.day,
    "week": lambda times: times.isocalendar().week,
    "month": lambda times: times.month,
    "quarter": lambda times: times.quarter,
    "year": lambda times: times.year,
    "dayofyear": lambda times: times.day_of_year,
}
_AUTO = ("minute", "hour", "weekday", "day", "week", "month")


@storable
class CalendarFeatures:
    """Features of the local time to forecast.

    Import it as `skmtl.timeseries.Calendar`. The class has another name here, because "Calendar"
    stands for a different class in model files.

    Parameters
    ----------
    *parts : str
        Any of "minute", "hour", "weekday", "day", "week", "month", "quarter", "year" and
        "dayofyear". By default, those of the first six that differ between the times of `fit`.
    holidays : str, default=None
        A country or one of its regions, such as "US-CA". Adds whether the day is a public holiday,
        and the number of days to the nearest one, up to seven. Requires the extra ``holidays``.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.timeseries import Calendar
    >>> days = pd.date_range("2024-02-28", periods=3)
    >>> Calendar("weekday", "month").features(days)
       weekday  month
    0      2.0    2.0
    1      3.0    2.0
    2      4.0    3.0
    """

    def __init__(self, *parts: str, holidays: str | None = None) -> None:
        for part in parts:
            if part not in _PARTS:
                raise ValueError(
                    f"Calendar has no part {part!r}.{did_you_mean(part, _PARTS)} Choose from "
                    f"{list(_PARTS)}."
                )
        self.parts = parts
        self.holidays = holidays

    def chosen(self, times: pd.DatetimeIndex) -> CalendarFeatures:
        """Return the calendar with parts, by default those that differ between some times."""
        if self.parts:
            return self
        parts = [part for part in _AUTO if len(np.unique(_PARTS[part](times))) > 1]
        # Without any part, the calendar would look as if parts had not been chosen yet.
        return CalendarFeatures(*(parts or ["year"]), holidays=self.holidays)

    def holidays_alone(self) -> CalendarFeatures | None:
        """Return the calendar without parts, or None if it has no holidays."""
        return None if self.holidays is None else CalendarFeatures(holidays=self.holidays)

    def features(self, times: pd.DatetimeIndex) -> pd.DataFrame:
        """Return a float64 column for each part.

        Parameters
        ----------
        times : DatetimeIndex of shape (n,)
            Local times.
        """
        distinct, places = np.unique(times.to_numpy(), return_inverse=True)
        index = pd.DatetimeIndex(distinct)
        columns = {part: np.asarray(_PARTS[part](index), dtype=np.float64) for part in self.parts}
        if self.holidays is not None:
            columns |= _holiday_features(index, self.holidays)
        return pd.DataFrame({name: values[places] for name, values in columns.items()})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CalendarFeatures) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.parts, self.holidays))

    def __repr__(self) -> str:
        arguments = [repr(part) for part in self.parts]
        arguments += [] if self.holidays is None else [f"holidays={self.holidays!r}"]
        return f"Calendar({', '.join(arguments)})"


def _holiday_features(times: pd.DatetimeIndex, place: str) -> dict[str, np.ndarray]:
    with needed("holidays", "holidays", "Calendar(holidays=...)"):
        import holidays
    country, _, region = place.partition("-")
    days = times.normalize().to_numpy().astype("datetime64[D]").astype(np.int64)
    years = range(int(times.year.min()) - 1, int(times.year.max()) + 2)
    try:
        free = holidays.country_holidays(country, subdiv=region or None, years=years)
    except NotImplementedError as error:
        raise ValueError(
            f"Calendar(holidays={place!r}) is not a country or region of the package holidays, "
            f"such as 'DE' or 'US-CA': {error}"
        ) from error
    dates = np.sort(np.array(list(free), dtype="datetime64[D]").astype(np.int64))
    if not len(dates):
        raise ValueError(f"The package holidays has no holidays of {place!r} in these years.")
    later = np.minimum(np.searchsorted(dates, days), len(dates) - 1)
    earlier = np.maximum(np.searchsorted(dates, days, side="right") - 1, 0)
    after, before = dates[later] - days, days - dates[earlier]
    nearest = np.where(np.abs(after) <= np.abs(before), after, -before)
    return {
        "holiday": np.isin(days, dates).astype(np.float64),
        "days to holiday": np.clip(nearest, -7, 7).astype(np.float64),
    }
