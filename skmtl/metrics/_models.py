"""Asking a fitted estimator about its tasks, whatever wraps it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import is_classifier, is_regressor

from skmtl._unwrap import innermost
from skmtl.metrics._inputs import (
    read_classes,
    read_kinds,
    read_predictions,
    read_probabilities,
)
from skmtl.metrics._task import ScoredTask
from skmtl.tasks import (
    KINDS,
    Kind,
    class_kind,
    label_frame,
    labels_of_tasks,
    mixed_kind,
    number_kind,
)


def read_model(estimator: Any, X: Any, y: Any) -> dict[Hashable, ScoredTask]:
    """The tasks of y, with the ways to ask a fitted estimator about them.

    skmtl's estimators say by `task_names_` and `task_kinds_` what they were fitted on; of causes
    that compete, each risk is a task. For others the columns of y are the tasks, which have
    classes if the estimator is a classifier.
    The estimator's `predict` and `predict_proba` are called at most once, when needed.
    """
    model = innermost(estimator)
    labels = _labels_of_model(y, model)
    kinds = _kinds_of_model(estimator, model, labels)
    with_classes = [name for name, kind in kinds.items() if KINDS[kind].is_classification]
    classes = classes_of(estimator, with_classes)

    @cache
    def predictions() -> dict[Hashable, pd.Series]:
        return read_predictions(estimator.predict(X), list(kinds), like=labels)

    @cache
    def probabilities() -> dict[Hashable, np.ndarray]:
        return read_probabilities(_predict_proba(estimator, X), with_classes)

    return {
        name: ScoredTask(
            name=name,
            kind=kinds[name],
            labels=labels[name],
            predict=_part(predictions, name),
            predict_proba=_part(probabilities, name),
            classes=classes.get(name),
        )
        for name in labels.columns
    }


def _part(whole: Callable[[], dict[Hashable, Any]], name: Hashable) -> Callable[[], Any]:
    return lambda: whole()[name]


def _labels_of_model(y: Any, model: Any) -> pd.DataFrame:
    """Labels under the names the model was fitted with."""
    names = getattr(model, "task_names_", None)
    # Ours: several columns of y may be one label, and one label may have several predictions.
    if hasattr(model, "_scored_labels"):
        labels = model._scored_labels(y)
    else:
        labels = label_frame(y) if names is None else labels_of_tasks(y, names)
    if len(labels) == 0:
        raise ValueError("y has no row, so there is nothing to score.")
    return labels


def _kinds_of_model(estimator: Any, model: Any, labels: pd.DataFrame) -> dict[Hashable, str]:
    if hasattr(model, "_scored_kinds"):
        return model._scored_kinds(labels)
    kinds = getattr(model, "task_kinds_", None)
    if kinds is not None:
        return kinds
    return read_kinds(None, labels, dict.fromkeys(labels.columns, _inference(estimator)))


def _inference(estimator: Any) -> Callable[[pd.Series], Kind]:
    if is_classifier(estimator):
        return class_kind
    return number_kind if is_regressor(estimator) else mixed_kind


def classes_of(estimator: Any, names: Sequence[Hashable]) -> dict[Hashable, np.ndarray]:
    """`classes_` by task; scikit-learn's models of several binary targets number the targets."""
    classes = getattr(estimator, "classes_", None) if names else None
    if classes is not None and len(names) > 1 and all(np.ndim(each) == 0 for each in classes):
        return {name: np.array([0, 1]) for name in names}
    return read_classes(classes, names)


def _predict_proba(estimator: Any, X: Any) -> Any:
    if not hasattr(estimator, "predict_proba"):
        raise ValueError(
            f"the metric reads probabilities, but {type(estimator).__name__} has no predict_proba"
        )
    return estimator.predict_proba(X)
