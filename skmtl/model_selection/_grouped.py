"""Stratified folds of whole groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length, check_random_state

from skmtl.model_selection._stratified import MultiTaskFolds, levels_of


class MultiTaskStratifiedGroupKFold(MultiTaskFolds):
    """K folds of whole groups, with the labels of every task spread as evenly as possible.

    The largest groups are assigned first, each to the fold with the smallest resulting sum of
    squares of the folds' shares of every label.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2 and at most the number of groups.
    shuffle : bool, default=True
        Whether groups of the same size are assigned in random order. False keeps the order in
        which they appear.
    random_state : int, RandomState or None, default=None
        Random state of this order.
    n_bins : int, default=5
        A continuous target is stratified by this many quantile bins.
    task : label or int, default=None
        In long data, the column of X with the task of a row, by name or position: every task is
        then spread evenly, like a label.

    See Also
    --------
    MultiTaskStratifiedKFold : Folds of rows that do not belong together.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.model_selection import MultiTaskStratifiedGroupKFold
    >>> patient = np.repeat(["Ann", "Bob", "Cid", "Dee"], 2)
    >>> ill = np.array([1, 1, 0, 0, 1, np.nan, 0, 0])
    >>> cv = MultiTaskStratifiedGroupKFold(2, random_state=0)
    >>> [int(np.nansum(ill[test])) for _, test in cv.split(ill, ill, patient)]
    [1, 2]
    """

    # Like GroupKFold, request groups if metadata routing is enabled.
    __metadata_request__split: ClassVar[dict[str, bool]] = {"groups": True}

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield the positions of the training and the test rows of each fold.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Only its length matters, unless `task` names one of its columns.
        y : table of shape (n_samples, n_tasks) or array of shape (n_samples,)
            The labels, some of which may be missing.
        groups : array of shape (n_samples,)
            The group of each row.

        Yields
        ------
        train, test : ndarray of int

        Raises
        ------
        ValueError
            If `y` or `groups` is None, lengths differ, a group is missing, or there are more
            folds than groups.
        """
        return super().split(X, y, groups)

    def _iter_test_indices(
        self, X: Any = None, y: Any = None, groups: Any = None
    ) -> Iterator[NDArray[np.int64]]:
        if groups is None:
            raise ValueError("Groups are required: pass the group of each row as `groups`.")
        codes, tasks = levels_of(X, y, self.task, self.n_bins)
        check_consistent_length(codes, groups)
        numbers, names = pd.factorize(pd.Series(groups))
        if (numbers < 0).any():
            raise ValueError(f"{int((numbers < 0).sum())} rows have no group in `groups`.")
        if not 2 <= self.n_splits <= len(names):
            raise ValueError(
                f"Cannot have n_splits={self.n_splits} folds of {len(names)} groups: there must "
                "be at least 2, and a group for each."
            )
        levels = codes if tasks is None else np.column_stack([codes, tasks])
        shares = _shares(levels, numbers, len(names))
        order = np.arange(len(names))
        if self.shuffle:
            order = check_random_state(self.random_state).permutation(order)
        fold_of = _dealt(shares, order, self.n_splits)
        for fold in range(self.n_splits):
            yield np.flatnonzero(fold_of[numbers] == fold)


def _shares(levels: NDArray[np.int64], groups: NDArray[np.intp], n_groups: int) -> NDArray:
    """Return each group's share of all rows, and of the rows of each level of each task.

    The number of rows has the same weight as all levels together.
    """
    columns = [np.bincount(groups, minlength=n_groups) / len(groups)]
    for column in levels.T:
        for level in range(column.max(initial=-1) + 1):
            count = np.bincount(groups[column == level], minlength=n_groups)
            columns.append(count / max(count.sum(), 1))
    columns[0] = columns[0] * np.sqrt(len(columns) - 1)
    return np.column_stack(columns)


def _dealt(shares: NDArray, order: NDArray[np.int64], n_folds: int) -> NDArray[np.int64]:
    """Assign a fold to each group."""
    order = order[np.argsort(-shares[order, 0], kind="stable")]
    load = np.zeros((n_folds, shares.shape[1]))
    fold_of = np.empty(len(shares), dtype=np.int64)
    for group in order:
        # A group increases the sum of squares of a fold by 2 * load * share + share ** 2.
        added = load @ shares[group]
        best = np.flatnonzero(added <= added.min() + 1e-12)
        fold_of[group] = best[load[best, 0].argmin()]
        load[fold_of[group]] += shares[group]
    return fold_of
