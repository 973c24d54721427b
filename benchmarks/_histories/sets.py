"""Real sets of histories, split as the loader beside the data says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks._data import loader_of
from skmtl.histories import Histories, landmarks
from skmtl.tasks import EventTimes

TEST = "test"
LONGEST_LIFE = 125
"""Cycles: what is left of an engine's life is capped there, as in the literature."""

_EVERY = 3
"""Cycles from one landmark to the next."""


class Part(NamedTuple):
    """Histories beside other columns, and their labels."""

    X: pd.DataFrame
    Y: pd.DataFrame


class Split(NamedTuple):
    """Rows to learn from, and the test rows of each name.

    Rows of one group must be held out together, also within `fit`; None where rows are
    independent.
    """

    train: Part
    tests: Mapping[str, Part]
    groups: Any


def physionet2012() -> Iterator[Split]:
    """Stays in intensive care, 48 hours: set a to learn from, set c to test."""
    data = loader_of("timeseries").events("physionet2012")
    Y = data.labels.drop(columns="survival_days")
    Y["length_of_stay"] = np.log1p(Y["length_of_stay"])
    Y["death"] = Y["death"].astype(bool)
    X = data.static.assign(
        vitals=Histories.from_events(
            data.events, Y.index, id="id", variable="variable", value="value", end=48.0
        )
    )
    train, test = (Part(X.loc[rows], Y.loc[rows]) for rows in (data.train, data.test))
    yield Split(train, {TEST: test}, None)


def hydraulic() -> Iterator[Split]:
    """Cycles of a test rig in five folds: neighbouring cycles, of one run, are near copies."""
    data = loader_of("timeseries").series("hydraulic")
    X = pd.DataFrame({"cycle": Histories.from_array(data.X, variables=data.channels)})
    Y = data.Y.astype("category")
    for train, test in data.folds:
        train_part, test_part = (Part(X.iloc[rows], Y.iloc[rows]) for rows in (train, test))
        yield Split(train_part, {TEST: test_part}, data.groups[train])


def cmapss() -> Iterator[Split]:
    """Engines: every third cycle to learn from, the last cycle of others to test.

    Whether warnings are calibrated is judged at every third cycle of these others: at their last
    cycles alone, seven of a hundred fail within 10 cycles.
    """
    frame = loader_of("timeseries").runs("cmapss")
    parts = {name: rows for name, rows in frame.groupby("split")}
    train = _engines(parts["train"], "every")
    tests = {
        TEST: _engines(parts["test"], "last"),
        "every third": _engines(parts["test"], "every"),
    }
    yield Split(train, tests, train.X.index.get_level_values(0))


SETS: dict[str, Callable[[], Iterator[Split]]] = {
    "physionet2012": physionet2012,
    "hydraulic": hydraulic,
    "cmapss": cmapss,
}


def _engines(rows: pd.DataFrame, moments: str) -> Part:
    """Engines at some of their cycles, with what is left of their lives."""
    by_engine = rows.groupby("engine")
    last = by_engine["cycle"].max()
    fails = (last + by_engine["rul"].last()).astype(np.float64)
    X = pd.DataFrame(index=last.index)
    sensors = rows.drop(columns=["split", "rul"])
    X["run"] = Histories.from_frame(sensors, X.index, id="engine", time="cycle", end=last)
    failures = pd.DataFrame({"fails": EventTimes(np.ones(len(X)), fails)}, X.index)
    at = last if moments == "last" else range(5, int(last.max()), _EVERY)
    X, Y = landmarks(X, failures, at=at, horizon=[10, 30])
    left = fails.loc[X.index.get_level_values(0)].to_numpy() - X["landmark"]
    Y["rul"] = left.clip(upper=LONGEST_LIFE)
    return Part(X, Y.astype({"fails 10": bool, "fails 30": bool}))
