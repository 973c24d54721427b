"""Weights of rows and tasks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import _check_sample_weight

from skmtl._foreign_frames import as_pandas
from skmtl.tasks import Labels

# Beyond these the sums of engines overflow, or vanish beside the numbers that keep them from 0.
_SMALLEST_MAXIMUM, _LARGEST_WEIGHT = 1e-12, 1e18


def resolve_task_weight(task_weight: Any, names: Sequence[Hashable]) -> np.ndarray:
    """Return the weights of the tasks, float64 of shape (n_tasks,).

    Parameters
    ----------
    task_weight : mapping, Series, sequence or None
        Weights by name, 1 by default, or in the order of the tasks.
    names : sequence of hashable

    Raises
    ------
    ValueError
        For unknown names, a wrong number of weights, and weights that are not finite, negative, or
        all 0.
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


def weights_by_task(labels: Labels, sample_weight: np.ndarray | None) -> np.ndarray:
    """Return the weight of each label: row weight times class weight, 0 if it is missing.

    Parameters
    ----------
    labels : Labels
    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_tasks), or None

    Returns
    -------
    float32 ndarray of shape (n_samples, n_tasks)
    """
    weight = labels.mask.astype(np.float32)
    if sample_weight is not None:
        by_row = sample_weight[:, None] if sample_weight.ndim == 1 else sample_weight
        weight = weight * by_row.astype(np.float32)
    return weight if labels.weight is None else weight * labels.weight.astype(np.float32)


def read_sample_weight(
    sample_weight: Any, names: Sequence[Hashable], n_samples: int
) -> np.ndarray:
    """Return weights of rows, or of the labels of each task.

    Parameters
    ----------
    sample_weight : array of shape (n_samples,) or (n_samples, n_tasks), or frame
        The columns of a frame are matched with the tasks by name.
    names : sequence of hashable
        The tasks.
    n_samples : int

    Returns
    -------
    float64 ndarray of shape (n_samples,) or (n_samples, n_tasks)
        One-dimensional if all tasks have the same weights.

    Raises
    ------
    ValueError
        For other shapes or names, and weights that are negative, not finite, all 0, or so small or
        large that engines could not add them up.
    """
    weight = _read_sample_weight(sample_weight, names, n_samples)
    largest = weight.max()
    if not _SMALLEST_MAXIMUM <= largest <= _LARGEST_WEIGHT:
        raise ValueError(
            f"The largest sample_weight is {largest:g}, beyond what engines can add up. Only the "
            "ratios of weights matter: divide them by their mean."
        )
    return weight


def _read_sample_weight(
    sample_weight: Any, names: Sequence[Hashable], n_samples: int
) -> np.ndarray:
    if np.asarray(sample_weight).ndim < 2:
        rows = np.empty((n_samples, 0))
        return _check_sample_weight(sample_weight, rows, ensure_non_negative=True)
    names = list(names)
    if hasattr(sample_weight, "columns"):
        frame = as_pandas(sample_weight, "sample_weight")
        if set(frame.columns) != set(names) or not frame.columns.is_unique:
            raise ValueError(
                f"sample_weight has the columns {list(frame.columns)}, but the tasks are {names}: "
                "pass one column of weights for each task."
            )
        sample_weight = frame[names]
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (n_samples, len(names)):
        raise ValueError(
            f"sample_weight has the shape {weight.shape}: pass ({n_samples},), a weight for each "
            f"row, or ({n_samples}, {len(names)}), one for each label of the tasks {names}."
        )
    if not np.isfinite(weight).all() or (weight < 0).any():
        raise ValueError("sample_weight must be finite and not negative.")
    if not weight.any():
        raise ValueError("sample_weight is zero everywhere: no label would count.")
    return weight[:, 0] if (weight == weight[:, :1]).all() else weight


def without_labels(Y: pd.DataFrame, missing: np.ndarray) -> pd.DataFrame:
    """Set labels to missing where a mask (n_samples, n_tasks) is true.

    Integers and booleans keep their type.
    """
    columns = []
    for i, (_, labels) in enumerate(Y.items()):
        with_gaps = _WITH_GAPS.get(labels.dtype) if missing[:, i].any() else None
        labels = labels if with_gaps is None else labels.astype(with_gaps)
        columns.append(labels.mask(missing[:, i]))
    return pd.concat(columns, axis=1).set_axis(Y.columns, axis=1)


_WITH_GAPS: dict[Any, pd.Int64Dtype | pd.UInt64Dtype | pd.BooleanDtype] = {
    np.dtype(bool): pd.BooleanDtype(),
    **{
        np.dtype(f"{sign}int{bits}"): pd.Int64Dtype() for sign in ("", "u") for bits in (8, 16, 32)
    },
    np.dtype("int64"): pd.Int64Dtype(),
    np.dtype("uint64"): pd.UInt64Dtype(),
}
"""Map a numpy dtype to the pandas dtype that also supports missing values."""
