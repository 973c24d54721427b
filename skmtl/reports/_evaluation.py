"""Evaluate a model on rows that were not used in `fit`."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

from skmtl.answers import fitted_model, fitted_model_reading
from skmtl.metrics import Metric, ScoredTask, read_scored
from skmtl.tables import task_ids

# Number of groups of rows that are left out in turn. A bootstrap would need ten times as many
# scores.
_GROUPS = 30
_OF_CONSTANTS = {"r2": 0.0, "concordance": 0.5, "roc_auc": 0.5, "d2_log_loss_score": 0.0}
_NAMES = {"r2": "R2", "roc_auc": "ROC AUC", "d2_log_loss_score": "D2 of log loss"}
_MOST_IDS = 20
_FEWEST_LABELS = 10
_BINS = 10


def scored_tasks(estimator: Any, X: Any, Y: Any) -> dict[Hashable, ScoredTask]:
    """Return the tasks to score: targets, and for long data also the 20 ids with most rows."""
    tasks = read_scored(estimator, X, Y)
    model, X_read = fitted_model_reading(estimator, X, Y)
    if model.task_column is None:
        return tasks
    ids = task_ids(X_read, model.task_column)
    by_id: dict[Hashable, ScoredTask] = {}
    for chosen in ids.value_counts().index[:_MOST_IDS]:
        rows = (ids == chosen).to_numpy()
        for name, task in tasks.items():
            by_id[chosen, name] = task.of_rows(rows, (chosen, name))
    return tasks | by_id


def score_table(tasks: Mapping[Hashable, ScoredTask]) -> pd.DataFrame:
    """Return the score of each task with a 95 % interval.

    Metrics are the area under the ROC curve for two classes and the explained share of the log
    loss for more, unless a class has fewer than 10 labels; otherwise the default metric of the
    kind.

    Intervals are from the delete-a-group jackknife with 30 random groups of rows. They include the
    randomness of the scored rows, but not that of the training rows.

    Parameters
    ----------
    tasks : mapping of task to ScoredTask

    Returns
    -------
    DataFrame of shape (n_tasks, 6)
        "metric"; "score", "low" and "high", which are NaN for fewer than 10 labels; "baseline",
        the score of the best constant prediction, if known; and the number of "labels".

    References
    ----------
    P. S. Kott, "The Delete-a-Group Jackknife", Journal of Official Statistics 17 (2001), 521-526.
    """
    rows = []
    for task in tasks.values():
        observed = np.flatnonzero(task.observed)
        metric = _metric(task, observed)
        score = task.score(metric, None)
        low, high = _interval(task, observed, metric, score)
        rows.append(
            {
                "metric": _metric_name(metric),
                "score": score,
                "low": low,
                "high": high,
                "baseline": _baseline(task, observed, metric),
                "labels": len(observed),
            }
        )
    index = pd.Index([_words(name) for name in tasks], name="task")
    return pd.DataFrame(rows, index=index)


def _metric(task: ScoredTask, observed: np.ndarray) -> Metric:
    """Return the metric; accuracy would hide what a model knows about rare classes."""
    if task.classes is not None:
        counts = task.labels.iloc[observed].value_counts()
        if len(counts) == len(task.classes) > 1 and counts.min() >= _FEWEST_LABELS:
            return "roc_auc" if len(counts) == 2 else "d2_log_loss_score"
    return task.kind.default_metric


def _interval(
    task: ScoredTask, observed: np.ndarray, metric: Metric, score: float
) -> tuple[float, float]:
    if len(observed) < _FEWEST_LABELS:
        return np.nan, np.nan
    # Use the same groups every time, so that intervals are reproducible.
    order = np.random.default_rng(0).permutation(observed)
    groups = np.array_split(order, min(_GROUPS, len(order)))
    scores = np.array(
        [
            task.take(np.concatenate(groups[:at] + groups[at + 1 :])).score(metric, None)
            for at in range(len(groups))
        ]
    )
    share = (len(groups) - 1) / len(groups)
    error = np.sqrt(share * ((scores - scores.mean()) ** 2).sum())
    half = t.ppf(0.975, len(groups) - 1) * error
    return float(score - half), float(score + half)


def _baseline(task: ScoredTask, observed: np.ndarray, metric: Metric) -> float:
    """Return the score of the best constant; for accuracy, the share of the largest class."""
    if metric == "accuracy" and len(observed):
        return float(task.labels.iloc[observed].value_counts(normalize=True).iloc[0])
    return _OF_CONSTANTS.get(metric, np.nan) if isinstance(metric, str) else np.nan


def _metric_name(metric: Metric) -> str:
    name = metric if isinstance(metric, str) else getattr(metric, "__name__", "score")
    return _NAMES.get(name, name.replace("_", " "))


def calibration_table(tasks: Mapping[Hashable, ScoredTask]) -> dict[str, pd.DataFrame]:
    """Return predicted and observed shares of the positive class, for tasks with two classes.

    Rows are grouped by the probability into at most ten groups of equal size.

    Returns
    -------
    dict of task to DataFrame of shape (n_groups, 3)
        "predicted", "observed" and the number of "labels".
    """
    tables = {}
    for name, task in tasks.items():
        if task.classes is None or len(task.classes) != 2:
            continue
        observed = task.observed
        if observed.sum() < _FEWEST_LABELS:
            continue
        probability = task.predict_proba()[observed, -1]
        is_positive = (task.labels[observed] == task.classes[-1]).to_numpy(dtype=np.float64)
        groups = pd.qcut(probability, _BINS, labels=False, duplicates="drop")
        groups = np.zeros(len(probability)) if np.isnan(groups).all() else groups
        frame = pd.DataFrame({"predicted": probability, "observed": is_positive})
        by_group = frame.groupby(groups)
        tables[_words(name)] = by_group.mean().assign(labels=by_group.size())
    return tables


def coverage_table(estimator: Any, X: Any, tasks: Mapping[Hashable, ScoredTask]) -> pd.DataFrame:
    """Return the share of labels below each predicted quantile, by task and level."""
    model = fitted_model(estimator)
    rows = []
    for name, levels in model.levels.items():
        if name in tasks and tasks[name].observed.any():
            observed = tasks[name].observed
            labels = tasks[name].labels[observed].to_numpy(dtype=np.float64)
            quantiles = estimator.predict_quantiles(X)[name].to_numpy()[observed]
            shares = (labels[:, None] <= quantiles).mean(axis=0)
            rows += [
                {"task": _words(name), "quantile": level, "labels below": share}
                for level, share in zip(levels, shares, strict=True)
            ]
    return pd.DataFrame(rows, columns=["task", "quantile", "labels below"])


def importance_table(estimator: Any) -> pd.DataFrame | None:
    """Return feature importances by task; None if the model has none."""
    shares = getattr(estimator, "feature_importances_by_task_", None)
    if shares is None:
        return None
    return shares.set_axis([_words(name) for name in shares.index], axis=0)


def sharing_facts(estimator: Any) -> list[tuple[str, str]]:
    """Return facts about sharing between tasks in a fitted model."""
    facts = []
    groups = getattr(estimator, "groups_", None) or getattr(estimator, "shared_targets_", None)
    if groups is not None:
        words = " | ".join(", ".join(map(_words, group)) for group in groups)
        facts.append(("learnt together", words))
    selection = getattr(estimator, "selection_", None)
    if hasattr(estimator, "groups_") and isinstance(selection, pd.DataFrame):
        chosen = selection.index[selection["chosen"]]
        facts.append(("chosen on held-out rows", ", ".join(map(_words, chosen))))
    scores = getattr(estimator, "outlier_score_", None)
    if scores is not None:
        outliers = [_words(name) for name, score in scores.items() if score > 0.5]
        facts.append(("outlier tasks", ", ".join(outliers) or "none"))
    weights = getattr(estimator, "weights_", None)
    if isinstance(weights, pd.DataFrame):
        for name, row in weights.iterrows():
            shares = ", ".join(f"{member} {weight:.2f}" for member, weight in row.items())
            facts.append((f"members of {_words(name)}", shares))
    return facts


def _words(name: Any) -> str:
    """Return a short name of a task; steps of funnels and tasks of long data are pairs."""
    return " ".join(map(str, name)) if isinstance(name, tuple) else str(name)
