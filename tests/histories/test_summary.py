"""Summaries agree with a loop over events, and are informative beyond the table."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import parallel_config
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from skmtl.histories import Histories, SeriesSummary
from tests.histories.stays import events, order_of_two, stays

NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)


def by_hand(time, value, end):
    """Return the statistics of one variable of one history, by definition."""
    n = len(value)
    spread = n and np.ptp(time) > 0
    return {
        "count": n,
        "missing": float(n == 0),
        "mean": np.mean(value) if n else np.nan,
        "sd": np.std(value) if n > 1 else np.nan,
        "min": min(value) if n else np.nan,
        "max": max(value) if n else np.nan,
        "first": value[0] if n else np.nan,
        "last": value[-1] if n else np.nan,
        "since": end - time[-1] if n else np.nan,
        "slope": np.polyfit(time - np.mean(time), value, 1)[0] if spread else np.nan,
    }


@pytest.mark.parametrize("window", [None, 10])
def test_all_statistics_are_those_of_their_definitions(window):
    X = stays(end=40.0)
    every = tuple(by_hand([], [], 0))
    table = SeriesSummary([] if window is None else [window], window_statistics=every)
    table = table.fit_transform(X)
    rows = events().sort_values("time", kind="stable")
    rows = rows[(rows["time"] <= 40) & (rows["time"] > (-np.inf if window is None else 30))]
    for row in range(12):
        for variable in ("HR", "SBP", "lactate"):
            own = rows[(rows["subject_id"] == row) & (rows["code"] == variable)]
            wanted = by_hand(own["time"].to_numpy(), own["numeric_value"].to_numpy(), 40.0)
            for name, value in wanted.items():
                suffix = "" if window is None else f" {window}"
                found = table.loc[row, f"vitals {variable} {name}{suffix}"]
                assert found == pytest.approx(value, rel=1e-9, nan_ok=True), (row, variable, name)


@given(st.lists(st.tuples(st.floats(0, 100), NUMBERS), min_size=1, max_size=30), NUMBERS)
@settings(max_examples=40, deadline=None)
def test_a_shift_of_the_values_moves_the_level_and_nothing_else(pairs, shift):
    time, value = np.array(pairs).T
    summary = SeriesSummary(statistics=["mean", "sd", "last"])
    both = Histories.from_list([value, value + shift], times=[time, time])
    table = summary.fit_transform(pd.DataFrame({"x": both})).filter(regex=" 0 ").to_numpy()
    large = 1e-6 + 1e-9 * (abs(value).max() + abs(shift))
    np.testing.assert_allclose(table[1, [0, 2]], table[0, [0, 2]] + shift, atol=large)
    np.testing.assert_allclose(table[1, 1], table[0, 1], atol=large, equal_nan=True)


def test_large_levels_cost_no_digits():
    small = np.array([1.0, 2.0, 4.0])
    X = pd.DataFrame({"x": Histories.from_list([small, small + 1e9])})
    table = SeriesSummary(statistics=["sd", "slope"]).fit_transform(X)
    np.testing.assert_allclose(table.iloc[0], table.iloc[1], rtol=1e-6)


def test_a_row_depends_on_itself_alone():
    X = stays()
    summary = SeriesSummary([6]).fit(X)
    whole = summary.transform(X)
    for row in (0, 5, 11):
        pd.testing.assert_frame_equal(summary.transform(X.iloc[[row]]), whole.iloc[[row]])
    pd.testing.assert_frame_equal(summary.transform(X.iloc[::-1]).iloc[::-1], whole)


def test_several_workers_and_portions_give_the_same_bits(monkeypatch):
    X = stays()
    whole = SeriesSummary([6]).fit_transform(X)
    monkeypatch.setattr("skmtl.histories._transformer._EVENTS", 30)
    pd.testing.assert_frame_equal(SeriesSummary([6]).fit_transform(X), whole)
    with parallel_config("threading"):
        pd.testing.assert_frame_equal(SeriesSummary([6], n_jobs=2).fit_transform(X), whole)


def test_codes_are_counted_and_dated():
    table = pd.DataFrame({"subject_id": [0, 0, 0, 1], "time": [1.0, 4.0, 5.0, 2.0]})
    table["code"] = ["flu", "flu", "fall", "rare"]
    X = pd.DataFrame({"d": Histories.from_events(table, range(3), value=None, end=10.0)})
    summary = SeriesSummary([5.5], max_codes=1).fit(X)
    assert summary.get_feature_names_out().tolist() == [
        "d events", "d length", "d fall count", "d fall since", "d other codes count",
        "d other codes since", "d fall count 5.5", "d other codes count 5.5",
    ]  # fmt: skip
    expected = [
        [3, 9, 1, 5, 2, 6, 1, 0],
        [1, 8, 0, np.nan, 1, 8, 0, 0],
        [0, np.nan, 0, np.nan, 0, np.nan, 0, 0],
    ]
    np.testing.assert_array_equal(summary.transform(X), expected)


def test_a_new_variable_is_reported_and_left_out():
    X = stays()
    summary = SeriesSummary().fit(X)
    table = events()
    table.loc[table["code"] == "SBP", "code"] = "sodium"
    new = X.assign(vitals=Histories.from_events(table, X.index))
    with pytest.warns(UserWarning, match=r"'vitals' has variables that were not.*\['sodium'\]"):
        found = summary.transform(new)
    assert found.columns.tolist() == summary.get_feature_names_out().tolist()
    assert (found["vitals SBP missing"] == 1).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        summary.transform(X.iloc[:2])  # an absent variable has missing values


def test_other_columns_pass_and_the_index_stays():
    X = stays().set_index(pd.Index(list("abcdefghijkl"))).assign(sex="f")
    table = SeriesSummary(statistics=["mean"]).set_output(transform="pandas").fit_transform(X)
    assert table.columns[:2].tolist() == ["age", "sex"]
    assert table.index.tolist() == list("abcdefghijkl")


def test_names_are_unique_texts():
    X = stays().set_axis([0, 1], axis=1)
    twice = SeriesSummary((6, 6), statistics=["mean", "mean"], window_statistics=["max", "max"])
    table = twice.fit_transform(X)
    assert table.columns[0] == "0" and table.columns.is_unique
    assert all(isinstance(name, str) for name in table)
    assert table.columns.tolist() == twice.get_feature_names_out().tolist()


def test_a_missing_history_has_no_features_and_an_empty_one_counts_zero():
    X = pd.DataFrame({"x": Histories.from_list([None, [np.nan], [1.0]])})
    table = SeriesSummary(statistics=["count", "mean"]).fit_transform(X)
    np.testing.assert_array_equal(table, [[np.nan] * 4, [0, np.nan, 0, np.nan], [1, 0, 1, 1]])


def test_the_order_of_two_events_is_found():
    X, first = order_of_two()
    model = make_pipeline(SeriesSummary(), LogisticRegression())
    assert cross_val_score(model, X, first, scoring="roc_auc").min() == 1.0
    alone = cross_val_score(LogisticRegression(), X[["noise"]], first, scoring="roc_auc").mean()
    assert alone < 0.65


def test_a_delay_is_found_through_windows():
    rng = np.random.default_rng(0)
    delay = rng.choice([2.0, 20.0], 200)
    times = [np.array([0.0, 30 - d]) for d in delay]
    series = Histories.from_list([np.array([0.0, 1.0])] * 200, times=times).until(30.0)
    X = pd.DataFrame({"x": series})
    summary = SeriesSummary([6], statistics=["mean"]).fit_transform(X)["x 0 count 6"]
    assert ((summary == 1) == (delay < 6)).all()


def test_parameters_are_cloned_and_checked():
    summary = clone(SeriesSummary((6, 24), n_jobs=2))
    assert summary.get_params()["windows"] == (6, 24)
    for wrong, match in [
        ({"statistics": ["men"]}, "Did you mean 'mean'"),
        ({"windows": [0]}, "positive"),
        ({"max_codes": -1}, "max_codes must be at least 0"),
        ({"columns": ["age"]}, "not a column of histories"),
    ]:
        with pytest.raises(ValueError, match=match):
            SeriesSummary(**wrong).fit(stays())
