"""The packaged flights: what the documentation says is what the table holds."""

from __future__ import annotations

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from skmtl.datasets import load_flights_nyc


@pytest.fixture(scope="module")
def flights():
    return load_flights_nyc()


def test_frames_have_the_documented_columns_and_dtypes(flights):
    assert flights.data.shape == (15_000, 17)
    assert list(flights.data) == flights.feature_names
    assert list(flights.target) == flights.target_names
    assert_frame_equal(pd.concat([flights.data, flights.target], axis=1), flights.frame)
    categories = ["weekday", "carrier", "origin", "dest"]
    assert (flights.data[categories].dtypes == "category").all()
    assert flights.target.dtypes.astype(str).to_dict() == {
        "dep_delay": "float64",
        "arr_delay": "float64",
        "air_time": "float64",
        "late": "boolean",
        "cancelled": "bool",
    }
    for name in [*flights.feature_names, *flights.target_names]:
        assert name in flights.DESCR


def test_return_X_y_gives_the_same_frames(flights):
    X, Y = load_flights_nyc(return_X_y=True)
    assert_frame_equal(X, flights.data)
    assert_frame_equal(Y, flights.target)


def test_cancelled_and_diverted_flights_lack_their_labels(flights):
    Y = flights.target
    cancelled = Y["cancelled"]
    assert cancelled.sum() == 379
    assert Y.loc[cancelled, ["dep_delay", "arr_delay", "air_time", "late"]].isna().all(axis=None)
    assert Y.loc[~cancelled, "dep_delay"].notna().all()
    diverted = Y["arr_delay"].isna() & ~cancelled
    assert diverted.sum() == 43
    assert (Y["late"].isna() == Y["arr_delay"].isna()).all()
    assert (Y["air_time"].isna() == Y["arr_delay"].isna()).all()


def test_late_means_more_than_a_quarter_of_an_hour(flights):
    Y = flights.target[flights.target["arr_delay"].notna()]
    assert (Y["late"] == (Y["arr_delay"] > 15)).all()


def test_rows_are_in_the_order_of_their_scheduled_departure(flights):
    departures = flights.date + pd.to_timedelta(flights.data["sched_dep"], unit="min")
    assert departures.is_monotonic_increasing
    assert (flights.date.dt.year == 2013).all()
    assert (flights.date.dt.month == flights.data["month"]).all()
    assert (flights.date.dt.day_name() == flights.data["weekday"]).all()


def test_no_target_is_among_the_features(flights):
    # Departure and arrival are known to the minute only afterwards; a feature that determined
    # a delay would correlate with it almost perfectly.
    numbers = flights.data.select_dtypes("number")
    delays = flights.target[["dep_delay", "arr_delay"]]
    correlation = numbers.apply(delays.corrwith).abs()
    assert correlation.max(axis=None) < 0.3


def test_every_call_returns_its_own_table(flights):
    X, _ = load_flights_nyc(return_X_y=True)
    X["distance"] = 0
    assert load_flights_nyc().data["distance"].gt(0).all()
