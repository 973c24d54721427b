"""Flights that left New York City in 2013: five tasks of two kinds, with missing labels."""

from __future__ import annotations

from importlib.resources import files
from typing import Literal, overload

import pandas as pd
from sklearn.utils import Bunch

_CATEGORIES = ["carrier", "origin", "dest"]
_FEATURES = [
    "month",
    "weekday",
    "sched_dep",
    "sched_arr",
    *_CATEGORIES,
    "distance",
    "temp",
    "dewp",
    "humid",
    "wind_dir",
    "wind_speed",
    "wind_gust",
    "precip",
    "pressure",
    "visib",
]
_TARGETS = ["dep_delay", "arr_delay", "air_time", "late", "cancelled"]
_WEEKDAYS = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
]
_LATE_AFTER_MINUTES = 15  # the limit of the US Bureau of Transportation Statistics

_DESCR = """\
NYC flights 2013 (an extract)
=============================

15,000 of the 336,776 flights that were scheduled to leave New York City (airports EWR, JFK and
LGA) in 2013, in the order of their scheduled departures. 379 of them were cancelled and 43 more
were diverted or never recorded as landed: those rows lack labels.

Features (17), all known before the departure
    month        1 to 12
    weekday      Monday to Sunday (ordered category)
    sched_dep    scheduled departure, minutes after midnight, local time
    sched_arr    scheduled arrival, minutes after midnight, local time of the destination
    carrier      two-letter code (category, 16)
    origin       EWR, JFK or LGA (category)
    dest         airport code (category, 97)
    distance     miles
    temp, dewp   temperature and dew point, degrees Fahrenheit
    humid        relative humidity, percent
    wind_dir     degrees
    wind_speed, wind_gust   miles per hour; no gust was recorded in 76 % of the rows
    precip       inches
    pressure     millibar, missing in 12 % of the rows
    visib        miles
  The weather is that of the origin in the hour of the scheduled departure.

Targets (5)
    dep_delay    departure delay, minutes, negative when early (float); missing: cancelled
    arr_delay    arrival delay, minutes (float); missing: cancelled or diverted
    air_time     minutes in the air (float); missing: cancelled or diverted
    late         arrival delay above 15 minutes (boolean); missing where arr_delay is
    cancelled    the flight never departed (bool); never missing

Source
    The flights and weather tables of nycflights13 by Hadley Wickham, after the US Bureau of
    Transportation Statistics and the Iowa Environmental Mesonet, released under CC0 (public
    domain); read from version 0.0.3 of the Python package of the same name. The weather was
    joined by origin and hour; weather values were rounded to one decimal (precip to two);
    15,000 rows were drawn without replacement (seed 0) and sorted by scheduled departure.
"""


@overload
def load_flights_nyc(*, return_X_y: Literal[False] = False) -> Bunch: ...


@overload
def load_flights_nyc(*, return_X_y: Literal[True]) -> tuple[pd.DataFrame, pd.DataFrame]: ...


def load_flights_nyc(*, return_X_y: bool = False) -> Bunch | tuple[pd.DataFrame, pd.DataFrame]:
    """Load 15,000 flights from New York City in 2013, with some missing labels.

    Three regression tasks (departure delay, arrival delay, air time) and two binary ones (late,
    cancelled) on a table with numbers, categories and missing features. A cancelled flight has
    neither a delay nor an air time, so labels are not missing at random. The table is always
    returned as pandas DataFrames, because arrays cannot represent its categories and missing
    booleans.

    Parameters
    ----------
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    data : Bunch
        Its attributes are:

        - ``data``, a DataFrame of shape (15000, 17): the features known before departure.
        - ``target``, a DataFrame of shape (15000, 5): ``dep_delay``, ``arr_delay``, ``air_time``
          in minutes (float64, missing: NaN), ``late`` (nullable boolean, missing: NA) and
          ``cancelled`` (bool).
        - ``frame``, a DataFrame of shape (15000, 22): both side by side.
        - ``date``, a Series of shape (15000,): the date of the scheduled departure. Flights on the
          same day share their weather and their delays: for an honest test score, split by time
          (the rows are in time order) or group by this date. The date is not a feature, because
          test days are new.
        - ``feature_names`` and ``target_names``, lists of str.
        - ``DESCR``, a str: columns, units, source, licence and sampling.

    (data, target) : tuple of DataFrame
        If ``return_X_y`` is True.

    References
    ----------
    Hadley Wickham, nycflights13: Flights that Departed NYC in 2013 (CC0).

    Examples
    --------
    >>> from skmtl.datasets import load_flights_nyc
    >>> X, Y = load_flights_nyc(return_X_y=True)
    >>> X.shape
    (15000, 17)
    >>> Y.isna().sum().to_dict()
    {'dep_delay': 379, 'arr_delay': 422, 'air_time': 422, 'late': 422, 'cancelled': 0}
    """
    table = _read_table()
    data, target = table[_FEATURES], table[_TARGETS]
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        frame=table[_FEATURES + _TARGETS],
        date=table["date"],
        feature_names=list(_FEATURES),
        target_names=list(_TARGETS),
        DESCR=_DESCR,
    )


def _read_table() -> pd.DataFrame:
    """Read the packaged extract and add the derived columns."""
    with (files("skmtl.datasets") / "data" / "flights_nyc.csv.gz").open("rb") as file:
        table = pd.read_csv(file, compression="gzip", dtype=dict.fromkeys(_CATEGORIES, "category"))
    date = pd.to_datetime(table[["month", "day"]].assign(year=2013))
    weekday = pd.Categorical(date.dt.day_name(), categories=_WEEKDAYS, ordered=True)
    late = (table["arr_delay"] > _LATE_AFTER_MINUTES).astype("boolean")
    return table.assign(
        date=date,
        weekday=weekday,
        late=late.mask(table["arr_delay"].isna()),
        cancelled=table["dep_delay"].isna(),
    )
