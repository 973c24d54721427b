"""Fitted models with tables to score."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import skmtl
from skmtl.datasets import make_survival, make_task_groups
from skmtl.tasks import Survival
from tests.files.cases import BOOSTING, CASES, NETWORK, Case, fitted, table


def grouped() -> Case:
    X, Y = make_task_groups(80, groups=(0, 0, 1), random_state=0)
    inner = skmtl.RMTGB(tasks={"task_1": "quantile"}, **BOOSTING)
    Y["task_2"] = Y["task_2"] > 0
    groups = [["task_0", "task_1"], ["task_2"]]
    return Case(skmtl.GroupedTasks(inner, groups=groups).fit(X, Y), X)


def behind_a_pipeline() -> Case:
    X, Y = table()
    before = make_column_transformer(
        (OneHotEncoder(handle_unknown="error", sparse_output=False), ["new"]),
        ("passthrough", ["size", "city"]),
    ).set_output(transform="pandas")
    model = make_pipeline(before, skmtl.RMTGB(**BOOSTING)).fit(X, Y[["price", "sold"]])
    return Case(model, X)


def network_with_an_event() -> Case:
    X, y = make_survival(80, random_state=0)
    y = pd.DataFrame({"seen": y["event"], "days": y["duration"], "cost": y["duration"] * 3.0})
    kinds = {"death": Survival(event="seen", time="days", cuts=3)}
    return Case(skmtl.MultiTab(tasks=kinds, **NETWORK).fit(X, y), X)


EVERY = {
    **{
        name: partial(fitted, name)
        for name in CASES
        if name not in ("multitab-periodic", "rmtgb-auto")
    },
    "grouped": grouped,
    "pipeline": behind_a_pipeline,
    "multitab-event": network_with_an_event,
}


@pytest.fixture(scope="session")
def case_of() -> Callable[[str], Case]:
    """The fitted model with a name; tests must not change it."""
    return cache(lambda name: EVERY[name]())


@pytest.fixture
def houses(tmp_path) -> pd.DataFrame:
    """500 rows of the table that "rmtgb" was fitted on, with ids, in two files and three groups.

    The files are ``in/a.parquet`` and ``in/b.parquet``, with row groups of 150 rows.
    """
    pytest.importorskip("pyarrow")
    X, _ = table(500)
    X.insert(2, "id", np.arange(500) + 10**15)
    folder = tmp_path / "in"
    folder.mkdir()
    X[:300].to_parquet(folder / "a.parquet", row_group_size=150)
    X[300:].to_parquet(folder / "b.parquet", row_group_size=150)
    return X
