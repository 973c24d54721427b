"""The rows that decide when training stops."""

from __future__ import annotations

import numpy as np
import pandas as pd

from skmtl.tasks import TaskSet, label_codes, stratified_parts


def validation_splits(
    Y: pd.DataFrame,
    tasks: TaskSet,
    group: np.ndarray | None,
    eligible: np.ndarray,
    fraction: float,
    n_splits: int,
    random_state: np.random.RandomState,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Training and validation rows, stratified over all tasks and their labels.

    Only rows that are `eligible`, a bool ndarray of shape (n_samples,), are held out.
    Rows of long data are stratified over their task as well. Classes too rare to be split, and
    the only labels of a task, stay in the training part, so that all can be learnt. Validation
    parts of several splits are disjoint as long as there are rows for them.

    Returns
    -------
    list of (training, validation), each an int ndarray
        Sorted positions; `validation` is empty where there are too few rows to spare any.
    """
    size = int(fraction * len(Y) + 1e-9)  # 0.29 * 100 is a bit less than 29
    if size == 0:
        return [(np.arange(len(Y)), np.arange(0))] * n_splits
    n_parts = min(len(Y) // size, n_splits)
    rest = len(Y) - n_parts * size
    sizes = np.array([size] * n_parts + [rest] * (rest > 0))
    codes = label_codes(tasks.strata(Y), group=group)
    needed = [
        own if head.is_classification else np.minimum(own, 0)
        for head, own in zip(tasks.heads, codes.T, strict=True)
    ]
    if group is not None:
        needed.append(group)
    splits = []
    for split in range(n_splits):
        if split % n_parts == 0:
            part = stratified_parts(codes, sizes, random_state, group=group)
        held_out = (part == split % n_parts) & eligible
        for column in needed:
            n_values = max(column.max() + 1, 1)  # a model that goes on may know none of them
            counts = np.bincount(column[~held_out & (column >= 0)], minlength=n_values)
            held_out &= (column < 0) | (counts[column] > 0)
        splits.append((np.flatnonzero(~held_out), np.flatnonzero(held_out)))
    return splits


def weights_by_task(mask: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray:
    """The row's weight in each task, 0 where its label is missing; (n_samples, n_tasks)."""
    weight = mask.astype(np.float32)
    return weight if sample_weight is None else weight * sample_weight[:, None].astype(np.float32)
