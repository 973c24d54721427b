"""Fit on the training rows of a split, and score by task on its test rows."""

from __future__ import annotations

import pickle
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from skmtl.answers import fitted_model
from skmtl.metrics import MetricLike
from skmtl.sharing._lightgbm import LightGBMAlone
from skmtl.sharing._scores import score_on
from skmtl.sharing._splits import Split
from skmtl.sharing._tasks import TaskTable, fit_on, for_tasks
from skmtl.tasks import Kind


@dataclass(frozen=True)
class Run:
    """One model on one split.

    Attributes
    ----------
    scores : Series by task
    fit_seconds : float
        Wall-clock time.
    size_bytes : int
        Size of the pickled model.
    kinds : dict of task to Kind
        Kinds of the tasks in the model.
    """

    scores: pd.Series
    fit_seconds: float
    size_bytes: int
    kinds: dict[Hashable, Kind]


def run_together(
    estimator: Any,
    table: TaskTable,
    split: Split,
    names: Sequence[Hashable],
    metric: MetricLike,
) -> Run:
    """Fit and score one model for some of the tasks, or for a single one."""
    model, seconds = fit_group(estimator, table, split[0], names)
    test = table.take(split[1]).only(names)
    scores = score_on(model, test, _of_tasks(metric, names))
    # A rare task may have no test row from which to infer its kind.
    kinds = kinds_of(model, table.take(split[0]).only(names))
    return Run(scores, seconds, len(pickle.dumps(model)), kinds)


def fit_group(
    estimator: Any, table: TaskTable, rows: np.ndarray, names: Sequence[Hashable]
) -> tuple[Any, float]:
    """Fit a model of some tasks on some rows; returns the model and the seconds."""
    learnt = table.take(rows).only(names)
    started = time.perf_counter()
    try:
        model = fit_on(for_tasks(estimator, table, names), learnt)
    except ValueError as error:
        raise ValueError(
            f"On the training rows of a split, the tasks {list(names)} cannot be learnt: {error}"
        ) from error
    return model, time.perf_counter() - started


def run_lightgbm(
    kind: Kind, table: TaskTable, split: Split, name: Hashable, metric: MetricLike, seed: int
) -> Run:
    """Fit and score LightGBM for one task; NaN for kinds without an objective."""
    if not LightGBMAlone.can_learn(kind):
        return Run(pd.Series({name: np.nan}), 0.0, 0, {name: kind})
    learnt, test = table.take(split[0]).only([name]), table.take(split[1]).only([name])
    started = time.perf_counter()
    model = LightGBMAlone(kind, seed).fit(learnt.X, learnt.y, learnt.weight_of(name))
    seconds = time.perf_counter() - started
    scores = score_on(model, test, _of_tasks(metric, [name]))
    return Run(scores, seconds, len(pickle.dumps(model)), {name: kind})


def _of_tasks(metric: MetricLike, names: Sequence[Hashable]) -> MetricLike:
    if not isinstance(metric, dict):
        return metric
    return {name: of_task for name, of_task in metric.items() if name in names}


def kinds_of(model: Any, table: TaskTable) -> dict[Hashable, Kind]:
    """Return kinds from skmtl's estimators, or those that the metrics assume for others."""
    kinds = fitted_model(model, table.y).kinds
    if table.ids is not None:
        return dict.fromkeys(table.names, next(iter(kinds.values())))
    return kinds
