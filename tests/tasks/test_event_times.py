"""The label column of survival tasks, and reading it from the formats of users."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from skmtl.tasks import (
    CompetingRisks,
    EventTime,
    EventTimes,
    Survival,
    TaskSet,
    event_times,
    join_label_columns,
    mixed_kind,
)


@pytest.fixture
def column():
    return pd.Series(EventTimes([1, 0, 2], [3.0, np.nan, 5.0], [0, 0, 1]), index=list("abc"))


def test_a_column_behaves_like_any_other(column):
    assert column.isna().tolist() == [False, True, False]
    assert column["a"] == EventTime(1, 3.0, 0.0)
    assert column.iloc[[2, 0]].array.time.tolist() == [5.0, 3.0]
    assert column[[True, False, True]].index.tolist() == ["a", "c"]
    assert column.reindex(["c", "z"]).isna().tolist() == [False, True]
    both = pd.concat([column, column])
    assert both.array.event.tolist() == [1, 0, 2] * 2
    assert (column == column).tolist() == [True, False, True]
    assert "5:2" in repr(column)
    assert column.dropna().nunique() == 2
    copied = column.copy()
    copied["a"] = None
    assert column.notna()["a"] and copied.isna()["a"]


def test_masking_a_frame_makes_labels_missing(column):
    frame = pd.DataFrame({"death": column, "size": [1.0, 2.0, 3.0]})
    masked = frame.mask(np.array([[True, False], [False, False], [False, True]]))
    assert masked["death"].isna().tolist() == [True, True, False]


STRUCTURED = np.array([(True, 3.0), (False, 4.0)], dtype=[("Status", bool), ("Days", float)])


@pytest.mark.parametrize(
    "y",
    [
        STRUCTURED,
        {"event": [1, 0], "duration": [3, 4]},
        pd.DataFrame({"duration": [3, 4], "event": [True, False]}),
        pd.DataFrame({"time": [3, 4], "event": pd.array([True, False], dtype="boolean")}),
        pd.Series(EventTimes([1, 0], [3, 4])),
        EventTimes([1, 0], [3, 4]),
    ],
    ids=["structured", "dict", "frame", "nullable", "series", "array"],
)
def test_forms_of_one_target(y):
    labels = event_times(y)
    assert labels.event.tolist() == [1, 0]
    assert labels.time.tolist() == [3.0, 4.0]
    assert labels.entry.tolist() == [0.0, 0.0]


def test_entries_are_read():
    labels = event_times({"event": [1, 2], "duration": [3.0, 4.0], "entry": [0.0, 2.5]})
    assert labels.entry.tolist() == [0.0, 2.5]


def test_missing_pairs_are_missing_labels():
    labels = event_times({"event": [1, None], "duration": [3.0, None]})
    assert labels.isna().tolist() == [False, True]


GOOD = {"event": [1, 0], "duration": [3.0, 4.0]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"duration": [-1.0, 4.0]}, "negative times in the column 'duration' (smallest: -1)"),
        ({"duration": [np.inf, 4.0]}, "infinite time"),
        ({"duration": ["soon", "late"]}, "'soon' in the column 'duration'"),
        ({"event": [1, -1]}, "the event -1 in the column 'event'"),
        ({"event": [1, 0.5]}, "the event 0.5"),
        ({"event": [1, np.inf]}, "the event inf"),
        ({"event": ["dead", "alive"]}, "column 'event', but none is called 'censored'"),
        ({"event": [1, "dead"]}, "'dead' in the column 'event'"),
        ({"event": [1, None]}, "a time without an event, in row 1"),
        ({"duration": [None, 4.0]}, "an event without a time, or a time"),
        ({"entry": [-1.0, 0.0]}, "negative times in the column 'entry'"),
        ({"entry": [3.0, 0.0]}, "not before its time in row 0 (entry 3, time 3)"),
        ({"time": [1.0, 2.0]}, "Pass a structured array (event, time)"),
    ],
    ids=str,
)
def test_bad_columns(changes, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        event_times(GOOD | changes, task="death")


@pytest.mark.parametrize(
    "y",
    [
        np.array([1.0, 2.0]),
        np.ones((3, 2)),
        [1, 0],
        pd.Series([1.0, 2.0]),
        pd.DataFrame({"a": [1], "b": [2.0]}),
        {"event": [1]},
    ],
    ids=["1-D", "2-D", "list", "series", "other names", "no time"],
)
def test_no_survival_target(y):
    with pytest.raises(ValueError, match=r"Pass a structured array \(event, time\)"):
        event_times(y)


def test_no_target():
    with pytest.raises(ValueError, match="the target y is None"):
        event_times(None)


FRAME = pd.DataFrame(
    {
        "spend": [1.0, 2.0, 3.0],
        "death_event": [1, 0, 1],
        "death_time": [5.0, 6.0, 7.0],
        "back": [0, 1, None],
        "days": [2.0, 3.0, None],
    }
)


def test_pairs_fold_into_the_place_of_their_first_column():
    kinds = {"death": Survival(), "return": Survival(event="back", time="days")}
    labels = join_label_columns(FRAME, kinds)
    assert labels.columns.tolist() == ["spend", "death", "return"]
    assert labels["return"].isna().tolist() == [False, False, True]
    tasks = TaskSet.fit(labels, infer=mixed_kind, tasks=kinds)
    assert tasks.kinds == {"spend": "regression", "death": "survival", "return": "survival"}
    assert tasks.encode(labels).mask.tolist() == [[True] * 3, [True] * 3, [True, True, False]]


def test_words_fold_the_columns_named_after_the_task():
    assert join_label_columns(FRAME, {"death": "survival"}).columns.tolist() == [
        "spend", "death", "back", "days",
    ]  # fmt: skip


def test_events_may_share_a_time():
    kinds = {"death": Survival(event="d", time="t"), "back": Survival(event="b", time="t")}
    frame = pd.DataFrame({"d": [0, 1], "t": [1.0, 2.0], "b": [1, 0]})
    assert join_label_columns(frame, kinds).columns.tolist() == ["death", "back"]


def test_nothing_to_fold_gives_y_back():
    y = np.ones(3)
    assert join_label_columns(y, {0: "regression"}) is y
    assert join_label_columns(FRAME, "survival") is FRAME


@pytest.mark.parametrize(
    ("event", "kind", "words"),
    [
        ([0, 0, 0], Survival(), "has no event: all 3 rows are censored"),
        ([0, 2, 1], Survival(), "Use kind 'competing_risks'"),
        ([0, 1, 3], CompetingRisks(), "cause 2 is never seen"),
        ([0, 1, 1], CompetingRisks(), "one cause only. Use kind 'survival'"),
        ([0, 1, 1], Survival([5.0, 50.0]), "a cut at 50, but nobody was followed beyond 3"),
        ([0, 1, 1], Survival([0.5]), "no event before its last cut at 0.5"),
    ],
)
def test_labels_that_do_not_suit(event, kind, words):
    labels = pd.Series(EventTimes(event, [1.0, 2.0, 3.0]))
    with pytest.raises(ValueError, match=rf"Task 'death'.*{re.escape(words)}"):
        kind.fit(labels, task="death")


def test_a_plain_column_is_no_survival_target():
    with pytest.raises(ValueError, match=r"Task 'death'.*pairs of an event and a time"):
        Survival().fit(pd.Series([1.0, 2.0]), task="death")


def test_a_cause_that_fit_did_not_see():
    head = Survival().fit(pd.Series(EventTimes([1, 0], [1.0, 2.0])), task="death")
    with pytest.raises(ValueError, match="Task 'death' has the event 2, which was not seen"):
        head.encode(pd.Series(EventTimes([2], [1.0])))


def test_half_a_pair_of_columns():
    with pytest.raises(ValueError, match=r"Task 'death' needs the columns .*\['death_time'\]"):
        join_label_columns(FRAME[["death_event"]], {"death": Survival()})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"cuts": 0}, "a number of bins from 1"),
        ({"cuts": "many"}, "a number of bins from 1"),
        ({"cuts": []}, "finite positive times"),
        ({"cuts": [1, np.nan]}, "finite positive times"),
        ({"cuts": [-1, 2]}, "finite positive times"),
        ({"cuts": [2, 1]}, "strictly increasing"),
        ({"event": "died"}, "Set both event and time"),
        ({"interpolation": "spline"}, "interpolation must be one of"),
    ],
    ids=str,
)
def test_bad_settings(settings, words):
    with pytest.raises(ValueError, match=words):
        Survival(**settings)
