"""Reading labels, predictions, kinds, metrics and weights by task."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from skmtl.metrics._sklearn import Metric, MetricLike, check_metric
from skmtl.survival._inputs import read_weight as weight_or_ones
from skmtl.tasks import KINDS, Kind, is_named, label_frame, plain_values


def read_predictions(
    y_pred: Any, names: Sequence[Hashable], *, like: Any
) -> dict[Hashable, pd.Series]:
    """Predictions by task: by name where both tables have names, else by position.

    `like` is the table of true labels that the tasks' `names` come from.
    """
    frame = label_frame(y_pred)
    if is_named(y_pred) and is_named(like):
        missing = [name for name in names if name not in frame.columns]
        if missing:
            raise ValueError(
                f"y_pred has no column for the tasks {missing}; it has {list(frame.columns)}."
            )
        return {name: frame[name] for name in names}
    if frame.shape[1] != len(names):
        raise ValueError(
            f"y_pred has {frame.shape[1]} columns for {len(names)} tasks: {list(names)}."
        )
    return {name: frame.iloc[:, i] for i, name in enumerate(names)}


def read_probabilities(y_proba: Any, names: Sequence[Hashable]) -> dict[Hashable, np.ndarray]:
    """What `predict_proba` returned, as arrays of shape (n_samples, n_classes) by task.

    scikit-learn has three forms: a list of arrays; one array for one task; and, for models of
    several binary targets such as MLPClassifier, one array with a column per task.
    """
    if isinstance(y_proba, list | tuple):
        if len(y_proba) != len(names):
            raise ValueError(
                f"predict_proba gave {len(y_proba)} arrays for {len(names)} tasks with classes: "
                f"{list(names)}."
            )
        return dict(zip(names, map(np.asarray, y_proba), strict=True))
    array = np.asarray(y_proba)
    if len(names) == 1:
        return {names[0]: array}
    if array.ndim != 2 or array.shape[1] != len(names):
        raise ValueError(
            f"predict_proba gave an array of shape {array.shape} for the {len(names)} tasks with "
            f"classes: {list(names)}."
        )
    return {name: np.column_stack([1 - array[:, i], array[:, i]]) for i, name in enumerate(names)}


def read_kinds(
    kinds: Any, labels: pd.DataFrame, infer: Mapping[Hashable, Callable[[pd.Series], Kind]]
) -> dict[Hashable, str]:
    """The kind of every task: what the user said, else what its labels look like."""
    given = _by_task(kinds, list(labels.columns), "kinds")
    for name, kind in given.items():
        if _kind_name(kind) not in KINDS:
            raise ValueError(
                f"Unknown kind {kind!r} for task {name!r}; choose from {sorted(KINDS)}."
            )
    return {
        name: _kind_name(given[name]) if name in given else infer[name](labels[name]).name
        for name in labels.columns
    }


def read_metrics(metric: MetricLike, names: Sequence[Hashable]) -> dict[Hashable, Metric]:
    """The metric of every task; "auto" for those that a mapping leaves out."""
    check_metric(metric)
    return {name: "auto" for name in names} | _by_task(metric, names, "metric")


def read_classes(classes: Any, names: Sequence[Hashable]) -> dict[Hashable, np.ndarray]:
    """Classes by task from a mapping, a list of arrays, or one array for one task."""
    if classes is None:
        return {}
    if isinstance(classes, Mapping):
        unknown = [name for name in classes if name not in names]
        if unknown:
            raise ValueError(
                f"`classes` names {unknown}, but the tasks with classes are {list(names)}."
            )
        return {name: np.asarray(each) for name, each in classes.items()}
    if len(names) == 1 and np.ndim(classes) == 1 and np.ndim(classes[0]) == 0:
        return {names[0]: np.asarray(classes)}
    if len(classes) != len(names) or any(np.ndim(each) != 1 for each in classes):
        raise ValueError(
            f"`classes` must hold one array for each of the {len(names)} tasks with classes: "
            f"{list(names)}."
        )
    return dict(zip(names, map(np.asarray, classes), strict=True))


def shown_classes(labels: pd.Series, kind: str) -> np.ndarray:
    """The classes among the observed labels, in the order of a model's probabilities."""
    observed = labels.dropna()
    if isinstance(labels.dtype, pd.CategoricalDtype) and labels.cat.ordered:
        return observed.cat.remove_unused_categories().cat.categories.to_numpy()
    classes = np.sort(pd.unique(plain_values(observed)))
    if kind == "ordinal" and len(classes) and isinstance(classes[0], str):
        raise ValueError(
            f"Task {labels.name!r} is ordinal, but its labels are text without an order; pass "
            "`classes` from lowest to highest."
        )
    return classes


def read_weight(sample_weight: Any, n_samples: int) -> np.ndarray | None:
    """Row weights as finite numbers of shape (n_samples,)."""
    return None if sample_weight is None else weight_or_ones(sample_weight, n_samples)


def _by_task(value: Any, names: Sequence[Hashable], role: str) -> dict[Hashable, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        return {name: value for name in names}
    unknown = [name for name in value if name not in names]
    if unknown:
        raise ValueError(f"`{role}` names the tasks {unknown}, but the tasks are {list(names)}.")
    return dict(value)


def _kind_name(kind: Any) -> str:
    return kind.name if isinstance(kind, Kind) else kind
