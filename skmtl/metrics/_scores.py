"""Scores by task from true labels and predictions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from skmtl.answers import read_classes, read_predictions, read_probabilities
from skmtl.metrics._inputs import (
    read_kinds,
    read_metrics,
    shown_classes,
)
from skmtl.metrics._sklearn import MetricLike
from skmtl.metrics._task import ScoredTask, metrics_of_tasks, weights_of_tasks
from skmtl.tasks import Kind, class_kind, label_frame, mixed_kind

Answer = pd.Series | np.ndarray  # predictions (n_samples,) or probabilities (n_samples, n_classes)


def score_tasks(
    y_true: Any,
    y_pred: Any,
    *,
    metric: MetricLike = "auto",
    kinds: str | Kind | Mapping[Any, str | Kind] | None = None,
    classes: Any = None,
    sample_weight: Any = None,
) -> pd.Series:
    """Score every task on the rows whose label is observed.

    Parameters
    ----------
    y_true : DataFrame, array or Series of shape (n_samples,) or (n_samples, n_tasks)
        True labels of any dtype, also polars; missing labels are NaN, None or NA.
    y_pred : table like y_true, list of arrays, or mapping of task to array
        Predictions in the units of `y_true`, or, for metrics of probabilities, arrays of shape
        (n_samples, n_classes), such as the list returned by `predict_proba`. With a mapping of
        metrics, each task has the form that its metric needs. Tables with column names are matched
        by name, others by position.
    metric : str, scorer, callable, or mapping of task to one of these, default="auto"
        See :mod:`skmtl.metrics`. "auto" is the kind's default (R2 for numbers, accuracy for
        classes), and is also used for tasks that are not in a mapping.
    kinds : str, Kind, or mapping of task to one of these, optional
        Kinds of the tasks, for example `task_kinds_` of a fitted model. The kinds of other tasks
        are inferred from their dtype: numbers are regression (binary if they are all 0 or 1);
        text, categories and booleans have classes.
    classes : mapping of task to array, list of arrays, or array for one task, optional
        Classes in the order of the columns of probabilities, such as `classes_` of a model.
        Required if not all classes occur in the scored rows; by default the sorted labels.
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), or frame, optional
        Weights of the rows, or of every label; the columns of a frame are matched by name.

    Returns
    -------
    Series of shape (n_tasks,)
        Scores by task; higher is better for every named metric. NaN for a task without observed
        labels (or without weight), and if scikit-learn considers the metric undefined.

    Raises
    ------
    ValueError
        If the inputs do not match, a metric is unsuitable for its task, or the prediction for an
        observed label is missing. Messages name the task.

    Notes
    -----
    One-vs-rest averages ("roc_auc_ovr", "average_precision") of a task with more than two classes
    are over the classes in the scored rows; rows of all classes are used. In a binary task the
    positive class is the last of `classes`, whatever the classes are called.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skmtl.metrics import score_tasks
    >>> truth = pd.DataFrame({"spend": [1.0, 2.0, np.nan], "click": ["no", "yes", None]})
    >>> score_tasks(
    ...     truth,
    ...     {"spend": [1.0, 2.5, 7.0], "click": np.array([[0.9, 0.1], [0.4, 0.6], [0.5, 0.5]])},
    ...     metric={"spend": "neg_mean_absolute_error", "click": "roc_auc"},
    ... ).to_dict()
    {'spend': -0.25, 'click': 1.0}
    """
    labels = label_frame(y_true)
    if len(labels) == 0:
        raise ValueError("y_true has no row, so there is nothing to score.")
    names: list[Hashable] = list(labels.columns)
    answers = _read_answers(y_pred, names, y_true)
    _check_lengths(labels, answers)
    infer = {name: mixed_kind if answers[name].ndim == 1 else class_kind for name in names}
    kind_of = read_kinds(kinds, labels, infer)
    class_of = read_classes(classes, [name for name in names if kind_of[name].is_classification])
    tasks = {
        name: _task(name, labels[name], kind_of[name], answers[name], class_of.get(name))
        for name in names
    }
    for name, chosen in read_metrics(metric, names).items():
        if chosen == "auto":
            _refuse_fractions(tasks[name], answers[name])
    scores = score_each(tasks, metric, sample_weight)
    return scores.rename(metric if isinstance(metric, str) and metric != "auto" else "score")


def score_each(
    tasks: Mapping[Hashable, ScoredTask],
    metric: MetricLike,
    sample_weight: Any,
    *,
    only: Hashable | None = None,
) -> pd.Series:
    """Return scores of all tasks or of a single one.

    Parameters
    ----------
    tasks : mapping of task to ScoredTask
    metric : str, scorer, callable, or mapping of task to one of these
        See :mod:`skmtl.metrics`. The metric of a funnel is used for all of its steps without one.
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), frame, or None
    only : task or None, default=None
        The only task to score; None scores all.

    Returns
    -------
    Series of float64, by task
    """
    metrics = metrics_of_tasks(metric, tasks)
    chosen = list(tasks) if only is None else [only]
    weights = weights_of_tasks(sample_weight, tasks, len(tasks[chosen[0]].labels))
    scores = [tasks[name].score(metrics[name], weights[name]) for name in chosen]
    return pd.Series(scores, index=pd.Index(chosen, tupleize_cols=False), dtype=np.float64)


def _read_answers(y_pred: Any, names: Sequence[Hashable], y_true: Any) -> dict[Hashable, Answer]:
    if isinstance(y_pred, Mapping):
        missing = [name for name in names if name not in y_pred]
        if missing:
            raise ValueError(f"y_pred has no entry for the tasks {missing}.")
        return {name: _one_answer(y_pred[name]) for name in names}
    if _is_proba_list(y_pred) or (len(names) == 1 and _is_wide_array(y_pred)):
        return dict(read_probabilities(y_pred, names))
    return dict(read_predictions(y_pred, names, like=y_true))


def _one_answer(answer: Any) -> Answer:
    if np.ndim(answer) == 2:
        return np.asarray(answer, dtype=np.float64)
    return label_frame(answer).iloc[:, 0]


def _is_proba_list(y_pred: Any) -> bool:
    return isinstance(y_pred, list | tuple) and all(
        isinstance(each, np.ndarray) and each.ndim == 2 for each in y_pred
    )


def _is_wide_array(y_pred: Any) -> bool:
    return isinstance(y_pred, np.ndarray) and y_pred.ndim == 2 and y_pred.shape[1] > 1


def _check_lengths(labels: pd.DataFrame, answers: Mapping[Hashable, Answer]) -> None:
    for name, answer in answers.items():
        if len(answer) != len(labels):
            raise ValueError(
                f"y_true has {len(labels)} rows, but y_pred has {len(answer)} for task {name!r}."
            )


def _task(
    name: Hashable, labels: pd.Series, kind: Kind, answer: Answer, classes: np.ndarray | None
) -> ScoredTask:
    predict: Callable[[], pd.Series]
    predict_proba: Callable[[], np.ndarray]
    if isinstance(answer, pd.Series):
        predict, predict_proba = (lambda: answer), _no_probabilities
    else:
        predict, predict_proba = _no_predictions, (lambda: answer)
        classes = shown_classes(labels, kind) if classes is None else classes
    return ScoredTask(name, kind, labels, predict, predict_proba, classes)


def _refuse_fractions(task: ScoredTask, answer: Answer) -> None:
    """Refuse predictions between the classes of a target whose labels are numbers."""
    if not task.kind.is_classification or not isinstance(answer, pd.Series):
        return
    if pd.api.types.is_float_dtype(answer) and (answer.dropna() % 1 != 0).any():
        raise ValueError(
            f"The labels of task {task.name!r} are classes (kind {task.kind.name!r}), but its "
            f"predictions are fractions. Pass kinds={{{task.name!r}: 'regression'}} to score them "
            "as numbers, or probabilities of shape (n_samples, n_classes) and a metric that reads "
            "these."
        )


def _no_probabilities() -> NoReturn:
    raise ValueError(
        "the metric reads probabilities, but y_pred holds predictions; pass an array of shape "
        "(n_samples, n_classes) for this task"
    )


def _no_predictions() -> NoReturn:
    raise ValueError(
        "the metric reads predicted labels, but y_pred holds probabilities; pass predictions for "
        "this task"
    )
