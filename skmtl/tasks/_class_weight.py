"""Weights of labels by their class."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Literal

import numpy as np

ClassWeight = Literal["balanced"] | Mapping[Any, float] | None
"""The parameter `class_weight` of kinds with classes, as in scikit-learn."""


def check_class_weight(class_weight: Any) -> None:
    """Raise ValueError for an invalid `ClassWeight`."""
    if class_weight is None or (isinstance(class_weight, str) and class_weight == "balanced"):
        return
    if not isinstance(class_weight, Mapping):
        raise ValueError(
            "class_weight must be 'balanced', a mapping of class to weight, or None, got "
            f"{class_weight!r}."
        )
    for label, weight in class_weight.items():
        is_number = isinstance(weight, int | float | np.number) and not isinstance(weight, bool)
        if not (is_number and 0 <= weight < np.inf):
            raise ValueError(
                f"class_weight must be finite and not negative, got {weight!r} for {label!r}."
            )


def learnt_class_weight(
    class_weight: ClassWeight,
    classes: np.ndarray,
    codes: np.ndarray,
    weight: np.ndarray,
    task: Hashable,
) -> np.ndarray:
    """Return the weight of each class, (n_classes,), like scikit-learn's `compute_class_weight`.

    Parameters
    ----------
    class_weight : "balanced" or mapping
        "balanced" is the sum of all weights divided by the number of classes times the sum of the
        class's weights. Classes that are not in a mapping have weight 1.
    classes : ndarray of shape (n_classes,)
    codes : int ndarray of shape (n_samples,)
        Positions of the observed labels among the classes.
    weight : ndarray of shape (n_samples,)
        Weights of the rows of these labels.
    task : hashable
        For error messages.
    """
    if isinstance(class_weight, Mapping):
        known = classes.tolist()
        strange = [label for label in class_weight if label not in known]
        if strange and any(label not in class_weight for label in known):
            raise ValueError(
                f"class_weight of task {task!r} names {strange[0]!r}, but its classes are {known}."
            )
        return np.array([float(class_weight.get(label, 1.0)) for label in known])
    sums = np.bincount(codes, weight, len(classes))
    return sums.sum() / (len(classes) * sums)
