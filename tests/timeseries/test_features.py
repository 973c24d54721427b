"""Features at an origin, computed by hand and by construction."""

from __future__ import annotations

import sys
import tracemalloc
from datetime import date
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, RegressorMixin

from skmtl import RMTGB
from skmtl.panels import Panel
from skmtl.panels._summaries import Means, Summary, window_summaries
from skmtl.timeseries import Calendar, Forecaster, make_features
from tests.timeseries.panels import shops


def forecaster(**keywords) -> Forecaster:
    roles = {"known": "promotion", "past": "rain", "static": "size"}
    settings = {"horizon": 5, "season": 7, "lags": 3, "windows": (3, 10)} | roles | keywords
    return Forecaster(RMTGB(), id="shop", time="day", freq="D", **settings)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), gaps=st.floats(0, 0.7))
def test_lags_are_found_as_times_are(seed, gaps):
    rng = np.random.default_rng(seed)
    kept = rng.uniform(size=36) > gaps
    codes, clock = np.repeat([0, 2], 18)[kept], np.tile(np.arange(18), 2)[kept]
    panel, _ = Panel.sorted(codes, clock, np.zeros((len(codes), 1)), 3)
    series, times, lags = rng.integers(-1, 3, 40), rng.integers(-3, 25, 40), [0, 1, 7, 30]
    for lag, places in zip(lags, panel.at_lags(series, times, lags), strict=True):
        np.testing.assert_array_equal(places, panel.at(series, times - lag))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), gaps=st.floats(0, 0.7), window=st.integers(1, 20))
def test_windows_are_summarised_as_numpy_does(seed, gaps, window):
    rng = np.random.default_rng(seed)
    codes = np.repeat([0, 1, 2], [5, 1, 30])
    kept = rng.uniform(size=36) > gaps
    clock = np.concatenate([np.arange(5), [7], np.arange(30)])
    values = np.where(rng.uniform(size=36) > gaps, 1e8 + rng.normal(size=36), np.nan)
    panel, _ = Panel.sorted(codes[kept], clock[kept], values[kept, None], 3)
    series, origins = rng.integers(-1, 3, 40), rng.integers(-3, 40, 40)
    asked = (panel, panel.values[:, 0], series, origins, [window])
    (summary,), (means,) = (window_summaries(*asked, of) for of in (Summary, Means))
    np.testing.assert_array_equal(means.count, summary.count)
    np.testing.assert_array_equal(means.average, summary.average)
    for place, (code, origin) in enumerate(zip(series, origins, strict=True)):
        inside = (panel.codes == code) & (panel.clock <= origin) & (panel.clock > origin - window)
        inside &= np.isfinite(panel.values[:, 0])
        seen = panel.values[inside, 0]
        assert summary.count[place] == len(seen)
        if len(seen) == 0:
            assert np.isnan(summary.average[place])
            continue
        assert summary.average[place] == pytest.approx(seen.mean(), rel=1e-15)
        assert (summary.low[place], summary.high[place]) == (seen.min(), seen.max())
        if len(seen) > 1:
            assert summary.spread[place] == pytest.approx(seen.std(), rel=1e-6, abs=1e-7)
            slope = np.polyfit(panel.clock[inside] - origin, seen - 1e8, 1)[0]
            assert summary.slope[place] == pytest.approx(slope, rel=1e-5, abs=1e-7)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), gaps=st.floats(0, 0.7))
def test_windows_asked_alone_are_those_asked_with_others(seed, gaps):
    rng = np.random.default_rng(seed)
    kept = rng.uniform(size=90) > gaps
    codes, clock = np.repeat([0, 1, 2], 30)[kept], np.tile(np.arange(30), 3)[kept]
    panel, _ = Panel.sorted(codes, clock, rng.normal(size=(len(codes), 1)) * 1e8, 3)
    series, origins = rng.integers(-1, 3, 20), rng.integers(-3, 40, 20)
    asked = (panel, panel.values[:, 0], series, origins, [4, 11], Summary)
    together = window_summaries(*asked)
    for place in range(20):
        one = slice(place, place + 1)
        alone = window_summaries(*asked[:2], series[one], origins[one], *asked[4:])
        for summary, other in zip(together, alone, strict=True):
            for name, values in vars(summary).items():
                np.testing.assert_array_equal(values[one], vars(other)[name])


