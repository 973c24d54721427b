"""Targets as numbers."""

from __future__ import annotations

import numbers
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from skmtl.tasks import label_frame, plain_values


def number_frame(y: Any) -> pd.DataFrame:
    """Convert all targets to float64, with NaN where a label is missing.

    Raises
    ------
    ValueError
        If a target is not a number, or infinite.
    """
    labels = label_frame(y).infer_objects()
    for name in labels.columns:
        if not _is_number(labels[name]):
            raise ValueError(
                f"The target {name!r} has the dtype {labels[name].dtype}, but this forecast needs "
                "numbers. Convert it, or leave it out."
            )
    columns = {name: as_numbers(labels[name]) for name in labels.columns}
    return pd.DataFrame(columns, index=labels.index)


def scored_numbers(
    y: Any, classes: Mapping[Hashable, Sequence[Any] | np.ndarray] | None = None
) -> pd.DataFrame:
    """Return the targets that can be scored as numbers, as float64 with NaN for missing labels.

    For two classes that are not numbers, the one that sorts last is 1. Targets with more classes
    are left out.

    Parameters
    ----------
    y : labels of shape (n_samples,) or (n_samples, n_tasks)
    classes : mapping of target to sequence, default=None
        Sorted classes of the targets that have some; None means those in y.

    Raises
    ------
    ValueError
        If there is no such target.
    """
    labels = label_frame(y).infer_objects()
    columns = {}
    for name in labels.columns:
        if _is_number(labels[name]):
            columns[name] = as_numbers(labels[name])
            continue
        observed = labels[name].notna().to_numpy()
        values = plain_values(labels[name][observed])
        known = np.unique(values) if classes is None else classes.get(name, ())
        if len(known) == 2:
            columns[name] = np.full(len(labels), np.nan)
            columns[name][observed] = values == known[1]
    if not columns:
        raise ValueError(
            f"The targets {labels.columns.tolist()} cannot be scored as forecasts: none of them "
            "has numbers or two classes. Score classes with score_tasks or cross_validate."
        )
    return pd.DataFrame(columns, index=labels.index)


def as_numbers(labels: pd.Series) -> np.ndarray:
    """Convert labels to float64.

    Raises
    ------
    ValueError
        If a label is infinite, or text that is not a number.
    """
    values = pd.to_numeric(labels, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    lost = np.flatnonzero(np.isnan(values) & labels.notna().to_numpy())
    if len(lost):
        raise ValueError(
            f"{len(lost)} labels of the target {labels.name!r} are not numbers, such as "
            f"{labels.iloc[lost[0]]!r}. Convert them, or use NaN for a missing one."
        )
    if np.isinf(values).any():
        raise ValueError(
            f"The target {labels.name!r} has infinity among its labels. Use NaN for a missing one."
        )
    return values


def are_numbers(classes: Iterable[Any]) -> bool:
    """Return whether all classes are numbers or booleans."""
    return all(isinstance(value, numbers.Number | np.bool_) for value in classes)


def _is_number(labels: pd.Series) -> bool:
    """Return whether labels are numbers or booleans; a column without labels counts as numbers."""
    return pd.api.types.is_numeric_dtype(labels.dtype) or not labels.notna().any()
