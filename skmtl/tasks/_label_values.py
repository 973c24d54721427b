"""Converting labels to numpy arrays, with checks."""

from __future__ import annotations

import numbers
from collections.abc import Hashable
from decimal import Decimal

import numpy as np
import pandas as pd

# Sums of squares of larger labels, which are needed for the variance, would overflow.
_LARGEST_LABEL = 1e150


def plain_values(labels: pd.Series) -> np.ndarray:
    """Convert observed labels of any pandas dtype to a numpy array of bool, number or object."""
    if isinstance(labels.dtype, pd.CategoricalDtype):
        labels = labels.astype(labels.cat.categories.dtype)
    if pd.api.types.is_bool_dtype(labels.dtype):
        return labels.to_numpy(dtype=bool)
    if pd.api.types.is_extension_array_dtype(labels.dtype):
        if pd.api.types.is_integer_dtype(labels.dtype):
            return _whole_numbers(labels)
        if pd.api.types.is_float_dtype(labels.dtype):
            return labels.to_numpy(dtype=np.float64)
    values = labels.infer_objects().to_numpy()
    if values.dtype == np.float16:
        return values.astype(np.float32)  # pandas finds no distinct values of float16
    if are_number_objects(values) and any(isinstance(value, Decimal) for value in values):
        return values.astype(np.float64)
    return values


def are_number_objects(values: np.ndarray) -> bool:
    """Whether these are Python numbers, such as decimals or integers of more than 64 bits."""
    return values.dtype == object and all(
        isinstance(value, (numbers.Real, Decimal)) and not isinstance(value, (bool, np.bool_))
        for value in values
    )


def _whole_numbers(labels: pd.Series) -> np.ndarray:
    """Whole numbers of a nullable dtype as int64, or as uint64 where they are too large for it."""
    if pd.api.types.is_unsigned_integer_dtype(labels.dtype):
        values = labels.to_numpy(dtype=np.uint64)
        if values.max(initial=0) > np.iinfo(np.int64).max:
            return values
    return labels.to_numpy(dtype=np.int64)


def number_values(labels: pd.Series, task: Hashable, kind: str) -> np.ndarray:
    """Convert observed labels to finite float64, or raise an error that names the task."""
    try:
        values = plain_values(labels).astype(np.float64)
    except OverflowError:
        raise ValueError(
            f"Task {task!r} has a whole number too large for a float64 among its labels. Divide "
            "them, or take their logarithm."
        ) from None
    except (TypeError, ValueError):
        raise ValueError(
            f"Task {task!r} has labels that are not numbers (for example "
            f"{plain_values(labels)[0]!r}), but kind {kind!r} needs numbers. Choose another kind "
            "for it through `tasks`, or convert the column."
        ) from None
    _refuse_infinity(values, task)
    if (np.abs(values) > _LARGEST_LABEL).any():
        raise ValueError(
            f"Task {task!r} has labels beyond {_LARGEST_LABEL:g}, whose squares overflow float64. "
            "Divide them, or take their logarithm."
        )
    return values


def _refuse_infinity(values: np.ndarray, task: Hashable) -> None:
    if np.isinf(values).any():
        raise ValueError(
            f"Task {task!r} has infinity among its labels (Input y contains infinity). "
            "Use NaN for a missing label."
        )


def observed_numbers(
    labels: pd.Series, task: Hashable, kind: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return numeric labels, 0 if missing, and a mask of observed labels."""
    observed = labels.notna().to_numpy()
    values = np.zeros(len(labels))
    values[observed] = number_values(labels[observed], task, kind)
    return values, observed


def has_one_value(labels: pd.Series) -> bool:
    """Whether all observed labels are the same."""
    return len(pd.unique(plain_values(labels))) == 1


def distinct_classes(labels: pd.Series, task: Hashable) -> np.ndarray:
    """Return the distinct observed labels in sorted order."""
    values = plain_values(labels)
    if values.dtype.kind == "f":
        _refuse_infinity(values, task)
        if not np.all(values == np.round(values)):
            raise ValueError(
                f"Unknown label type: continuous. Task {task!r} has fractional numbers as class "
                "labels; use a regression kind for it, or bin the values."
            )
    unique = pd.unique(values)
    try:
        return np.sort(unique)
    except TypeError:
        examples = {type(label).__name__: label for label in unique}
        raise ValueError(
            f"Task {task!r} mixes labels of different types, for example "
            f"{list(examples.values())[:2]}. Use one type."
        ) from None


def sorted_classes(labels: pd.Series, task: Hashable) -> np.ndarray:
    """Return the distinct observed labels, at least two, in sorted order."""
    classes = distinct_classes(labels, task)
    if len(classes) < 2:
        raise ValueError(
            f"Task {task!r} has one class only ({classes.tolist()[0]!r}); a classification task "
            "needs at least two. Drop the task or add rows of another class."
        )
    return classes
