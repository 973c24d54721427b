"""What survival estimators cannot learn from is refused by an error that says what to do."""

from __future__ import annotations

import numpy as np
import pytest

from skmtl import RMTGB, MultiTabSurvival, RMTGBSurvival
from skmtl.datasets import make_survival

X_BAD, Y_BAD = make_survival(40, random_state=0)


def changed(**columns):
    return Y_BAD.assign(**columns)


def first(value):
    """The durations with another first one."""
    values = Y_BAD["duration"].astype(object).copy()
    values[0] = value
    return values


COMMON = [
    ({}, None, "y is None"),
    ({}, np.arange(40.0), "not a survival target"),
    ({}, np.ones((40, 2)), "not a survival target"),
    ({}, Y_BAD[["event"]], "has the columns"),
    ({}, Y_BAD[:39], "inconsistent numbers of samples"),
    ({}, changed(duration=first(-1.0)), "negative times"),
    ({}, changed(duration=first(np.inf)), "infinite time"),
    ({}, changed(duration=first("x")), "events are False"),
    ({}, changed(duration=first(None)), "an event without a time"),
    ({}, changed(event=0), "all 40 rows are censored"),
    ({}, changed(event=-1), "the event -1"),
    ({}, changed(event=0.5), "the event 0.5"),
    ({}, changed(event="dead"), "none is called .censored."),
    ({}, changed(event=np.where(np.arange(40) % 2, 3, 1)), "cause 2 is never seen"),
    ({}, changed(event=None, duration=None), "no observed label"),
    ({}, changed(entry=1e9), "not before its time"),
    ({}, changed(entry=first(None)), "no entry in row 0"),
    ({}, changed(time=1.0), "has the columns"),
    ({}, {"event": [1, 0], "duration": [1.0]}, "one entry per row, but have .*'duration': 1"),
    ({"cuts": [1.0, 1e6]}, Y_BAD, "nobody was followed beyond"),
    ({"cuts": [1e-9]}, Y_BAD, "no event before its last cut"),
    ({"cuts": 0}, Y_BAD, "cuts must be"),
    ({"cuts": "some"}, Y_BAD, "cuts must be"),
    ({"cuts": [3, 1]}, Y_BAD, "strictly increasing"),
    ({"interpolation": "cubic"}, Y_BAD, "interpolation must be one of"),
    ({"horizons": 7}, Y_BAD, "horizons must be two or more"),
    ({"horizons": (7,)}, Y_BAD, "horizons must be two or more"),
    ({"horizons": (30, 7)}, Y_BAD, "horizons must be two or more"),
    ({"horizons": (1, 1e5)}, Y_BAD, r"'event' has a horizon at 100000, but nobody was followed"),
    ({"horizons": (1, 5), "cuts": [1, 9]}, Y_BAD, "cuts reach 9, but .* last horizon, 5, is ign"),
    ({"events": ["death"]}, Y_BAD, "events must map"),
    ({"events": {"death": "event"}}, Y_BAD, "two columns of y"),
    ({"events": {"death": None}}, Y_BAD, "two columns of y"),
    ({"events": {"death": 2}}, Y_BAD, "two columns of y"),
    ({"events": {"death": ("event", "days")}}, Y_BAD, r"\['days'\] are not among"),
    ({"censoring_weights": 1}, Y_BAD, "censoring_weights=1"),
    ({"weight_column": "clicks"}, Y_BAD, "is not a column of X"),
    ({"weight_column": 5}, Y_BAD, "weight_column=5 is not a column of X; its 5 columns are"),
    ({"weight_column": 0}, Y_BAD, "weight column 'x_0' has"),
    ({"weight_column": "x_0"}, Y_BAD, "negative values"),
    ({"task_weight": {"relapse": 1}}, Y_BAD, "task_weight names"),
]
HEADS = [
    ({"head": "cox"}, Y_BAD, "head='cox'"),
    (
        {"head": "proportional_hazards", "censoring_weights": True},
        Y_BAD,
        "needs the bins of hazards",
    ),
    (
        {"head": "proportional_hazards"},
        changed(event=np.arange(40) % 3),
        "several competing causes",
    ),
]


ROW = {"ids": lambda value: str(value)[:30].replace("\n", " ")}


@pytest.mark.parametrize(("settings", "y", "words"), COMMON + HEADS, **ROW)
def test_bad_input_of_the_network(settings, y, words):
    with pytest.raises(ValueError, match=words):
        MultiTabSurvival(n_bags=1, max_epochs=1, row_size=4, **settings).fit(X_BAD, y)


@pytest.mark.parametrize(("settings", "y", "words"), COMMON, **ROW)
def test_bad_input_of_boosting(settings, y, words):
    with pytest.raises(ValueError, match=words):
        RMTGBSurvival(n_bags=1, n_rounds=1, **settings).fit(X_BAD, y)


def test_boosting_has_no_partial_likelihood():
    y = Y_BAD.rename(columns={"event": "death_event", "duration": "death_time"})
    with pytest.raises(ValueError, match=r"'death'.*compares rows.*Use kind 'survival', or Multi"):
        RMTGB(tasks={"death": "proportional_hazards"}).fit(X_BAD, y)
    with pytest.raises(TypeError, match="unexpected keyword argument 'head'"):
        RMTGBSurvival(head="proportional_hazards")
