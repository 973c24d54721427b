"""The seasonal naive forecast."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from skmtl.timeseries import SeasonalNaive


def test_gaps_are_filled_from_earlier_seasons_and_then_from_the_last_value():
    X = pd.DataFrame({"t": [0, 1, 2, 3, 4, 6, 7]})  # nothing at 5, which is 2 of its season
    model = SeasonalNaive(time="t", season=3).fit(X, [0.0, 1, 2, 3, 4, 6, 7])
    assert model.predict(pd.DataFrame({"t": [8, 9, 10, 11]})).ravel().tolist() == [2, 6, 7, 2]
    short = SeasonalNaive(time="t", season=20).fit(X, [0.0, 1, 2, 3, 4, 6, np.nan])
    assert short.predict(pd.DataFrame({"t": [8, 9]})).ravel().tolist() == [6, 6]


def test_times_of_the_history_are_forecast_from_one_step_before():
    X = pd.DataFrame({"t": range(6)})
    model = SeasonalNaive(time="t").fit(X, [0.0, 1, 2, 3, 4, 5])
    fitted = model.predict(X).ravel()
    assert np.isnan(fitted[0])
    assert fitted[1:].tolist() == [0, 1, 2, 3, 4]


def test_unknown_ids_have_no_forecast_and_the_index_is_kept():
    X = pd.DataFrame({"id": ["a", "a"], "t": [0, 1]})
    model = SeasonalNaive(id="id", time="t").fit(X, pd.DataFrame({"y": [3.0, 4.0]}))
    rows = pd.DataFrame({"id": ["b", "a"], "t": [2, 2]}, index=["x", "y"])
    predicted = model.predict(rows)
    assert predicted.index.tolist() == ["x", "y"]
    assert np.isnan(predicted.loc["x", "y"])
    assert predicted.loc["y", "y"] == 4


def test_update_appends_and_refuses_what_is_there():
    X = pd.DataFrame({"id": ["a", "a"], "t": [0, 1]})
    model = SeasonalNaive(id="id", time="t").fit(X, [3.0, 4.0])
    model.update(pd.DataFrame({"id": ["a", "b"], "t": [2, 2]}), [7.0, 8.0])
    assert model.predict(pd.DataFrame({"id": ["b", "a"], "t": 3})).ravel().tolist() == [8, 7]
    with pytest.raises(ValueError, match=r"1 rows have .* part of the history: 2 of 'a'"):
        model.update(pd.DataFrame({"id": ["a"], "t": [2]}), [7.0])


def test_two_o_clock_comes_twice_when_the_clocks_are_set_back():
    hours = pd.date_range("2024-10-26", periods=72, freq="h", tz="Europe/Berlin")
    X = pd.DataFrame({"hour": hours})
    y = np.arange(72.0)
    model = SeasonalNaive(time="hour", freq="h", season=24).fit(X, y)
    assert hours[26].hour == hours[27].hour == 2
    assert model.predict(X.iloc[[50, 51]]).ravel().tolist() == [26, 27]
    naive = X.assign(hour=X["hour"].dt.tz_localize(None))
    with pytest.raises(ValueError, match=r"repeat an id and a time.*times with a time zone"):
        SeasonalNaive(time="hour", freq="h", season=24).fit(naive, y)
    as_text = X.assign(hour=X["hour"].map(str))
    np.testing.assert_array_equal(model.predict(as_text), model.predict(X))
    without = naive.assign(hour=naive["hour"].astype(str))
    with pytest.raises(ValueError, match=r"no offset .* the zone 'Europe/Berlin'"):
        model.predict(without)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"season": 0, "time": "t"}, "season=0"),
        ({}, "Name the column of the times"),
        ({"time": "u"}, "no column 'u'"),
        ({"time": "t", "id": "t"}, "two roles"),
    ],
)
def test_parameters_are_checked(keywords, message):
    with pytest.raises(ValueError, match=message):
        SeasonalNaive(**keywords).fit(pd.DataFrame({"t": [0, 1]}), [1.0, 2.0])


def test_targets_must_be_numbers():
    X = pd.DataFrame({"t": [0, 1]})
    with pytest.raises(ValueError, match="target 'y' has the dtype"):
        SeasonalNaive(time="t").fit(X, pd.DataFrame({"y": ["a", "b"]}))
    with pytest.raises(ValueError, match="infinity"):
        SeasonalNaive(time="t").fit(X, [1.0, np.inf])


def test_it_is_cloned():
    model = SeasonalNaive(id=["a", "b"], time="t", season=4)
    assert clone(model).get_params() == model.get_params()
