"""Weights of rows and tasks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd


def resolve_task_weight(task_weight: Any, names: Sequence[Hashable]) -> np.ndarray:
    """Weights of the tasks, float64 of shape (n_tasks,).

    Parameters
    ----------
    task_weight : mapping, Series, sequence or None
        By name, where tasks that are left out weigh 1; or in the order of the tasks.
    names : sequence of hashable

    Raises
    ------
    ValueError
        For unknown names, another number of weights, and weights that are not finite, negative,
        or all 0.
    """
    names = list(names)
    if task_weight is None:
        return np.ones(len(names))
    if isinstance(task_weight, Mapping | pd.Series):
        task_weight = dict(task_weight)
        unknown = [name for name in task_weight if name not in names]
        if unknown:
            raise ValueError(f"task_weight names {unknown}, but the tasks are {names}.")
        task_weight = [task_weight.get(name, 1.0) for name in names]
    try:
        values = np.asarray(task_weight, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"task_weight must hold numbers, got {task_weight!r}.") from None
    if values.shape != (len(names),):
        raise ValueError(
            f"task_weight has shape {values.shape}, but there are {len(names)} tasks: {names}."
        )
    if not (np.isfinite(values).all() and (values >= 0).all() and values.sum() > 0):
        raise ValueError(
            f"task_weight must be finite, not negative and positive for some task, got "
            f"{dict(zip(names, values.tolist(), strict=True))}."
        )
    return values


def weights_by_task(mask: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
    """The row's weight in each task, 0 where its label is missing.

    Returns
    -------
    float32 ndarray of shape (n_samples, n_tasks)
    """
    weight = mask.astype(np.float32)
    return weight if sample_weight is None else weight * sample_weight[:, None].astype(np.float32)
