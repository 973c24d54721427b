"""The columns that a model reads, and what it takes each of them for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
from pandas.api import types
from sklearn.utils.validation import check_is_fitted

from skmtl.tables import TaskIds, task_position

Reading = Literal["number", "text", "any"]


@dataclass(frozen=True)
class Features:
    """The columns of X, in the order in which the model reads them.

    Attributes
    ----------
    names : list of str
    labels : list
        What they are called in the frame for the model: the numbers 0, 1, ... if it was fitted
        on data without names.
    readings : list of Reading, or None
        What the model takes each of them for; None where something stands before the model.
    task : int or None
        Position of the column with the task ids of long data.
    known_ids : TaskIds or None
        The ids, where the model refuses others.
    """

    names: list[Any]
    labels: list[Any]
    readings: list[Reading] | None
    task: int | None
    known_ids: TaskIds | None


def feature_names(
    model: Any, columns: Sequence[Any] | None, keep: Sequence[Any], available: Sequence[Any]
) -> list[Any]:
    """The columns of X: those that are given, that `fit` saw, or all that are not kept.

    Raises
    ------
    ValueError
        If some are missing from the `available` ones, or their number is not that of `fit`.
    """
    check_is_fitted(model)
    seen = getattr(model, "feature_names_in_", None)
    if columns is not None:
        names = list(columns)
    elif seen is not None:
        names = list(seen)
    else:
        names = [name for name in available if name not in keep]
    n_seen = getattr(model, "n_features_in_", len(names))
    if len(names) != n_seen:
        raise ValueError(
            f"The model reads {n_seen} columns, and there are {len(names)}: {names[:20]}. Name "
            "them with columns=[...], in the order of fit."
        )
    if seen is not None and set(names) != set(seen):
        strange = [name for name in names if name not in set(seen)]
        raise ValueError(
            f"columns names {strange[:5]}, which fit has not seen; it saw {list(seen)[:20]}."
        )
    return names if seen is None else list(seen)


def features_of(model: Any, names: Sequence[Any]) -> Features:
    """What a model reads under these names."""
    named = getattr(model, "feature_names_in_", None) is not None
    labels = list(names) if named else list(range(len(names)))
    owner = _first_reader(model)
    if owner is None:
        return Features(list(names), labels, None, None, None)
    reader = owner._reader
    task = None
    if reader.task is not None:
        task = task_position(pd.DataFrame(columns=labels), reader.task)
    rest = [position for position in range(len(labels)) if position != task]
    encoder = reader.encoder
    readings: list[Reading] = ["number"] * len(labels)
    for position, label in zip(rest, encoder.columns_, strict=True):
        if label in encoder.categories_:
            readings[position] = _reading_of(encoder.categories_[label])
    if task is not None:
        ids = pd.Index(reader.ids.ids_)
        readings[task] = "number" if types.is_numeric_dtype(ids.dtype) else "text"
    refuses = getattr(owner, "unseen", None) == "error"
    return Features(list(names), labels, readings, task, reader.ids if refuses else None)


def _first_reader(model: Any) -> Any:
    """The model that reads the table itself; None where something stands before it."""
    while not hasattr(model, "_reader"):
        if hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif hasattr(model, "steps") and len(model.steps) == 1:
            model = model.steps[0][1]
        elif hasattr(model, "models_"):  # of groups of tasks
            model = model.models_[0]
        else:
            return None
    return model


def _reading_of(categories: pd.Index) -> Reading:
    if len(categories) == 0:  # the column had no value in fit
        return "any"
    return "number" if types.is_numeric_dtype(categories.dtype) else "text"


def check_keep(keep: Sequence[Any], outputs: Sequence[str]) -> list[Any]:
    """The kept columns; ValueError if one has the name of an output, or occurs twice."""
    if isinstance(keep, str):
        raise ValueError(f"keep must be a list of columns, such as [{keep!r}].")
    both = [name for name in keep if name in outputs]
    if both:
        raise ValueError(
            f"keep names {both[0]!r}, which is also the name of an output. Rename the column, or "
            "the task."
        )
    if len(set(keep)) < len(keep):
        raise ValueError(f"keep names a column twice: {list(keep)}.")
    return list(keep)
