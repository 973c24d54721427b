"""Resolve names of metrics to scikit-learn's metrics, with the classes of a task."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    cohen_kappa_score,
    d2_brier_score,
    d2_log_loss_score,
    d2_tweedie_score,
    get_scorer,
    get_scorer_names,
    log_loss,
    make_scorer,
    r2_score,
    roc_auc_score,
    top_k_accuracy_score,
)
from sklearn.preprocessing import label_binarize

from skmtl.survival import concordance

Metric = str | Callable[..., float]
MetricLike = Metric | Mapping[Any, Metric]


def _r2(
    y_true: np.ndarray, y_pred: np.ndarray, *, sample_weight: np.ndarray | None = None
) -> float:
    """Return R2, which is 1 or 0 if all labels are the same number.

    The mean of many equal numbers can differ from them in the last digit, so that scikit-learn
    would divide by a number that is nearly zero.
    """
    if len(y_true) and (y_true == y_true[0]).all():
        y_true, y_pred = np.zeros(len(y_true)), y_pred - y_true[0]
    return r2_score(y_true, y_pred, sample_weight=sample_weight)


def _one_vs_rest(
    y_true: np.ndarray,
    y_score: np.ndarray,
    *,
    curve: Callable[..., float],
    labels: np.ndarray,
    average: str = "macro",
    sample_weight: np.ndarray | None = None,
) -> float:
    """Average a ranking metric of each class against the rest over the classes present."""
    if y_score.ndim == 1:
        return curve(y_true, y_score, sample_weight=sample_weight)
    is_class = label_binarize(y_true, classes=labels)
    present = is_class.any(axis=0)
    return curve(
        is_class[:, present], y_score[:, present], average=average, sample_weight=sample_weight
    )


def _one_vs_one(
    y_true: np.ndarray, y_score: np.ndarray, *, labels: np.ndarray, average: str
) -> float:
    """Average AUC over all pairs of classes that are present."""
    if y_score.ndim == 1:
        return roc_auc_score(y_true, y_score)
    return roc_auc_score(y_true, y_score, labels=labels, multi_class="ovo", average=average)


def _probabilistic(score: Callable[..., float], **settings: Any) -> dict[str, Any]:
    return {"score_func": score, "response_method": "predict_proba", **settings}


# Metrics that need all classes, since scored rows may lack some: arguments of `make_scorer`, to
# which the task's classes are added as `labels`.
_WITH_CLASSES: dict[str, dict[str, Any]] = {
    "average_precision": _probabilistic(_one_vs_rest, curve=average_precision_score),
    "roc_auc_ovr": _probabilistic(_one_vs_rest, curve=roc_auc_score),
    "roc_auc_ovr_weighted": _probabilistic(_one_vs_rest, curve=roc_auc_score, average="weighted"),
    "roc_auc_ovo": _probabilistic(_one_vs_one, average="macro"),
    "roc_auc_ovo_weighted": _probabilistic(_one_vs_one, average="weighted"),
    "neg_log_loss": _probabilistic(log_loss, greater_is_better=False),
    "neg_brier_score": _probabilistic(brier_score_loss, greater_is_better=False),
    "d2_log_loss_score": _probabilistic(d2_log_loss_score),
    "d2_brier_score": _probabilistic(d2_brier_score),
    "top_k_accuracy": _probabilistic(top_k_accuracy_score),
    "quadratic_weighted_kappa": {"score_func": cohen_kappa_score, "weights": "quadratic"},
}


# Metrics of numbers, including classes that are numbers.
_OF_NUMBERS = {
    "concordance",
    "d2_absolute_error_score",
    "d2_poisson",
    "explained_variance",
    "neg_max_error",
    "neg_mean_absolute_error",
    "neg_mean_absolute_percentage_error",
    "neg_mean_gamma_deviance",
    "neg_mean_poisson_deviance",
    "neg_mean_squared_error",
    "neg_mean_squared_log_error",
    "neg_median_absolute_error",
    "neg_root_mean_squared_error",
    "neg_root_mean_squared_log_error",
    "r2",
}


def metric_names() -> list[str]:
    """Return all names of metrics."""
    return sorted({"auto", "concordance", "d2_poisson", *_WITH_CLASSES, *get_scorer_names()})


def check_metric(metric: Any) -> None:
    """Raise an error for an invalid metric, before any work."""
    if isinstance(metric, Mapping):
        for of_task in metric.values():
            check_metric(of_task)
    elif isinstance(metric, str):
        if metric not in metric_names():
            close = get_close_matches(metric, metric_names(), n=3)
            hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
            raise ValueError(
                f"Unknown metric {metric!r}.{hint} Names are those of "
                "sklearn.metrics.get_scorer_names(), 'auto', 'concordance', "
                "'d2_poisson' and 'quadratic_weighted_kappa'."
            )
    elif not callable(metric):
        raise ValueError(
            f"A metric is a name, a scorer or a callable(y_true, y_pred), got {metric!r}."
        )


def needs_classes(metric: Metric) -> bool:
    """Whether a metric needs all classes of the task, including those without scored rows."""
    return isinstance(metric, str) and metric in _WITH_CLASSES


def reads_numbers(metric: Metric) -> bool:
    """Whether a metric of scikit-learn treats labels and predictions as numbers."""
    return isinstance(metric, str) and metric in _OF_NUMBERS


def as_scorer(metric: Metric, classes: np.ndarray | None) -> Callable[..., float]:
    """Return the callable ``scorer(estimator, X, y, sample_weight=...)`` of a metric."""
    if callable(metric):
        return metric if _is_scorer(metric) else make_scorer(metric)
    if metric == "concordance":
        return make_scorer(concordance)
    if metric == "r2":
        return make_scorer(_r2)
    if metric == "d2_poisson":
        return make_scorer(d2_tweedie_score, power=1)
    if metric in _WITH_CLASSES:
        return make_scorer(**_WITH_CLASSES[metric], labels=classes)
    return get_scorer(metric)


def _is_scorer(metric: Callable[..., float]) -> bool:
    """Whether a callable is a scorer, whose first argument is an estimator."""
    try:
        parameters = list(inspect.signature(metric).parameters)
    except ValueError:  # callables written in C may not have a signature
        return False
    return bool(parameters) and parameters[0] == "estimator"
