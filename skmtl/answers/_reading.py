"""Split the results of `predict` and `predict_proba`, and `classes_`, by task."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from skmtl.tasks import is_named, label_frame


def read_predictions(
    y_pred: Any, names: Sequence[Hashable], *, like: Any
) -> dict[Hashable, pd.Series]:
    """Return predictions by task: by name if both tables have names, otherwise by position.

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
    """Return the result of `predict_proba` as arrays of shape (n_samples, n_classes) by task.

    scikit-learn has three forms: a list of arrays; one array for one task; and, for models of
    several binary targets such as MLPClassifier, one array with a column per task.
    """
    if isinstance(y_proba, list | tuple):
        if len(y_proba) != len(names):
            raise ValueError(
                f"predict_proba returned {len(y_proba)} arrays for {len(names)} tasks with "
                f"classes: {list(names)}."
            )
        return dict(zip(names, map(np.asarray, y_proba), strict=True))
    array = np.asarray(y_proba)
    if len(names) == 1:
        return {names[0]: array}
    if array.ndim != 2 or array.shape[1] != len(names):
        raise ValueError(
            f"predict_proba returned an array of shape {array.shape} for the {len(names)} tasks "
            f"with classes: {list(names)}."
        )
    return {name: np.column_stack([1 - array[:, i], array[:, i]]) for i, name in enumerate(names)}


def read_classes(classes: Any, names: Sequence[Hashable]) -> dict[Hashable, np.ndarray]:
    """Return classes by task from a mapping, a list of arrays, or one array for one task."""
    if classes is None:
        return {}
    if isinstance(classes, Mapping):
        unknown = [name for name in classes if name not in names]
        if unknown:
            raise ValueError(
                f"`classes` names {unknown}, but the tasks with classes are {list(names)}."
            )
        return {name: np.asarray(labels) for name, labels in classes.items()}
    if len(names) == 1 and np.ndim(classes) == 1 and np.ndim(classes[0]) == 0:
        return {names[0]: np.asarray(classes)}
    if len(classes) != len(names) or any(np.ndim(labels) != 1 for labels in classes):
        raise ValueError(
            f"`classes` must hold one array for each of the {len(names)} tasks with classes: "
            f"{list(names)}."
        )
    return dict(zip(names, map(np.asarray, classes), strict=True))
