"""The rows that decide when training stops."""

from __future__ import annotations

import numpy as np
import pandas as pd

from skmtl.tasks import TaskSet
from skmtl.tasks._stratify import label_codes, stratified_folds


def validation_split(
    Y: pd.DataFrame,
    group: np.ndarray | None,
    fraction: float,
    random_state: np.random.RandomState,
) -> tuple[np.ndarray, np.ndarray]:
    """Training and validation rows, stratified over all tasks and their labels.

    Rows of long data are stratified over their task as well. Labels too rare to be split stay
    in the training part, so that every task and every class can be learnt.

    Returns
    -------
    training, validation : int ndarray
        Sorted positions; `validation` is empty where there are too few rows to spare any.
    """
    n_folds = max(2, round(1 / fraction))
    if len(Y) < n_folds:
        return np.arange(len(Y)), np.arange(0)
    codes = label_codes(Y)
    if group is not None:
        codes = np.column_stack([codes, group])
    held_out = stratified_folds(codes, n_folds, random_state) == 0
    for column in codes.T:
        counts = np.bincount(column[~held_out & (column >= 0)], minlength=column.max() + 1)
        held_out &= (column < 0) | (counts[column] > 0)
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def weights_by_task(
    tasks: TaskSet, mask: np.ndarray, sample_weight: np.ndarray | None
) -> np.ndarray:
    """The row's weight in each task, 0 where its label is missing; (n_samples, n_tasks)."""
    weight = mask.astype(np.float32)
    return weight if sample_weight is None else weight * sample_weight[:, None].astype(np.float32)
