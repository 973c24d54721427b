"""Columns of histories support the usual operations on columns."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV, GroupKFold, train_test_split
from sklearn.pipeline import make_pipeline

import skmtl
from skmtl import RMTGB
from skmtl.histories import EventHistory, Histories, HistoriesDtype, SeriesSummary, landmarks
from skmtl.tasks import EventTimes
from tests.histories.stays import events, stays
from tests.pandas_versions import needs_pandas_3


def same(one, other):
    return pd.Series(one).equals(pd.Series(other))


def test_a_file_whose_events_are_in_another_order_is_read_in_order_of_time():
    cells = [
        {"time": [3.0, 1.0, 2.0], "variable": list("aba"), "value": [1.0, 2.0, 3.0], "end": None},
        None,
        {"time": [5.0, 0.0], "variable": list("aa"), "value": [4.0, 5.0], "end": 6.0},
    ]
    column = HistoriesDtype().__from_arrow__(pa.array(cells))
    assert column[0].time.tolist() == [1.0, 2.0, 3.0]
    assert column[0].variable.tolist() == ["b", "a", "a"]
    assert column[2].value.tolist() == [5.0, 4.0]
    assert column.end[0] == 3.0
    cells[0]["time"][1] = float("nan")
    with pytest.raises(ValueError, match="an event without a time"):
        HistoriesDtype().__from_arrow__(pa.array(cells))


def test_events_are_those_of_the_table_in_order_of_time():
    table = events()
    history = stays()["vitals"][3].to_frame()
    rows = table[table["subject_id"] == 3].sort_values("time", kind="stable")
    assert history["time"].tolist() == rows["time"].tolist()
    assert history["variable"].tolist() == rows["code"].tolist()
    assert history["value"].tolist() == rows["numeric_value"].tolist()
    assert stays()["vitals"].array.n_events.tolist()[-1] == 0


def test_the_order_of_the_rows_of_events_does_not_matter():
    table = events().drop_duplicates(["subject_id", "time"])
    shuffled = table.sample(frac=1, random_state=1)
    assert same(
        Histories.from_events(table, range(12)), Histories.from_events(shuffled, range(12))
    )


def test_an_id_may_occur_several_times_and_others_are_left_out():
    several = Histories.from_events(events(), [3, 5, 3, None, 99])
    assert several[0] == several[2] == stays()["vitals"][3]
    assert several.isna().tolist() == [False, False, False, True, False]
    assert several[4].n_events == 0


def test_texts_are_codes_of_their_own():
    table = pd.DataFrame(
        {"id": [1, 1, 1], "time": [1, 2, 3], "what": "rhythm", "value": ["AF", 3.5, None]}
    )
    one = Histories.from_events(table, [1], id="id", variable="what", value="value")[0]
    assert one.variable.tolist() == ["rhythm=AF", "rhythm", "rhythm"]
    np.testing.assert_array_equal(one.value, [np.nan, 3.5, np.nan])


def test_texts_that_make_the_same_name_are_one_variable():
    table = pd.DataFrame(
        {"id": 1, "time": [1, 2, 3, 4], "what": ["a", "a=b", "a=b=c", "q"]}
        | {"value": ["b=c", "c", None, 5.0]}
    )
    one = Histories.from_events(table, [1], id="id", variable="what", value="value")
    assert one.variables == ["a=b=c", "q"]
    counts = SeriesSummary(statistics=["count"]).fit_transform(pd.DataFrame({"x": one}))
    assert counts["x a=b=c count"].tolist() == [3]


def test_a_wide_frame_an_array_and_a_list_are_the_same_histories():
    array = np.random.default_rng(0).normal(size=(4, 2, 5))
    array[1, 0, 2:] = np.nan
    arrays = Histories.from_array(array, variables=["a", "b"])
    lists = Histories.from_list(list(array), variables=["a", "b"])
    frame = pd.DataFrame(array.transpose(0, 2, 1).reshape(-1, 2), columns=["a", "b"])
    frame["id"], frame["time"] = np.repeat(range(4), 5), np.tile(np.arange(5.0), 4)
    frames = Histories.from_frame(frame, range(4), id="id", time="time", end=4.0)
    assert same(arrays, lists) and same(arrays, frames)
    assert arrays.n_events.tolist() == [10, 7, 10, 10]
    assert arrays.end.tolist() == [4.0] * 4


def test_rates_and_times():
    by_rate = Histories.from_array([[1.0, 2.0, 3.0]], rate=4)
    by_times = Histories.from_array([[3.0, 1.0, 2.0]], times=[0.5, 0.0, 0.25])
    assert by_rate[0].time.tolist() == [0.0, 0.25, 0.5]
    assert same(by_rate, by_times)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_dates_are_counted_in_a_unit(zone):
    time = pd.to_datetime(["2024-03-31 01:00", "2024-03-31 04:00"]).tz_localize(zone)
    table = pd.DataFrame({"subject_id": 1, "time": time, "code": "HR", "numeric_value": 1.0})
    hours = Histories.from_events(table, [1], end=time[1])
    assert str(hours.dtype) == ("histories[h]" if zone is None else "histories[h, UTC]")
    assert np.diff(hours[0].time).tolist() == [3.0 if zone is None else 2.0]  # summer time begins
    assert hours.until(time[0]).n_events.tolist() == [1]
    assert repr(hours[0]).endswith("00 to 2024-03-31 0" + ("4:00" if zone is None else "2:00"))
    assert same(pickle.loads(pickle.dumps(hours)), hours)


def test_durations_are_counted_in_the_unit_wherever_it_is_known():
    table = pd.DataFrame({"id": [0, 0], "day": pd.to_timedelta([1, 2], "D"), "x": [5.0, 6.0]})
    half = pd.Timedelta("36h")
    names = {"id": "id", "time": "day", "unit": "D"}
    cut = Histories.from_frame(table, [0], **names, end=half)
    assert cut[0].value.tolist() == [5.0] and cut.end.tolist() == [1.5]
    assert Histories.from_events(
        table, [0], **names, variable=None, value="x", end=[half]
    ).end.tolist() == [1.5]
    whole = Histories.from_frame(table, [0], **names)
    numbers = table.assign(day=[1.0, 2.0])
    for use in (
        lambda: whole.until(half),
        lambda: landmarks(pd.DataFrame({"x": whole}), at=[half]),
        lambda: Histories.from_frame(numbers, [0], **names, end=half),
    ):
        with pytest.raises(ValueError, match=r"are numbers, but these are durations, such as"):
            use()


def test_no_digit_of_a_time_is_lost():
    time = pd.to_datetime(["2262-04-11 23:47:16.854775", "1700-01-01 00:00:00.000001"])
    table = pd.DataFrame({"subject_id": 1, "time": time, "code": "HR", "numeric_value": 1.0})
    seconds = Histories.from_events(table, [1], unit="s")[0].time
    stamps = time.sort_values().as_unit("us").asi8 / 1e6
    np.testing.assert_allclose(seconds, stamps, rtol=1e-15)


def test_ten_rows_pickle_their_own_events_alone():
    table = events(n_stays=1000, n_events=100_000)
    X = pd.DataFrame({"vitals": Histories.from_events(table, range(1000))})
    whole, few = (len(pickle.dumps(rows)) for rows in (X, X.iloc[500:510]))
    assert few < whole / 50
    assert same(pickle.loads(pickle.dumps(X.iloc[500:510]))["vitals"], X["vitals"].iloc[500:510])


def test_landmarks_of_one_history_pickle_its_events_once():
    one = stays()["vitals"].array[[3] * 50].until(np.arange(50.0))
    kept = pickle.loads(pickle.dumps(one))
    assert same(kept, one)
    assert len(kept.parts.store) == one[-1].n_events


def test_slices_concat_merge_and_groups():
    X = stays()
    halves = pd.concat([X.iloc[:5], X.iloc[5:]])
    assert same(halves["vitals"], X["vitals"])
    other = pd.concat([X, stays(end=20.0)], ignore_index=True)["vitals"]
    assert same(other.iloc[:12], X["vitals"])
    merged = X.merge(pd.DataFrame({"age": [X["age"][2], -1.0]}), how="right")
    assert merged["vitals"].isna().tolist() == [False, True]
    assert merged["vitals"][0] == X["vitals"][2]
    firsts = X.groupby(np.repeat([0, 1, 2], 4))["vitals"].first()
    assert firsts.dtype == HistoriesDtype()
    assert same(firsts, X["vitals"].iloc[[0, 4, 8]].reset_index(drop=True))


@needs_pandas_3  # copies on write
def test_a_change_reaches_no_copy():
    X = stays()
    part, copy = X.iloc[:3], X["vitals"].array.copy()
    X.loc[0, "vitals"] = X.loc[5, "vitals"]
    assert X.loc[0, "vitals"] == X.loc[5, "vitals"] != part.loc[0, "vitals"] == copy[0]
    X.loc[1, "vitals"] = stays(end=3.0).loc[7, "vitals"]
    assert X.loc[1, "vitals"].end == 3.0
    X.loc[2, "vitals"] = pd.NA
    assert X["vitals"].isna().sum() == 1


def test_a_missing_history_is_not_an_empty_one():
    both = Histories.from_list([None, [np.nan]])
    assert both.isna().tolist() == [True, False]
    assert pd.Series(both).notna().tolist() == [False, True]
    assert "<NA>" in repr(both) and "no events" in repr(both)


def test_parquet_keeps_everything(tmp_path):
    X = stays(end=40.0)
    X.loc[4, "vitals"] = pd.NA
    X.to_parquet(tmp_path / "stays.parquet")
    kept = pd.read_parquet(tmp_path / "stays.parquet")
    assert kept["vitals"].dtype == HistoriesDtype()
    assert same(kept["vitals"], X["vitals"])
    assert same(
        pd.read_parquet(tmp_path / "stays.parquet", columns=["vitals"])["vitals"], X["vitals"]
    )


@pytest.fixture(scope="module")
def fitted():
    X = stays()
    Y = pd.DataFrame({"stay": X["vitals"].array.n_events.astype(float), "old": X["age"] > 50})
    summary = SeriesSummary([6], statistics=["count", "mean"])
    return make_pipeline(summary, RMTGB(n_rounds=2, n_bags=1, random_state=0)).fit(X, Y), X, Y


def test_files_are_scored_as_frames_are(fitted, tmp_path):
    model, X, _ = fitted
    X.to_parquet(tmp_path / "stays.parquet")
    skmtl.score_files(model, tmp_path / "stays.parquet", tmp_path / "scores", batch_rows=5)
    files = pd.read_parquet(tmp_path / "scores")
    frame = skmtl.score_frame(model, X)
    pd.testing.assert_frame_equal(files[frame.columns], frame, check_dtype=False)


def test_polars_columns_of_lists_are_histories(fitted):
    model, X, _ = fitted
    cells = [
        [
            dict(zip(("time", "variable", "value"), row, strict=True))
            for row in one.to_frame().values
        ]
        for one in X["vitals"]
    ]
    wide = [{k: [e[k] for e in cell] for k in ("time", "variable", "value")} for cell in cells]
    expected = model.predict(X)
    for column in (cells, wide):
        frame = pl.DataFrame({"age": X["age"].to_numpy(), "vitals": column})
        pd.testing.assert_frame_equal(model.predict(frame), expected)
    lists = pl.DataFrame({"flow": [[1.0, 2.0], [3.0]]})["flow"]
    assert same(Histories.from_list(lists), Histories.from_list([[1.0, 2.0], [3.0]]))
    table = pl.from_pandas(events())
    assert same(Histories.from_events(table, range(12)), X["vitals"])


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_pipelines_searches_and_splits(fitted, n_jobs):
    _, X, Y = fitted
    mixed = make_column_transformer((SeriesSummary(), ["vitals"]), remainder="passthrough")
    model = make_pipeline(mixed, RMTGB(n_rounds=2, n_bags=1, random_state=0))
    train, test, Y_train, _ = train_test_split(X, Y, random_state=0)
    grid = {"columntransformer__seriessummary__windows": [(), (6,)]}
    search = GridSearchCV(model, grid, cv=GroupKFold(2), n_jobs=n_jobs)
    search.fit(train, Y_train, groups=np.arange(len(train)) // 2)
    assert search.predict(test).shape == (3, 2)
    assert same(train["vitals"], X["vitals"].loc[train.index])


def test_dtypes_say_what_they_are():
    dates = Histories.from_events(
        events().assign(time=pd.Timestamp("2024-01-01", tz="UTC")), range(3), unit="D"
    )
    assert repr(dates.dtype) == "HistoriesDtype('D, UTC')"
    times = EventTimes([1], [2.0], causes=["death"])
    assert repr(times.dtype) == "EventTimesDtype(['death'])"


def test_a_history_by_itself():
    one = EventHistory(np.array([1.0]), np.array([0]), np.array([2.0]), ("HR",))
    assert one == Histories([one])[0] and hash(one) == hash(Histories([one])[0])
    assert repr(one) == "1 event of 1, 1 to 1"
    assert one != EventHistory(np.array([1.0]), np.array([0]), np.array([2.0]), ("SBP",))


def test_numbers_of_single_precision_stay_so():
    small = Histories.from_array(np.ones((3, 2, 4), dtype=np.float32))
    assert small[0].value.dtype == np.float32
    assert small.nbytes < Histories.from_array(np.ones((3, 2, 4))).nbytes