def test_lags_count_by_the_clock_and_not_by_rows():
    X = pd.DataFrame({"t": [0, 1, 2, 4, 5, 6, 7]})
    y = pd.DataFrame({"y": [10.0, 11, 12, 14, np.nan, 16, 17]})
    model = Forecaster(RMTGB(), time="t", horizon=2, lags=4, windows=4, season=3, scale="none")
    table = make_features(X, y, 5, model)
    assert table.index.names == ["t", "origin"]
    assert table["forecast step"].tolist() == [1, 2]
    for lag, value in {1: np.nan, 2: 14.0, 3: np.nan, 4: 12.0}.items():
        np.testing.assert_array_equal(table[f"y lag {lag}"], [value, value])
    assert table["y last"].tolist() == [14, 14]
    assert table["y age"].tolist() == [1, 1]
    assert table["y mean 4"].tolist() == [13, 13]
    assert table["y known of 4"].tolist() == [2, 2]
    np.testing.assert_array_equal(table["y season 3 back 1"], [np.nan, 14.0])
    np.testing.assert_array_equal(table["y season 3 back 2"], [10.0, 11.0])
    # From the last value, 14, to that of the last season; and 14 - 11, the only known change.
    np.testing.assert_array_equal(table["y season 3 since last"], [np.nan, 0.0])
    np.testing.assert_array_equal(table["y season 3 change 1"], [np.nan, np.nan])
    np.testing.assert_array_equal(table["y season 3 change 4"], [3.0, 3.0])


def test_features_are_relative_to_the_level_and_the_scale_of_the_origin():
    X, Y = shops()
    day, model = pd.Timestamp("2024-02-10"), forecaster(anchor="season")
    table = make_features(X, Y, day, model)
    other = make_features(X, Y * 1000 + 5000, day, model)
    pd.testing.assert_frame_equal(table, other, rtol=1e-6)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000), origin=st.integers(8, 50), gaps=st.floats(0, 0.5))
def test_nothing_after_an_origin_changes_its_features(seed, origin, gaps):
    rng = np.random.default_rng(seed)
    X, Y = shops(3, 60, seed=seed)
    Y["open"] = rng.uniform(size=len(Y)) > 0.5
    kept = rng.uniform(size=len(X)) > gaps
    X, Y = X[kept], Y[kept]
    cutoff = pd.Timestamp("2024-01-01") + pd.Timedelta(days=origin)
    later = X["day"] > cutoff
    X_other, Y_other = X.copy(), Y.copy()
    Y_other.loc[later, "sales"] = rng.normal(size=later.sum()) * 1e6
    Y_other.loc[later, "visits"] = np.nan
    Y_other.loc[later, "open"] = True
    X_other.loc[later, "rain"] = rng.normal(size=later.sum()) * 1e6
    order = rng.permutation(len(X))
    one = make_features(X, Y, cutoff, forecaster())
    two = make_features(X_other.iloc[order], Y_other.iloc[order], cutoff, forecaster())
    pd.testing.assert_frame_equal(one.sort_index(), two.sort_index(), check_exact=True)


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 1000))
def test_other_series_change_no_feature(seed):
    X, Y = shops(3, 40, seed=seed)
    mine = X["shop"] == "shop 1"
    model = forecaster(scale="none")
    one = make_features(X, Y, pd.Timestamp("2024-02-01"), model)
    Y_other = Y.where(mine, Y * 1e9)
    two = make_features(X, Y_other, pd.Timestamp("2024-02-01"), model)
    rows = one.index.get_level_values("shop") == "shop 1"
    pd.testing.assert_frame_equal(one[rows], two[rows], check_exact=True)


def test_many_rows_have_the_features_that_few_have(monkeypatch):
    X, Y = shops(5, 40)
    X = X.assign(weather=pd.Categorical.from_codes(np.arange(200) % 3, list("abc")))
    order = np.random.default_rng(0).permutation(len(X))
    X, Y = X.iloc[order], Y.iloc[order]
    day, model = pd.Timestamp("2024-02-01"), forecaster(past=["rain", "weather"])
    at_once = make_features(X, Y, day, model)
    monkeypatch.setattr("skmtl.panels._large_tables._ROWS_AT_ONCE", 7)
    in_parts = make_features(X, Y, day, model)
    assert at_once["past weather last"].dtype == "category"
    pd.testing.assert_frame_equal(in_parts, at_once, check_exact=True)


class _Watcher(RegressorMixin, BaseEstimator):
    """Learns nothing, but keeps the table and the most memory in use until it was made."""

    def fit(self, X, y, sample_weight=None):
        self.most_, self.size_ = tracemalloc.get_traced_memory()[1], X.to_numpy().nbytes
        self.is_shared_ = np.shares_memory(X.to_numpy(), X.iloc[:, 3].to_numpy())
        return self


def test_features_need_little_memory_beside_them(monkeypatch):
    monkeypatch.setattr("skmtl.panels._large_tables._ROWS_AT_ONCE", 4096)  # of 100,000
    X = pd.MultiIndex.from_product([range(400), range(250)], names=["id", "t"]).to_frame(False)
    y = np.random.default_rng(0).normal(size=len(X)).cumsum()
    model = Forecaster(
        _Watcher(), id="id", time="t", horizon=28, lags=12, windows=(7, 28), max_examples=len(X)
    )
    tracemalloc.start()
    watcher = model.fit(X, y).estimator_
    tracemalloc.stop()
    assert watcher.most_ < 2.1 * watcher.size_
    assert watcher.is_shared_  # one block, which is read without a copy


