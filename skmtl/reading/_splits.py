"""Hold out rows for early stopping."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from skmtl.reading._rows import CheckedTable
from skmtl.tasks import TaskSet, label_codes, stratified_parts

Split = tuple[np.ndarray, np.ndarray]
"""Sorted positions of training rows and of held-out rows."""

VALIDATION_METHODS = ("random", "group", "time")


@dataclass(frozen=True)
class Validation:
    """The way to hold out rows.

    Attributes
    ----------
    method : {"random", "group", "time"} or splitter
        Single rows (whole groups if rows have them), whole groups, the last rows in time, or the
        test rows of a scikit-learn splitter.
    fraction : float
        Share of the rows to hold out; not used for a splitter.
    """

    method: Any
    fraction: float

    @property
    def is_named(self) -> bool:
        """Whether the method is a name rather than a splitter."""
        return isinstance(self.method, str)

    @property
    def is_random(self) -> bool:
        return self.is_named and self.method == "random"

    def splits(
        self,
        table: CheckedTable,
        tasks: TaskSet,
        task_weight: np.ndarray,
        group: np.ndarray | None,
        n_splits: int | None,
        random_state: np.random.RandomState,
        *,
        auto: int,
    ) -> list[Split]:
        """Return the training and held-out rows of each bag.

        Parameters
        ----------
        table : CheckedTable
        tasks : TaskSet
        task_weight : ndarray of shape (n_tasks,)
            Rows whose labels all have weight 0 are not held out.
        group : int64 ndarray of shape (n_samples,), or None
            Number of the row's task in long data.
        n_splits : int or None
            Number of bags; None means `auto`.
        random_state : RandomState
        auto : int
            The default number of bags. A splitter may have fewer splits.

        Raises
        ------
        ValueError
            If a required column is missing, no row can be held out, a task has no training label
            left, or the splitter is unsuitable.
        """
        # Rows without labels of positive weight are useless for early stopping.
        counts = table.Y.loc[:, task_weight > 0].notna().any(axis=1).to_numpy()
        if not self.is_named:
            return _splitter_splits(self.method, table, tasks, n_splits, auto)
        n_splits = auto if n_splits is None else n_splits
        if self.method == "random" and table.rows.groups is None:
            return validation_splits(
                table.Y, tasks, group, counts, self.fraction, n_splits, random_state
            )
        if self.method in ("random", "group"):
            parts = _group_parts(table, tasks, self.fraction, n_splits, random_state)
        else:
            parts = [_is_last(table, self.fraction)] * n_splits
        return [_apart(held_out, counts, table.Y, tasks) for held_out in parts]


def validation_splits(
    Y: pd.DataFrame,
    tasks: TaskSet,
    group: np.ndarray | None,
    eligible: np.ndarray,
    fraction: float,
    n_splits: int,
    random_state: np.random.RandomState,
) -> list[Split]:
    """Return training and validation rows, stratified over all tasks and their labels.

    Only rows that are `eligible`, a bool ndarray of shape (n_samples,), are held out. Rows of long
    data are stratified over their task as well. Classes that are too rare to be split, and the
    only labels of a task, stay in the training part so that they can be learnt. Validation parts
    of different splits are disjoint as long as there are enough rows.

    Returns
    -------
    list of (training, validation), each an int ndarray
        Sorted positions; `validation` is empty if there are too few rows.
    """
    size = int(fraction * len(Y) + 1e-9)  # 0.29 * 100 is slightly less than 29
    if size == 0:
        return [(np.arange(len(Y)), np.arange(0))] * n_splits
    n_parts = min(len(Y) // size, n_splits)
    n_left = len(Y) - n_parts * size
    sizes = np.array([size] * n_parts + [n_left] * (n_left > 0))
    codes = label_codes(tasks.strata(Y), group=group)
    needed = _needed_codes(codes, tasks)
    if group is not None:
        needed.append(group)
    splits = []
    for split in range(n_splits):
        if split % n_parts == 0:
            part = stratified_parts(codes, sizes, random_state, group=group)
        held_out = (part == split % n_parts) & eligible
        for column in needed:
            held_out &= _is_learnt(column, ~held_out)
        splits.append((np.flatnonzero(~held_out), np.flatnonzero(held_out)))
    return splits


def _needed_codes(codes: np.ndarray, tasks: TaskSet) -> list[np.ndarray]:
    """Return codes (n_samples,) by task; each code needs at least one training row."""
    return [
        task_codes if head.is_classification else np.minimum(task_codes, 0)
        for head, task_codes in zip(tasks.heads, codes.T, strict=True)
    ]


def _is_learnt(codes: np.ndarray, training: np.ndarray) -> np.ndarray:
    """Whether the code of each row occurs in training rows; true for rows without a code."""
    n_values = max(codes.max(initial=-1) + 1, 1)  # with warm_start, none may be present
    counts = np.bincount(codes[training & (codes >= 0)], minlength=n_values)
    return (codes < 0) | (counts[codes] > 0)


def _group_parts(
    table: CheckedTable,
    tasks: TaskSet,
    fraction: float,
    n_splits: int,
    random_state: np.random.RandomState,
) -> list[np.ndarray]:
    """Return masks of the rows in the groups that each split holds out."""
    groups = table.rows.groups
    if groups is None:
        raise ValueError(
            "validation='group' holds out whole groups: name the column of X with the entity of "
            "a row in group_column, or pass groups= to fit."
        )
    _check_groups(groups)
    codes, names = pd.factorize(groups)
    if len(names) < 2:
        raise ValueError(
            f"At least two groups are needed to hold one out, but {groups.name!r} holds "
            f"{names.tolist()} alone."
        )
    needed = _needed_codes(label_codes(tasks.strata(table.Y)), tasks)
    n_parts = min(len(names), max(2, round(1 / fraction)))
    masks = []
    for split in range(n_splits):
        if split % n_parts == 0:
            part_of = _dealt(np.bincount(codes), n_parts, random_state)
        masks.append(_with_all_labels_learnt(part_of[codes] == split % n_parts, codes, needed))
    return masks


def _check_groups(groups: pd.Series) -> None:
    missing = np.flatnonzero(groups.isna())
    if len(missing):
        raise ValueError(
            f"{len(missing)} of {len(groups)} rows have no group in column {groups.name!r} (the "
            f"first at positions {missing[:5].tolist()}): drop these rows or give them a group."
        )


def _dealt(sizes: np.ndarray, n_parts: int, random_state: np.random.RandomState) -> np.ndarray:
    """Assign groups to parts of about the same number of rows."""
    order = random_state.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    part_of, load = np.empty(len(sizes), dtype=np.int64), np.zeros(n_parts)
    for group in order:
        part_of[group] = load.argmin()
        load[part_of[group]] += sizes[group]
    return part_of


def _with_all_labels_learnt(
    held_out: np.ndarray, groups: np.ndarray, needed: list[np.ndarray]
) -> np.ndarray:
    """Return groups to the training part if they have the only labels of a class or task."""
    while True:
        learnt = np.all([_is_learnt(codes, ~held_out) for codes in needed], axis=0)
        lost = held_out & ~learnt
        if not lost.any():
            return held_out
        held_out = held_out & ~np.isin(groups, groups[lost])


def _is_last(table: CheckedTable, fraction: float) -> np.ndarray:
    """Whether rows are among the last in time; rows with equal times stay together."""
    times = table.rows.times
    if times is None:
        raise ValueError(
            "validation='time' holds out the last rows: name the column of X that says when a row "
            "was in time_column."
        )
    if times.isna().any():
        raise ValueError(
            f"{int(times.isna().sum())} of {len(times)} rows have no time in column "
            f"{times.name!r}: drop these rows or fill the times in."
        )
    if not _has_order(times.dtype):
        raise ValueError(
            f"Column {times.name!r} has dtype {times.dtype}, which has no order in "
            "time. Convert it, for example with pd.to_datetime."
        )
    rank = times.rank(method="min").to_numpy()
    last = rank > len(times) - max(int(fraction * len(times) + 1e-9), 1)
    if not last.any():  # more rows than should be held out share the last time
        last = rank == rank.max()
    if last.all():
        raise ValueError(
            f"validation='time' cannot hold out the last rows: column {times.name!r} holds one "
            "time only."
        )
    return last


def _has_order(dtype: Any) -> bool:
    """Whether values of a dtype are numbers, timestamps, periods or durations."""
    is_time = isinstance(dtype, pd.PeriodDtype | pd.DatetimeTZDtype) or dtype.kind in "mM"
    return is_time or pd.api.types.is_numeric_dtype(dtype)


def _apart(held_out: np.ndarray, counts: np.ndarray, Y: pd.DataFrame, tasks: TaskSet) -> Split:
    """Return training rows, and held-out rows of positive weight whose classes can be learnt.

    A row of weight 0 in a held-out group or period is in neither part.
    """
    training = ~held_out
    _check_tasks_learnt(Y, training)
    judged = held_out & counts
    for codes in _needed_codes(label_codes(tasks.strata(Y)), tasks):
        judged &= _is_learnt(codes, training)
    return np.flatnonzero(training), np.flatnonzero(judged)


def _check_tasks_learnt(Y: pd.DataFrame, training: np.ndarray) -> None:
    learnt = Y.loc[training].notna().any()
    lost: list[Hashable] = [
        name for name in Y.columns if Y[name].notna().any() and not learnt[name]
    ]
    if lost:
        raise ValueError(
            f"Task {lost[0]!r} only has labels in held-out rows, so that nothing "
            "would be left to learn it from. Drop the task, or hold out other rows: see the "
            "parameters validation and validation_fraction."
        )


def _splitter_splits(
    splitter: Any, table: CheckedTable, tasks: TaskSet, n_splits: int | None, auto: int
) -> list[Split]:
    """Return the folds of a splitter: one per bag, or at most `auto`."""
    groups = None
    if table.rows.groups is not None:
        _check_groups(table.rows.groups)
        groups = table.rows.groups.to_numpy()
    n_rows, X = len(table), table.rows.features
    if len(X) < n_rows:  # a table on disk: pass the number of rows without columns
        X = pd.DataFrame(index=np.arange(n_rows))
    folds = list(splitter.split(X, table.Y, groups))
    if not folds or (n_splits is not None and len(folds) < n_splits):
        raise ValueError(
            f"validation={splitter!r} yields {len(folds)} splits for n_bags={n_splits}: each bag "
            "needs one. Lower n_bags, or pass a splitter with more."
        )
    splits = []
    for training, held_out in folds[: auto if n_splits is None else n_splits]:
        parts = [checked_rows(part, n_rows, "validation") for part in (training, held_out)]
        overlap = np.intersect1d(parts[0], parts[1])
        if len(overlap):
            raise ValueError(
                f"validation={splitter!r} has row {overlap[0]} in the training part and in the "
                "held-out part of one split."
            )
        is_training = np.isin(np.arange(n_rows), parts[0])
        _check_tasks_learnt(table.Y, is_training)
        splits.append((np.sort(parts[0]), np.sort(parts[1])))
    return splits


def splits_among(chosen: np.ndarray, splits: list[Split], n_rows: int) -> list[Split]:
    """Convert splits of all rows to positions among some of the rows.

    Parameters
    ----------
    chosen : int ndarray
        Ascending positions of these rows, which have a label.
    splits : list of (training, held out)
    n_rows : int
        Number of all rows.

    Raises
    ------
    ValueError
        If a split holds out none of these rows.
    """
    position_among = np.full(n_rows, -1)
    position_among[chosen] = np.arange(len(chosen))
    restricted = []
    for training, held_out in splits:
        parts = [position_among[rows][position_among[rows] >= 0] for rows in (training, held_out)]
        if not len(parts[1]):
            raise ValueError(
                "A split of validation holds out only rows without labels, which "
                "cannot determine when to stop. Use another splitter, or validation='random'."
            )
        restricted.append((parts[0], parts[1]))
    return restricted


def splits_of_all(chosen: np.ndarray, splits: list[Split], n_rows: int) -> list[Split]:
    """Splits of some of the rows as splits of all: the others are training rows.

    Parameters
    ----------
    chosen : int ndarray
        Ascending positions of some rows, those with a label.
    splits : list of (training, held out)
        Positions among these.
    n_rows : int
        Number of all rows.
    """
    others = np.setdiff1d(np.arange(n_rows), chosen)
    return [
        (np.union1d(chosen[training], others), chosen[held_out]) for training, held_out in splits
    ]


def checked_rows(rows: Any, n_samples: int, source: str) -> np.ndarray:
    """Check the rows of a splitter, positions or a mask, and return them as positions.

    Raises
    ------
    ValueError
        If they are not positions, empty or out of range; the message names the `source`.
    """
    positions = np.asarray(rows)
    if positions.dtype == bool and positions.shape == (n_samples,):
        return np.flatnonzero(positions)
    if positions.ndim != 1 or positions.dtype.kind not in "iu" or not len(positions):
        raise ValueError(
            f"{source} must yield positions of rows, some of each part, got {positions!r}."
        )
    absent = positions[(positions < 0) | (positions >= n_samples)]
    if len(absent):
        raise ValueError(
            f"{source} yields row {absent[0]}, but there are rows 0 to {n_samples - 1}."
        )
    return positions
