"""Splits by time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import cross_validate

from skmtl.timeseries import ForecastSplit


def hours(n: int, **keywords) -> pd.DataFrame:
    return pd.DataFrame({"hour": pd.date_range("2024-01-01", periods=n, freq="h"), **keywords})


def test_windows_end_with_the_table_and_lie_a_stride_apart():
    X = pd.DataFrame({"t": np.arange(20)})
    cv = ForecastSplit("t", horizon=3, n_windows=3, stride=2)
    ranges = [(train.max(), test.tolist()) for train, test in cv.split(X)]
    assert ranges == [(12, [13, 14, 15]), (14, [15, 16, 17]), (16, [17, 18, 19])]
    assert cv.get_n_splits() == 3
    assert cv.cutoffs(X).tolist() == [12, 14, 16]


def test_a_gap_lies_between_the_cutoff_and_the_test_and_a_window_bounds_the_training():
    X = pd.DataFrame({"t": np.arange(20)})
    ((train, test),) = ForecastSplit("t", horizon=2, gap=3, window=5).split(X)
    assert train.tolist() == [10, 11, 12, 13, 14]
    assert test.tolist() == [18, 19]


def test_all_ids_have_one_cutoff_whatever_the_order_of_rows():
    X = pd.DataFrame({"id": ["a"] * 6 + ["b"] * 4, "t": [*range(6), *range(4)]})
    X = X.sample(frac=1, random_state=0).reset_index(drop=True)
    ((train, test),) = ForecastSplit("t", horizon=2).split(X)
    assert sorted(X["t"].iloc[test]) == [4, 5]
    assert X["t"].iloc[train].max() == 3


@pytest.mark.parametrize("freq", ["MS", "W-FRI", "B", "QS", "2W-SUN", "D"])
def test_steps_of_the_calendar_count_as_one(freq):
    times = pd.date_range("2020-01-01", periods=30, freq=freq)
    cv = ForecastSplit("t", freq=freq, horizon=4)
    ((train, test),) = cv.split(pd.DataFrame({"t": times}))
    assert train.tolist() == list(range(26))
    assert test.tolist() == [26, 27, 28, 29]


def test_periods_and_zones_are_times_too():
    for times in (
        pd.period_range("2020-01", periods=10, freq="M"),
        pd.date_range("2024-10-26", periods=10, freq="D", tz="Europe/Berlin"),
        pd.date_range("2024-10-26 20:00", periods=10, freq="h", tz="Europe/Berlin"),
    ):
        ((train, test),) = ForecastSplit("t", horizon=2).split(pd.DataFrame({"t": times}))
        assert (len(train), test.tolist()) == (8, [8, 9])


def test_it_goes_where_a_cv_goes():
    X = hours(40).assign(x=1.0)
    cv = ForecastSplit("hour", freq="h", horizon=5, n_windows=2)
    scores = cross_validate(DummyRegressor(), X, np.arange(40.0), cv=cv, scoring="r2")
    assert len(scores["test_score"]) == 2
    assert "horizon=5" in repr(cv)


@pytest.mark.parametrize(
    ("keywords", "X", "message"),
    [
        ({"horizon": 0}, hours(9), "horizon=0 .* at least 1"),
        ({"horizon": 2, "gap": -1}, hours(9), "gap=-1"),
        ({"horizon": 2, "stride": 0}, hours(9), "stride=0"),
        ({"horizon": 4, "n_windows": 3, "freq": "h"}, hours(9), "need more than the 9 times"),
        ({"horizon": 2, "freq": "D"}, hours(9), "not on the grid of freq='D'"),
        ({"horizon": 2, "freq": "NONSENSE"}, hours(9), "not a frequency"),
        ({"horizon": 2}, hours(9).iloc[[0, 1, 5]], "step of the times in .* cannot be inferred"),
        ({"horizon": 2}, hours(9).astype(str), "Convert text with pd.to_datetime"),
        ({"horizon": 2}, pd.DataFrame({"hour": [0.5, 1.5]}), "not whole"),
        ({"horizon": 2, "freq": "h"}, pd.DataFrame({"hour": range(9)}), "whole number of units"),
        ({"horizon": 2}, pd.DataFrame({"hours": range(9)}), "no column 'hour'"),
        ({"horizon": 2}, hours(9).mask(hours(9) > "2024-01-01 07:00"), "no time in the column"),
        ({"horizon": 2, "freq": 4}, pd.DataFrame({"hour": [0, 4, 9]}), "not on a step of 4"),
    ],
)
def test_what_cannot_be_split_is_refused(keywords, X, message):
    with pytest.raises(ValueError, match=message):
        list(ForecastSplit("hour", **keywords).split(X))


def test_windows_without_rows_are_refused():
    X = pd.DataFrame({"t": [0, 1, 2, 20]})
    with pytest.raises(ValueError, match="no rows to forecast"):
        list(ForecastSplit("t", horizon=3, n_windows=2).split(X))


def test_parameters_are_kept():
    cv = ForecastSplit("t", horizon=3)
    assert (cv.time, cv.horizon, cv.n_windows, cv.gap) == ("t", 3, 1, 0)
