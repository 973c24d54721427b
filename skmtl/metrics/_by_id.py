"""Scores of each task id of long data.

There may be thousands of ids with a few rows each. The default metrics are computed from plain
arrays for all ids at once, other metrics for one id after the other.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.exceptions import UndefinedMetricWarning

from skmtl.metrics._task import ScoredTask, weights_of_tasks
from skmtl.survival import concordance
from skmtl.tasks import EventTimes


def score_by_id(
    tasks: Mapping[Hashable, ScoredTask], ids: pd.Series, sample_weight: Any
) -> pd.Series:
    """Return scores by id, or by pairs (id, task) if there are several tasks.

    Parameters
    ----------
    tasks : mapping of name to ScoredTask
    ids : Series of shape (n_samples,)
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), frame, or None
    """
    codes, labels = pd.factorize(ids, sort=True)
    weights = weights_of_tasks(sample_weight, tasks, len(ids))
    columns = [
        _score_task(task, codes, len(labels), weights[name]) for name, task in tasks.items()
    ]
    scores = np.column_stack(columns)
    if len(tasks) == 1:
        return pd.Series(scores[:, 0], index=pd.Index(labels, name=None), name="score")
    names = pd.Index(list(tasks), tupleize_cols=False)
    pairs = pd.MultiIndex.from_arrays(
        [
            pd.Index(labels).repeat(len(names)),
            names.take(np.tile(np.arange(len(names)), len(labels))),
        ]
    )
    return pd.Series(scores.ravel(), index=pairs, name="score")


def _score_task(
    task: ScoredTask, codes: np.ndarray, n_ids: int, sample_weight: np.ndarray | None
) -> np.ndarray:
    """Return the score of a task for each id; NaN for ids without labels of positive weight."""
    metric = task.kind.default_metric
    task = task.weighed(sample_weight)
    if isinstance(metric, str) and metric in _AT_ONCE:
        observed = np.flatnonzero(task.observed)
        truth, answer = task.plain_answers()
        weight = (np.ones(len(codes)) if sample_weight is None else sample_weight)[observed]
        with task.naming_errors(metric):
            return _AT_ONCE[metric](truth, answer, weight, codes[observed], n_ids)
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=n_ids))
    scores = np.empty(n_ids)
    for number, rows in enumerate(np.split(order, ends[:-1])):
        of_rows = None if sample_weight is None else sample_weight[rows]
        scores[number] = task.take(rows).score(metric, of_rows)
    return scores


def _r2(
    truth: np.ndarray, answer: np.ndarray, weight: np.ndarray, codes: np.ndarray, n_ids: int
) -> np.ndarray:
    """Return R2 by id, as defined by `sklearn.metrics.r2_score`; NaN for a single label."""
    truth, answer = truth.astype(np.float64), answer.astype(np.float64)
    n_labels = np.bincount(codes, minlength=n_ids)
    total = np.bincount(codes, weight, n_ids)
    counted = total > 0
    mean = np.bincount(codes, weight * truth, n_ids) / np.where(counted, total, 1.0)
    # The mean of many equal numbers can differ from them in the last digit.
    least, most = np.full(n_ids, np.inf), np.full(n_ids, -np.inf)
    np.minimum.at(least, codes, truth)
    np.maximum.at(most, codes, truth)
    mean = np.where(least == most, least, mean)
    residual = np.bincount(codes, weight * (truth - answer) ** 2, n_ids)
    spread = np.bincount(codes, weight * (truth - mean[codes]) ** 2, n_ids)
    ratio = np.divide(residual, spread, out=np.ones(n_ids), where=spread > 0)
    scores = np.where((spread == 0) & (residual == 0), 1.0, 1.0 - ratio)
    single = counted & (n_labels < 2)
    if single.any():
        warnings.warn(
            f"R^2 score is not well-defined with less than two samples: it is NaN for "
            f"{int(single.sum())} task ids.",
            UndefinedMetricWarning,
            stacklevel=2,
        )
    return np.where(counted & ~single, scores, np.nan)


def _accuracy(
    truth: np.ndarray, answer: np.ndarray, weight: np.ndarray, codes: np.ndarray, n_ids: int
) -> np.ndarray:
    """Return accuracy by id."""
    total = np.bincount(codes, weight, n_ids)
    hits = np.bincount(codes, weight * (truth == answer), n_ids)
    return np.divide(hits, total, out=np.full(n_ids, np.nan), where=total > 0)


def _concordance(
    truth: EventTimes, risk: np.ndarray, weight: np.ndarray, codes: np.ndarray, n_ids: int
) -> np.ndarray:
    """Return concordance by id."""
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=n_ids))
    scores = np.full(n_ids, np.nan)
    for number, rows in enumerate(np.split(order, ends[:-1])):
        if weight[rows].any():
            scores[number] = concordance(truth[rows], risk[rows], sample_weight=weight[rows])
    return scores


_AT_ONCE: dict[str, Callable[..., np.ndarray]] = {
    "r2": _r2,
    "accuracy": _accuracy,
    "concordance": _concordance,
}