def test_intermittent_targets_know_their_last_event():
    X = pd.DataFrame({"t": range(12)})
    y = pd.DataFrame({"y": [0, 3.0, 0, 0, 2, 0, 0, 0, 0, 5, 0, 0]})
    model = Forecaster(RMTGB(), time="t", horizon=1, lags=1, windows=3, season=4)
    row = make_features(X, y, 8, model).iloc[0]
    assert "y season 4 back 1" in row
    assert not row.index.str.contains("change|since last").any()  # which would be noise
    assert row["y since event"] == 4
    assert row["y mean gap"] == 3
    assert row["y gaps"] == 1


def test_calendars_show_local_time():
    hours = pd.date_range("2024-10-26 20:00", periods=12, freq="h", tz="Europe/Berlin")
    X = pd.DataFrame({"hour": hours})
    y = pd.Series(np.arange(12.0), name="y")
    model = Forecaster(RMTGB(), time="hour", freq="h", horizon=6, lags=2, windows=2)
    table = make_features(X, y, hours[5], model)
    assert hours[6].hour == 2
    assert hours[7].hour == 2
    assert table["calendar hour"].tolist() == [2, 2, 3, 4, 5, 6]
    assert table["forecast step"].tolist() == [1, 2, 3, 4, 5, 6]


def test_a_calendar_takes_the_parts_that_differ():
    weeks = pd.date_range("2024-01-05", periods=60, freq="W-FRI")
    assert Calendar().chosen(weeks).parts == ("day", "week", "month")
    with pytest.raises(ValueError, match=r"no part 'hours'. Did you mean 'hour'?"):
        Calendar("hours")


def test_holidays_are_features():
    pytest.importorskip("holidays")
    table = Calendar("weekday", holidays="US").features(pd.date_range("2024-07-02", periods=4))
    assert table["holiday"].tolist() == [0, 0, 1, 0]
    assert table["days to holiday"].tolist() == [2, 1, 0, -1]


@pytest.fixture
def two_holidays(monkeypatch):
    """Replace the package holidays by one that only knows two days in Bavaria."""

    def country_holidays(country, subdiv, years):
        assert (country, subdiv) == ("DE", "BY")
        assert 2024 in years
        return {date(2024, 7, 4): "one", date(2024, 7, 6): "other"}

    module = ModuleType("holidays")
    module.country_holidays = country_holidays
    monkeypatch.setitem(sys.modules, "holidays", module)


@pytest.mark.usefixtures("two_holidays")
def test_holidays_of_a_region_are_those_of_the_package():
    days = pd.date_range("2024-07-01", periods=7)
    table = Calendar("weekday", holidays="DE-BY").features(days)
    assert table["holiday"].tolist() == [0, 0, 0, 1, 0, 1, 0]
    assert table["days to holiday"].tolist() == [3, 2, 1, 0, 1, 0, -1]


def test_rows_to_forecast_may_be_appended_without_labels():
    X, Y = shops(2, 40)
    with pytest.raises(ValueError, match="Rename the column 'origin'"):
        make_features(
            X.rename(columns={"shop": "origin"}), Y, 0, forecaster().set_params(id="origin")
        )
    last = X["day"].max()
    with pytest.raises(ValueError, match=r"no rows up to 5 steps after the origin 2024-02-09"):
        make_features(X, Y, last, forecaster())
    earlier = X["day"] <= last - pd.Timedelta(days=5)
    expected = make_features(X, Y, last - pd.Timedelta(days=5), forecaster())
    found = make_features(X, Y[earlier].reindex(Y.index), "2024-02-04", forecaster())
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("place", ["XX", "US-ZZ"])
def test_unknown_places_of_holidays_are_told(place):
    pytest.importorskip("holidays")
    with pytest.raises(ValueError, match=rf"'{place}'\) is not a country or region"):
        Calendar(holidays=place).features(pd.date_range("2024-07-01", periods=7))


@pytest.mark.usefixtures("two_holidays")
@pytest.mark.parametrize("steps", ["feature", "tasks"])
def test_holidays_are_those_of_the_day_that_is_forecast(steps):
    X = pd.DataFrame({"day": pd.date_range("2024-06-24", periods=12)})
    y = pd.Series(np.arange(12.0), name="y")
    model = Forecaster(
        RMTGB(), time="day", freq="D", horizon=3, lags=1, windows=2, steps=steps,
        calendar=Calendar("weekday", holidays="DE-BY"),
    )  # fmt: skip
    table = make_features(X, y, pd.Timestamp("2024-07-02"), model)
    if steps == "feature":
        assert table["calendar holiday"].tolist() == [0, 1, 0]
    else:
        later = [f"calendar holiday step {step}" for step in (2, 3)]
        assert table[["calendar holiday", *later]].to_numpy().tolist() == [[0, 1, 0]]


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(ImportError, match=r"skmtl\[holidays\]"):
        Calendar(holidays="US").features(pd.date_range("2024-07-02", periods=4))
