"""Histories in Parquet files and in tables of other libraries, of numbers and of dates."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.pipeline import make_pipeline

import skmtl
from skmtl import RMTGB
from skmtl.histories import EventReader, Histories, HistoriesDtype, SeriesSummary
from tests.histories.stays import events, stays
from tests.histories.test_histories import same

FIELDS = ("time", "variable", "value")
CELL = {"time": [3.0, 1.0], "variable": ["a", "b"], "value": [1.0, None]}


def dated(zone):
    start = pd.Timestamp("2024-03-30", tz=zone)
    table = events().assign(time=lambda t: start + pd.to_timedelta(t["time"], "h"))
    X = stays()
    return X.assign(vitals=Histories.from_events(table, X.index))


@pytest.fixture(scope="module")
def fitted():
    """A pipeline on dates in UTC, with what it predicts."""
    X = dated("UTC")
    Y = pd.DataFrame({"n": X["vitals"].array.n_events.astype(float), "old": X["age"] > 50})
    summary = SeriesSummary([6], statistics=["count", "mean", "since"])
    model = make_pipeline(summary, RMTGB(n_rounds=2, n_bags=1, random_state=0)).fit(X, Y)
    return model, X, model.predict(X)


def plain(X, as_lists):
    """The column as lists of structs, or as structs of lists, with dates in UTC."""
    cells = [one.to_frame() for one in X["vitals"]]
    for cell in cells:
        stamps = pd.to_datetime((cell["time"] * 3.6e9).round().astype("int64"), unit="us")
        cell["time"] = list(stamps.dt.tz_localize("UTC"))
    if as_lists:
        return [cell[list(FIELDS)].to_dict("records") for cell in cells]
    return [cell[list(FIELDS)].to_dict("list") for cell in cells]


@pytest.mark.parametrize("writer", ["pandas", "polars"])
def test_files_of_dates_are_scored_as_frames_are(fitted, writer, tmp_path):
    model, X, expected = fitted
    path = tmp_path / "stays.parquet"
    X.to_parquet(path)
    if writer == "polars":
        pl.read_parquet(path).write_parquet(path)  # without what pandas notes in files
    skmtl.score_files(model, path, tmp_path / "scores", batch_rows=5)
    scores = pd.read_parquet(tmp_path / "scores")
    frame = skmtl.score_frame(model, X)
    pd.testing.assert_frame_equal(scores[frame.columns], frame, check_dtype=False)
    pd.testing.assert_frame_equal(model.predict(pl.read_parquet(path)), expected)


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_parquet_keeps_the_clock(zone, tmp_path):
    X = dated(zone)
    X.to_parquet(tmp_path / "stays.parquet")
    kept = pd.read_parquet(tmp_path / "stays.parquet")["vitals"]
    assert kept.dtype == X["vitals"].dtype and same(kept, X["vitals"])


def test_networks_get_arrays_of_files_that_can_be_written(tmp_path):
    """Torch warns of others."""
    stays()[["vitals"]].to_parquet(tmp_path / "stays.parquet")
    column = pd.read_parquet(tmp_path / "stays.parquet")["vitals"]
    rows = EventReader().fit(column).transform(column)
    assert all(array.flags.writeable for array in vars(rows).values())


@pytest.mark.parametrize("as_lists", [True, False])
def test_dates_in_lists_are_histories(fitted, as_lists, tmp_path):
    model, X, expected = fitted
    cells = plain(X, as_lists)
    assert same(Histories(cells), X["vitals"])
    frame = pl.DataFrame({"age": X["age"].to_numpy(), "vitals": cells})
    pd.testing.assert_frame_equal(model.predict(frame), expected)
    assert same(Histories(frame["vitals"]), X["vitals"])
    frame.write_parquet(tmp_path / "stays.parquet")
    report = skmtl.score_files(model, tmp_path / "stays.parquet", tmp_path / "scores")
    assert (report.n_rows, report.n_refused) == (len(X), 0)
    column = pq.read_table(tmp_path / "stays.parquet")["vitals"]
    assert same(HistoriesDtype().__from_arrow__(column), X["vitals"])


def test_a_column_may_begin_with_an_empty_history():
    cells = [[], None, [{"time": 1.0, "variable": "a", "value": 2.0}]]
    table = SeriesSummary(statistics=["count"]).fit_transform(pl.DataFrame({"x": cells}))
    np.testing.assert_array_equal(table["x a count"], [0, np.nan, 1])
    with pytest.raises(ValueError, match=r"'x' of X holds histories.*SeriesSummary"):
        RMTGB().fit(pl.DataFrame({"x": cells[2:] * 2, "age": [1, 2]}), [1.0, 2.0])


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"value": [1.0]}, "not as many times as variables and values"),
        ({"value": [np.inf, 1.0]}, "an infinite value: time .*, variable 'a', value inf"),
        ({"variable": ["a", None]}, "without a variable: time .*, variable None, value"),
        ({"time": [None, 1.0]}, "without a time or with an infinite one: time nan, variable 'a'"),
        ({"clock": "week"}, "cannot be counted in 'week'"),
        ({"end": datetime.datetime(2024, 1, 1)}, "times of a history are numbers, but its end"),
    ],
)
def test_what_is_not_a_history_is_refused(change, match):
    cell = CELL | change
    with pytest.raises(ValueError, match=match):
        Histories([cell])
    with pytest.raises(ValueError, match=match):
        HistoriesDtype().__from_arrow__(pa.array([cell, None]))


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"value": "high"}, "has the value 'high', which is not a number. Write a text as part"),
        ({"value": [1.0]}, r"has the value \[1.0\], which is not a number"),
        ({"val": 2.0}, "has no value"),
        ({"name": "a"}, "has no variable"),
    ],
)
def test_lists_of_other_fields_are_refused(changed, match):
    event = {"time": 1.0, "variable": "a", "value": 2.0}
    if not changed.keys() & event.keys():
        del event["value" if "val" in changed else "variable"]
    with pytest.raises((TypeError, ValueError), match=match):
        Histories([[event | changed]])


def test_a_value_in_a_list_may_be_missing():
    events = [{"time": 1.0, "variable": "a", "value": one} for one in (None, pd.NA, 3.0)]
    np.testing.assert_array_equal(Histories([events])[0].value, [np.nan, np.nan, 3.0])


def test_columns_of_several_clocks_are_refused_or_kept_apart():
    numbers, dates = stays()["vitals"].array, dated(None)["vitals"].array
    with pytest.raises(TypeError, match="different clocks"):
        numbers[:2] = dates[:2]
    with pytest.raises(TypeError, match="different clocks"):
        numbers.astype(dates.dtype)
    none = Histories([None, {"time": [], "variable": [], "value": []}])
    assert none.astype(dates.dtype).dtype == dates.dtype
    assert Histories([*dates[:1], *none]).dtype == dates.dtype
    with pytest.raises(TypeError, match="Cannot construct"):
        HistoriesDtype.construct_from_string("histories[week]")
