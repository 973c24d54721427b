"""Unusual input works, or raises a helpful error."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import skmtl
from skmtl import RMTGB, MultiTab, MultiTaskLinear
from skmtl.histories import (
    ConvolutionFeatures,
    DTWNeighbours,
    GaussianProcessGrid,
    Histories,
    IntervalQuantiles,
    SeriesSummary,
    WaveletFeatures,
)
from tests.histories.stays import stays


def table(**columns):
    base = {"subject_id": [1, 1, 2], "time": [2.0, 1.0, 3.0], "code": ["a", "b", "a"]}
    return pd.DataFrame(base | {"numeric_value": [5.0, 6.0, 7.0]} | columns)


UTC, BERLIN = datetime.UTC, datetime.timezone(datetime.timedelta(hours=1))
MIXED = [datetime.datetime(2024, 1, 1, 12, tzinfo=zone) for zone in (UTC, BERLIN, UTC)]
HOUR = datetime.timedelta(hours=1)
TWICE = pd.concat([table(), table()[["time"]]], axis=1)
CLASH = pd.DataFrame({"id": [1], "t": [0.0], 1: [2.0], "1": [3.0]})
ENDS = pd.Series([1.0, 2.0], index=[2, 1])
PLACES = pd.Series([1.0, 2.0])
HALF = [datetime.datetime(2024, 1, 1), MIXED[0], MIXED[1]]


@pytest.mark.parametrize(
    ("columns", "n_events", "features"),
    [
        ({}, [2, 1, 0], {"a count": [1, 1, 0]}),
        ({"time": [1.0, 1.0, 1.0], "code": "a"}, [2, 1, 0], {"a last": [6, 7, np.nan]}),
        ({"time": [-4.0, -9.0, 0.0]}, [2, 1, 0], {"length": [5, 0, np.nan]}),
        ({"numeric_value": [np.nan, 6.0, 7.0]}, [2, 1, 0], {"a missing": [1, 0, 1]}),
        ({"numeric_value": ["hi", None, "hi"]}, [2, 1, 0], {"a=hi count": [1, 1, 0]}),
        ({"numeric_value": [True, False, True]}, [2, 1, 0], {"a mean": [1, 1, np.nan]}),
        ({"numeric_value": pd.array([1, None, 3], "Int64")}, [2, 1, 0], {"a sd": [np.nan] * 3}),
        ({"subject_id": [7, 7, 1]}, [1, 0, 0], {"events": [1, 0, 0]}),
        ({"time": MIXED, "code": "a"}, [2, 1, 0], {"a since": [0, 0, np.nan]}),
        ({"time": pd.to_timedelta([2, 1, 3], "h")}, [2, 1, 0], {"length": [1, 0, np.nan]}),
        ({"time": pd.Series([HOUR] * 3, dtype=object)}, [2, 1, 0], {"length": [0, 0, np.nan]}),
        ({"code": [1, 1, 2]}, [2, 1, 0], {"1 slope": [-1, np.nan, np.nan]}),
        ({"code": pd.Categorical(["a", "b", "a"])}, [2, 1, 0], {"b first": [6, np.nan, np.nan]}),
    ],
)  # fmt: skip
def test_what_is_strange_works(columns, n_events, features):
    histories = Histories.from_events(table(**columns), [1, 2, 3])
    assert histories.n_events.tolist() == n_events
    found = SeriesSummary().fit_transform(pd.DataFrame({"x": histories}))
    for name, values in features.items():
        np.testing.assert_allclose(found[f"x {name}"], values, err_msg=name)


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"numeric_value": [np.inf, 1, 2]}, "'a' is infinite in 1 events, first for the id 1"),
        ({"time": [np.inf, 1, 2]}, "'time' has an infinite time in 1 rows"),
        ({"time": [None, 1, 2]}, "'time' has no time in 1 rows, first for the id 1"),
        ({"time": HALF}, "with a time zone and times without"),
        ({"time": pd.period_range("2024", periods=3, freq="M")}, r"with column\.dt\.to_timestamp"),
        ({"time": [1j, 2.0, 3.0]}, "numbers, or dates and times, but holds 1j"),
        ({"time": ["today", "now", "later"]}, "numbers, or dates and times, but holds 'today'"),
        ({"code": ["a", None, "a"]}, "'code' of events.* is missing in 1 rows"),
        ({"subject_id": [1, None, 2]}, "id in column 'subject_id' is missing in 1 rows"),
        ({"subject_id": ["1", "1", "2"]}, "None of the ids of column 'subject_id'"),
        ({"numeric_value": ["1.5", "2", "3"]}, "holds numbers as texts"),
        ({"numeric_value": [[1], [2], [3]]}, "must hold numbers or texts"),
    ],
)
def test_what_cannot_be_right_is_refused(columns, match):
    with pytest.raises(ValueError, match=match):
        Histories.from_events(table(**columns), [1, 2, 3])


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Histories.from_events(table(), [1], time="when"), "no column 'when'"),
        (lambda: Histories.from_events(table(), [1], unit="week"), "unit must be one of"),
        (lambda: Histories.from_events(table(), [1, 2], end=[1.0]), "1 times for 2 histories"),
        (lambda: Histories.from_events(table(), [1, 2], end=[1.0, None]), "end must be known"),
        (lambda: Histories.from_events(table(), [1, 2], end=ENDS), "in a different order"),
        (lambda: Histories.from_events(table(), [1, 3], end=ENDS), "labels of other rows"),
        (lambda: Histories.from_events(table(), [1, 0], end=PLACES), r"end\.to_numpy\(\) if it"),
        (lambda: Histories.from_events(table(), [1], end=np.inf), "missing or infinite"),
        (lambda: Histories.from_array([[1.0]]).until(1.0, window=-2), "window must be a positive"),
        (lambda: Histories.from_array([[[1.0, np.inf]]]), "infinite at"),
        (lambda: Histories.from_array([[1.0, 2.0, 3.0]], times=MIXED), "3 finite numbers"),
        (lambda: Histories.from_array([1.0, 2.0]), "must have the shape"),
        (lambda: Histories.from_array([[1.0]], rate=0), "rate must be positive"),
        (lambda: Histories.from_array([[1.0]], rate=np.inf), "rate must be positive and finite"),
        (lambda: Histories.from_array([[1j]]), "complex numbers"),
        (lambda: Histories.from_events(table(numeric_value=1j), [1]), "complex numbers"),
        (lambda: Histories.from_events(TWICE, [1]), "several columns 'time'"),
        (
            lambda: Histories.from_frame(CLASH, [1], id="id", time="t"),
            "Two columns are called '1'",
        ),
        (lambda: Histories.from_array([[1.0]], rate=1, times=[0]), "not both"),
        (lambda: Histories.from_list([np.ones((1, 2)), np.ones((2, 2))]), "same variables"),
        (lambda: Histories.from_list([[1.0]], variables=["a", "b"]), "1 different names"),
        (
            lambda: Histories.from_list([[1.0], [[1.0], [1.0, 2.0]]]),
            "Series 1 cannot be read as numbers",
        ),
        (lambda: Histories.from_list([pd.DataFrame({"a": [1.0]})]), "Series 0 is a table, whose"),
        (lambda: Histories.from_array([[1.0]], rate="2"), "rate must be positive and finite"),
    ],
)
def test_what_cannot_be_made_is_refused(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def test_numbers_among_texts_are_reported():
    with pytest.warns(UserWarning, match=r"'numeric_value' holds numbers .*, such as '1.5'"):
        Histories.from_events(table(numeric_value=["1.5", "high", "low"]), [1, 2, 3])


def test_codes_that_are_whole_numbers_have_one_name():
    whole, broken = (
        Histories.from_events(table(code=np.array([7, 8, 7], dtype)), [1, 2])
        for dtype in (int, float)
    )
    assert whole.variables == broken.variables == ["7", "8"]


def test_what_is_masked_or_missing_is_no_value():
    masked = np.ma.masked_array([[1.0, 2.0, 3.0]], mask=[[0, 1, 0]])
    nullable = pd.DataFrame([[1.0, None, 3.0]]).astype("Float64")
    for array in (masked, nullable):
        assert Histories.from_array(array)[0].value.tolist() == [1.0, 3.0]
    assert Histories.from_list([[1.0, pd.NA, 3.0]])[0].value.tolist() == [1.0, 3.0]
    columns = [pd.Series([[1.0, 2.0], np.nan]), pa.chunked_array([[[1.0, 2.0], None]])]
    for column in (*columns, pl.Series([[[1.0, 2.0]], None])):
        histories = Histories.from_list(column)
        assert histories.n_events.tolist() == [2, 0] and histories.isna().tolist() == [False, True]


TRANSFORMERS = [
    SeriesSummary(windows=[2]),
    ConvolutionFeatures(84, random_state=0),
    IntervalQuantiles(depth=1),
    WaveletFeatures(),
    GaussianProcessGrid(1.0, n_steps=2, random_state=0),
    DTWNeighbours(3, length=5, random_state=0),
]


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=lambda one: type(one).__name__)
def test_a_table_without_rows_has_all_columns(transformer):
    X = stays()[["vitals"]]
    fitted = transformer.fit(X, X.index.to_series())
    none = fitted.transform(X.iloc[:0])
    assert none.shape == (0, len(fitted.get_feature_names_out()))


@pytest.mark.parametrize("transformer", [*TRANSFORMERS[1:4], TRANSFORMERS[5]], ids=repr)
def test_a_wrong_time_does_not_fill_the_memory(transformer):
    X = stays()[["vitals"]]
    fitted = transformer.fit(X, X.index.to_series())
    wrong = Histories.from_list([[1.0, 2.0]], times=[[0.0, 1e12]], variables=["HR"])
    with pytest.raises(ValueError, match=r"from 0 to 1e\+12 has .* steps of .*If a time is wrong"):
        fitted.transform(pd.DataFrame({"vitals": wrong}))


def with_a_new_variable(X):
    """The same table with events of a new variable around those of the first two histories."""
    cells = [cell.to_frame() for cell in X["vitals"]]
    new = pd.DataFrame({"time": [-90.0, 90.0], "variable": "new", "value": [1.0, 2.0]})
    more = [pd.concat([new, cell]) if i < 2 else cell for i, cell in enumerate(cells)]
    return X.assign(vitals=Histories([one.to_dict("list") for one in more]))


def seen_alone(X, transform):
    with pytest.warns(UserWarning, match=r"not seen in fit and are ignored: \['new'\]"):
        return transform(with_a_new_variable(X))


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=lambda one: type(one).__name__)
def test_a_new_variable_has_no_influence(transformer):
    X = stays()[["vitals"]]
    fitted = transformer.fit(X, X.index.to_series())
    pd.testing.assert_frame_equal(seen_alone(X, fitted.transform), fitted.transform(X))
    if isinstance(fitted, GaussianProcessGrid):
        drawn = fitted.draw(X, 0)
        pd.testing.assert_frame_equal(seen_alone(X, lambda new: fitted.draw(new, 0)), drawn)


@pytest.mark.parametrize("tokens", ["events", "tcn", "wavelet"])
def test_a_new_variable_has_no_influence_on_a_network(tokens):
    X = stays()
    network = MultiTab(
        series={"vitals": tokens}, early_stopping=False, max_epochs=1, n_bags=1, random_state=0
    ).fit(X, pd.Series(range(len(X)), name="row", dtype=float))
    pd.testing.assert_frame_equal(seen_alone(X, network.predict), network.predict(X))


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=lambda one: type(one).__name__)
def test_a_variable_without_values_is_not_new(transformer, recwarn):
    numbers = pd.DataFrame({"id": [0, 0, 1, 1], "t": [0, 1, 0, 2], "x": [1.0, 2.0, 3.0, 5.0]})
    numbers["rhythm"] = ["AF", "SR", None, "AF"]
    X = pd.DataFrame({"ecg": Histories.from_frame(numbers, [0, 1], id="id", time="t")})
    transformer.fit(X, pd.Series([0.0, 1.0])).transform(X)
    assert not [str(one.message) for one in recwarn if "not seen in fit" in str(one.message)]


def test_a_history_of_unknown_variables_has_no_neighbours():
    X = stays()[["vitals"]]
    fitted = TRANSFORMERS[-1].fit(X, X.index.to_series(name="row"))
    other = pd.DataFrame({"vitals": Histories.from_list([[1.0]], variables=["new"])})
    with pytest.warns(UserWarning, match="has variables that were not seen in fit"):
        assert fitted.transform(other).isna().all(axis=None)


def test_clocks_do_not_mix():
    dated = Histories.from_events(table(time=MIXED), [1, 2])
    numbered = Histories.from_events(table(), [1, 2])
    summary = SeriesSummary().fit(pd.DataFrame({"x": numbered}))
    with pytest.raises(ValueError, match=r"'x' are of another clock.*histories\[h, UTC\]"):
        summary.transform(pd.DataFrame({"x": dated}))
    both = pd.concat([pd.Series(numbered), pd.Series(dated)])
    with pytest.raises(ValueError, match=r"'x' of X does not hold histories: .*different clocks"):
        SeriesSummary().fit(pd.DataFrame({"x": both}))
    with pytest.raises(TypeError, match="different clocks"):
        numbered[0] = dated[0]


def test_a_table_without_histories_is_refused():
    with pytest.raises(ValueError, match=r"no column of histories.*\['age'\]"):
        SeriesSummary().fit(stays()[["age"]])


@pytest.mark.parametrize("model", [RMTGB(n_rounds=1, n_bags=1), MultiTaskLinear()])
@pytest.mark.parametrize("dtype", [None, object])
def test_estimators_refuse_histories_with_the_remedy(model, dtype, tmp_path):
    X = stays()
    Y = pd.DataFrame({"a": X["age"], "b": X["age"] > 50})
    X["vitals"] = X["vitals"].astype(dtype or X["vitals"].dtype)
    match = r"'vitals' of X holds histories.*skmtl.histories.SeriesSummary\(\), model\)"
    with pytest.raises(ValueError, match=match):
        model.fit(X, Y)
    model.fit(X.assign(vitals=1.0), Y)
    for rows in (X, X[:1]):
        with pytest.raises(ValueError, match=match):
            model.predict(rows)
        with pytest.raises(ValueError, match=match):
            skmtl.score_frame(model, rows)
    if dtype is None:
        X.to_parquet(tmp_path / "x.parquet")
        with pytest.raises(ValueError, match=r"'vitals' of .* has histories .*SeriesSummary"):
            skmtl.score_files(model, tmp_path / "x.parquet", tmp_path / "scores")


def test_histories_are_no_labels():
    X = stays()
    Y = pd.DataFrame({"a": X["age"], "later": X["vitals"]})
    with pytest.raises(ValueError, match=r"'later' holds histories.*landmarks"):
        RMTGB(n_rounds=1, n_bags=1).fit(X[["age"]], Y)
