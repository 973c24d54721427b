"""Every landmark is a row that only depends on its past."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline

from skmtl import RMTGBSurvival
from skmtl.histories import Histories, SeriesSummary, landmarks
from skmtl.tasks import EventTimes
from tests.histories.stays import events, stays


def test_no_event_after_a_landmark_is_read():
    X = stays(end=48.0)
    table = events()
    rows, none = landmarks(X, at=[6, 24], window=12)
    assert none is None and len(rows) == 24
    for (row, landmark), own in rows.groupby(level=[0, 1]):
        history = own["vitals"].iloc[0]
        of_row = table[table["subject_id"] == row]
        past = of_row[of_row["time"].between(landmark - 12, landmark, inclusive="right")]
        assert sorted(history.time) == sorted(past["time"]) and history.end == landmark
    summary = SeriesSummary([3]).fit(rows)
    changed = table.assign(numeric_value=table["numeric_value"].where(table["time"] <= 6, -1e9))
    cut = changed[(changed["time"] <= 6) | (changed["time"] > 24)]
    other, _ = landmarks(
        X.assign(vitals=Histories.from_events(cut, X.index, end=48.0)), at=[6], window=12
    )
    pd.testing.assert_frame_equal(
        summary.transform(other), summary.transform(rows.xs(6.0, level=1, drop_level=False))
    )


def test_warnings_within_a_horizon():
    X = stays(5, end=48.0)
    times = EventTimes([1, 1, 0, 0, 0], [10.0, 30.0, 12.0, 40.0, np.nan])
    rows, Y = landmarks(X, pd.DataFrame({"sepsis": times, "age": X["age"]}), at=[5, 20], horizon=6)
    expected = {
        (0, 5.0): True, (1, 5.0): False, (1, 20.0): False, (2, 5.0): False, (3, 5.0): False,
        (3, 20.0): False, (4, 5.0): pd.NA, (4, 20.0): pd.NA,
    }  # fmt: skip
    assert dict(zip(Y.index, Y["sepsis"].tolist(), strict=True)) == expected
    assert rows.index.equals(Y.index)
    assert Y["age"].tolist() == rows["age"].tolist()
    censored = landmarks(X, pd.DataFrame({"s": times}), at=[5, 20], horizon=15)[1]["s"]
    assert censored[2, 5.0] is pd.NA and censored[0, 5.0] and censored[1, 20.0]


@pytest.mark.parametrize("cause", [1, 2])
def test_landmarks_where_only_events_are_known_are_reported(cause):
    X = stays(4, end=48.0)
    Y = pd.DataFrame({"sepsis": EventTimes([1, cause, 0, 0], [30.0, 35.0, 36.0, 36.0])})
    _, labels = landmarks(X, Y, at=[25, 30], horizon=6)  # everything is known up to 36
    assert labels["sepsis"].notna().all()
    with pytest.warns(UserWarning, match="'sepsis': at landmarks from 31 to 34 only rows.* of 6 "):
        _, labels = landmarks(X, Y, at=[25, 31, 34, 35.5], horizon=6)
    assert labels["sepsis"].xs(34.0, level=1).isna().tolist() == [False, True, True]


def test_several_horizons_and_causes():
    X = stays(3, end=48.0)
    times = pd.DataFrame({"out": EventTimes([1, 2, 0], [3.0, 9.0, 20.0])})
    _, Y = landmarks(X, times, at=[1], horizon=[5, 10])
    assert Y.columns.tolist() == ["out 5", "out 10"]
    assert Y["out 5"].tolist() == [1, 0, 0] and Y["out 10"].tolist() == [1, 2, 0]


@pytest.mark.parametrize("entry", [False, True])
def test_times_from_the_landmark_on(entry):
    X = stays(3, end=48.0)
    y = pd.DataFrame({"event": [True, True, False], "time": [3.0, 9.0, 20.0]})
    _, Y = landmarks(X, y, at=[2, 5], entry=entry)
    labels = Y["event"].array
    assert Y.index.get_level_values(0).tolist() == [0, 1, 1, 2, 2]
    assert labels.time.tolist() == ([3, 9, 9, 20, 20] if entry else [1, 7, 4, 18, 15])
    assert labels.entry.tolist() == ([2, 2, 5, 2, 5] if entry else [0] * 5)


def test_rows_that_are_not_watched_yet_wait():
    X = stays(2, end=48.0)
    Y = pd.DataFrame({"death": EventTimes([1, 1], [30.0, 30.0], [0.0, 10.0])})
    rows, _ = landmarks(X, Y, at=[5, 10, 20])
    assert rows.index.tolist() == [(0, 5), (0, 10), (0, 20), (1, 10), (1, 20)]


def test_pairs_of_columns_are_event_times():
    X = stays(3, end=48.0)
    Y = pd.DataFrame({"death_event": [1, 0, 0], "death_time": [4.0, 9.0, 9.0], "saps": [3, 4, 5]})
    _, found = landmarks(X, Y, at=[2], horizon=3)
    assert found["death"].tolist() == [True, False, False]
    assert found["saps"].tolist() == [3, 4, 5]


def test_labels_that_change_in_time():
    X = stays(2, end=48.0)
    sofa = Histories.from_list([[1.0, 2.0, 3.0, 4.0], [7.0]], variables=["sofa"])
    _, Y = landmarks(X, pd.DataFrame({"sofa": sofa}), at=[0, 2], horizon=[1, 2])
    expected = [[2, 3], [4, 4], [np.nan, np.nan], [np.nan, np.nan]]
    np.testing.assert_array_equal(Y[["sofa 1", "sofa 2"]], expected)
    with pytest.raises(ValueError, match="'sofa' changes over time"):
        landmarks(X, pd.DataFrame({"sofa": sofa}), at=[0])


def test_a_history_that_has_ended_is_asked_no_more():
    X = pd.DataFrame({"run": Histories.from_list([[1.0] * 3, [1.0] * 6])})
    assert landmarks(X, at=[1, 4])[0].index.tolist() == [(0, 1), (1, 1), (1, 4)]


def test_moments_of_each_row_and_dates():
    table = events().assign(
        time=lambda t: pd.Timestamp("2024-01-01") + pd.to_timedelta(t["time"], "h")
    )
    X = pd.DataFrame({"vitals": Histories.from_events(table, range(12))})
    at = pd.Series(pd.to_datetime(["2024-01-01 06:00", "2024-01-02 00:00"]), index=[3, 3])
    rows, _ = landmarks(X, at=at, entity="patient")
    assert rows["patient"].tolist() == [3, 3] and "landmark" not in rows
    assert rows.index.get_level_values(1).tolist() == at.tolist()
    hours = events().query("subject_id == 3")["time"]
    assert rows["vitals"].array.n_events.tolist() == [(hours <= 6).sum(), (hours <= 24).sum()]


def test_what_does_not_fit_is_refused():
    X = stays(3, end=48.0)
    times = pd.DataFrame({"death": EventTimes([1, 1, 1], [1.0, 2.0, 3.0])})
    for Y, options, match in [
        (times, {"at": [5]}, "No row is left"),
        (times.iloc[:2], {"at": [0]}, "3 rows, but Y has 2"),
        (None, {"at": [np.nan]}, "missing or infinite times"),
        (None, {"at": 5, "window": 0}, "window must be a positive length"),
        (times, {"at": 0, "horizon": [5, -1]}, "horizon must be a positive length"),
        (None, {"at": pd.Series([1.0], index=[77])}, "77"),
        (None, {"at": [pd.Timestamp("2024-01-01")]}, "are numbers, but these are dates"),
        (None, {"at": [np.inf]}, "infinite times"),
        (times.iloc[::-1], {"at": [0]}, "same row labels as X, but in a different order"),
        (times, {"at": [0], "horizon": 3, "entry": True}, "pass one of the two"),
        (None, {"at": [0], "entity": "landmark"}, "choose another one"),
        (times, {"at": 0, "horizon": "6h"}, "horizon must be a positive length.*got '6h'"),
        (times, {"at": 0, "window": pd.Timedelta("6h")}, "a number in the unit of the histories"),
    ]:
        with pytest.raises(ValueError, match=match):
            landmarks(X, Y, **options)
    with pytest.raises(ValueError, match="no column of histories"):
        landmarks(X[["age"]], at=[1])
    with pytest.raises(ValueError, match="already has a column 'landmark'"):
        landmarks(X.assign(landmark=1), at=[1])


def test_hours_since_admission_are_not_dates():
    dates = events(3).assign(time=pd.Timestamp("2024-01-01"))
    X = pd.DataFrame({"vitals": Histories.from_events(dates, range(3))})
    for use in (
        lambda: landmarks(X, at=range(6, 42)),
        lambda: X["vitals"].array.until(24.0),
        lambda: Histories.from_events(dates, range(3), end=[24.0] * 3),
    ):
        with pytest.raises(ValueError, match=r"first of which is 2024-01-01.*counted from 1970"):
            use()
    earlier = X["vitals"].array.until(pd.Timestamp("2023-01-01"))
    assert earlier.n_events.tolist() == [0, 0, 0]
    assert X["vitals"].array.until(X["vitals"].array[:2].end[[0, 0, 0]]).n_events[0] > 0


def test_labels_that_change_in_time_have_values_on_the_clock_of_the_past():
    X = stays(3, end=48.0)
    later = X["vitals"].rename("later")
    labels = landmarks(X, later, at=[0], horizon=12)[1]
    pd.testing.assert_frame_equal(labels, landmarks(X, later.to_frame(), at=[0], horizon=12)[1])
    dates = events(3).assign(time=pd.Timestamp("2024-01-01"))
    codes = events(3).assign(numeric_value=np.nan)
    for table, match in ((dates, "in another way"), (codes, "events without values, such as")):
        wrong = pd.DataFrame({"later": Histories.from_events(table, X.index)})
        with pytest.raises(ValueError, match=match):
            landmarks(X, wrong, at=[0], horizon=12)


def test_survival_from_landmarks_with_whole_patients_held_out():
    X = stays(40, end=48.0)
    rng = np.random.default_rng(0)
    times = pd.DataFrame({"death": EventTimes(rng.integers(0, 2, 40), rng.uniform(5, 48, 40))})
    rows, Y = landmarks(X, times, at=[0, 4, 8, 12])
    groups = rows.index.get_level_values(0)
    train, test = next(GroupKFold(2).split(rows, groups=groups))
    model = make_pipeline(SeriesSummary(), RMTGBSurvival(n_rounds=2, n_bags=1, random_state=0))
    model.fit(rows.iloc[train], Y.iloc[train])
    assert len(model.predict(rows.iloc[test])) == len(test)
    assert not set(groups[train]) & set(groups[test])


def test_targets_have_the_order_of_the_labels():
    X = stays(2, end=48.0).set_axis(["a", "a"])
    series = Histories.from_list([[1.0, 2.0, 3.0], [7.0]])
    Y = pd.DataFrame(
        {name: series for name in ("zeta", "alpha", "mid", "beta")}, index=X.index
    ).assign(stay=[3, 4])
    Y.insert(1, "death", EventTimes([1, 0], [4.0, 9.0]))
    targets = landmarks(X, Y, at=[0], horizon=2)[1]
    assert targets.columns.tolist() == ["zeta", "death", "alpha", "mid", "beta", "stay"]
    assert targets["stay"].tolist() == [3, 4]


def test_a_cause_that_did_not_occur_changes_no_type():
    X = stays(2, end=48.0)
    only_one = EventTimes([1, 0], [4.0, 9.0], causes=["heart", "lung"])
    within = landmarks(X, pd.Series(only_one, name="death"), at=[2], horizon=3)[1]
    assert within["death"].tolist() == [1, 0]
    assert isinstance(within["death"].dtype, pd.CategoricalDtype)


def test_event_times_need_no_frame():
    X = stays(2, end=48.0)
    times = EventTimes([1, 0], [4.0, 9.0])
    targets = landmarks(X, times, at=[2])[1]
    assert targets[0].array.time.tolist() == [2.0, 7.0]
