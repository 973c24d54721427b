"""Score a fitted estimator by task, also inside wrappers."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length

from skmtl.answers import Answers, FittedModel, fitted_model_reading
from skmtl.metrics._by_id import score_by_id
from skmtl.metrics._parts import as_targets, by_part
from skmtl.metrics._scores import score_each
from skmtl.metrics._sklearn import MetricLike
from skmtl.metrics._task import ScoredTask
from skmtl.tables import task_ids


def read_model(estimator: Any, X: Any, y: Any) -> dict[Hashable, ScoredTask]:
    """Return the targets of y with functions that return their predictions.

    With competing causes, each risk is a task. Labels that are only partly known, because the next
    step in a funnel is unknown, are missing. The estimator predicts once, when needed.

    Parameters
    ----------
    estimator : fitted estimator
        Of skmtl, or a multi-output one of scikit-learn; alone or inside searches and pipelines.
    X : table of shape (n_samples, n_features)
    y : labels of shape (n_samples,) or (n_samples, n_tasks)

    Returns
    -------
    dict of task to ScoredTask
    """
    model, X_read = fitted_model_reading(estimator, X, y)
    return as_targets(_scored_tasks(model, X_read, y))


def read_scored(estimator: Any, X: Any, y: Any) -> dict[Hashable, ScoredTask]:
    """Return the tasks as they are scored: pairs (task, part) for a target with several parts.

    Parameters
    ----------
    estimator : fitted estimator
        Of skmtl, or a multi-output one of scikit-learn; alone or inside searches and pipelines.
    X : table of shape (n_samples, n_features)
    y : labels of shape (n_samples,) or (n_samples, n_tasks)

    Returns
    -------
    dict of task to ScoredTask
    """
    model, X_read = fitted_model_reading(estimator, X, y)
    return by_part(_scored_tasks(model, X_read, y))


def score_model(
    estimator: Any, X: Any, y: Any, *, metric: MetricLike = "auto", sample_weight: Any = None
) -> pd.Series:
    """Score every task of a fitted estimator on rows with an observed label.

    Parameters
    ----------
    estimator : fitted estimator
        Of skmtl, or a multi-output one of scikit-learn; alone or inside searches and pipelines.
    X : table of shape (n_samples, n_features)
    y : labels of shape (n_samples,) or (n_samples, n_tasks)
    metric : str, scorer, callable, or mapping of task to one of these, default="auto"
        See :mod:`skmtl.metrics`.
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), or frame, optional

    Returns
    -------
    Series of shape (n_tasks,)
        A funnel has a pair (task, step) for each step, and a composition a pair (task, part) for
        each part.
    """
    tasks = read_scored(estimator, X, y)
    return score_each(tasks, metric, sample_weight).rename("score")


def score_model_by_id(estimator: Any, X: Any, y: Any, *, sample_weight: Any = None) -> pd.Series:
    """Score a fitted estimator of long data for every task id, by the kind's default metric.

    Parameters
    ----------
    estimator : fitted estimator
    X : table of shape (n_samples, n_features)
        A table with the task column.
    y : labels of shape (n_samples,) or (n_samples, n_targets)
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), or frame, optional

    Returns
    -------
    Series
        Scores by id, or by pairs (id, target) if there are several predictions.
    """
    model, X_read = fitted_model_reading(estimator, X, y)
    tasks = by_part(_scored_tasks(model, X_read, y))
    return score_by_id(tasks, task_ids(X_read, model.task_column), sample_weight)


def score_model_by_group(
    estimator: Any, X: Any, y: Any, groups: pd.DataFrame, *, sample_weight: Any = None
) -> pd.Series:
    """Score a fitted estimator on each of several groups of rows, by the kind's default metric.

    Parameters
    ----------
    estimator : fitted estimator
    X : table of shape (n_samples, n_features)
    y : labels of shape (n_samples,) or (n_samples, n_tasks)
    groups : DataFrame of shape (n_samples, n_keys)
        Rows with the same values form a group.
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), or frame, optional

    Returns
    -------
    Series
        Scores by the values of `groups` and the target.
    """
    tasks = read_model(estimator, X, y)
    grouped = groups.groupby(list(groups.columns), sort=True, observed=True)
    scores = score_by_id(tasks, grouped.ngroup(), sample_weight)
    keys = grouped.size().index.to_frame(index=False)
    repeated = keys.loc[keys.index.repeat(len(tasks))]
    targets = pd.Series(list(tasks) * len(keys), index=repeated.index, name="target")
    index = pd.MultiIndex.from_frame(pd.concat([repeated, targets], axis=1))
    return pd.Series(scores.to_numpy(), index=index, name="score")


def _scored_tasks(model: FittedModel, X: Any, y: Any) -> dict[Hashable, ScoredTask]:
    scored = model.read_scored(y)
    if len(scored.Y) == 0:
        raise ValueError("y has no row, so there is nothing to score.")
    check_consistent_length(X, scored.Y)
    asked = _Once(partial(model.ask, X))
    classes = model.classes
    return {
        name: ScoredTask(
            name=name,
            kind=scored.kinds[name],
            labels=scored.Y[name],
            predict=partial(_prediction, asked, scored.kinds[name].prediction_names(name)),
            predict_proba=partial(_probabilities, asked, name),
            classes=classes.get(name),
        )
        for name in scored.Y.columns
    }


class _Once:
    """The answers of a model for X, which predicts when the first of them is needed."""

    def __init__(self, ask: Callable[[], Answers]) -> None:
        self._ask = ask
        self._answers: Answers | None = None

    def __call__(self) -> Answers:
        if self._answers is None:
            self._answers = self._ask()
        return self._answers


def _prediction(asked: _Once, names: list[Hashable]) -> pd.Series | pd.DataFrame:
    columns = [asked().predictions[name] for name in names]
    return pd.Series(columns[0]) if len(columns) == 1 else pd.DataFrame(np.column_stack(columns))


def _probabilities(asked: _Once, name: Hashable) -> np.ndarray:
    return asked().probabilities(name)
