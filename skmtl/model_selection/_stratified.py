"""Stratified splits over the labels of several tasks."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Callable, Hashable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils.validation import check_consistent_length

from skmtl.tables import TaskIds, as_frame, split_task_column
from skmtl.tasks import label_codes, stratified_folds, stratified_parts

_DEFAULT_TEST_SIZE = 0.25  # scikit-learn's


class MultiTaskFolds(BaseCrossValidator):
    """Base class of the splitters, with their parameters."""

    def __init__(
        self,
        n_splits: int = 5,
        *,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        n_bins: int = 5,
        task: Hashable | None = None,
    ) -> None:
        self.n_splits = n_splits
        self.shuffle = shuffle
        self.random_state = random_state
        self.n_bins = n_bins
        self.task = task

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds; the arguments are ignored."""
        return self.n_splits


class MultiTaskStratifiedKFold(MultiTaskFolds):
    """K folds with the same share of every label of every task.

    The rarest labels are distributed first, as in the iterative stratification of Sechidis,
    Tsoumakas and Vlahavas (2011), https://doi.org/10.1007/978-3-642-23808-6_10. The sizes of the
    folds differ by at most one row. The same is true for the counts of each label of a single task
    and, in long data, of each task and of each label within it. With several columns of y, the
    counts of each label are as close as the other tasks allow.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    shuffle : bool, default=True
        Whether rows with the same label are assigned to folds at random. False assigns them in
        their order.
    random_state : int, RandomState or None, default=None
        Random state of the assignment.
    n_bins : int, default=5
        A continuous target is stratified by this many quantile bins.
    task : label or int, default=None
        In long data, the column of X with the task of a row, by name or position: every fold then
        has the same share of every task, and of the labels within it.

    See Also
    --------
    MultiTaskStratifiedGroupKFold : The same with whole groups.
    multitask_train_test_split : One training and one test part.

    Notes
    -----
    A label with fewer rows than there are folds is missing in some folds.

    Examples
    --------
    As `cv` of a classifier whose targets have missing labels, for which an integer `cv` fails:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmtl.model_selection import MultiTaskStratifiedKFold
    >>> Y = pd.DataFrame({"late": ["no", "yes", None, "no", "yes", "no"],
    ...                   "delay": [1.5, 42.0, np.nan, 0.5, 30.5, 2.5]})
    >>> cv = MultiTaskStratifiedKFold(2, random_state=0)
    >>> [sorted(Y["late"].iloc[test].dropna().unique()) for _, test in cv.split(Y, Y)]
    [['no', 'yes'], ['no', 'yes']]
    """

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
        groups : ignored
            Causes a warning, since rows of a group may be in different folds.

        Yields
        ------
        train, test : ndarray of int

        Raises
        ------
        ValueError
            If `y` is None, if X and `y` have different lengths, or if there are more folds
            than rows.
        """
        if groups is not None:
            warnings.warn(
                "MultiTaskStratifiedKFold ignores groups: their rows may be in different "
                "folds. Use MultiTaskStratifiedGroupKFold.",
                UserWarning,
                stacklevel=2,
            )
        return super().split(X, y)

    def _iter_test_indices(
        self, X: Any = None, y: Any = None, groups: Any = None
    ) -> Iterator[NDArray[np.int64]]:
        codes, group = levels_of(X, y, self.task, self.n_bins)
        _check_n_splits(self.n_splits, len(codes))
        folds = stratified_folds(codes, self.n_splits, self.random_state, self.shuffle, group)
        for fold in range(self.n_splits):
            yield np.flatnonzero(folds == fold)


def multitask_train_test_split(
    X: Any,
    Y: Any,
    *arrays: Any,
    test_size: float | int | None = None,
    train_size: float | int | None = None,
    random_state: int | np.random.RandomState | None = None,
    n_bins: int = 5,
    task: Hashable | None = None,
) -> list[Any]:
    """Split tables into a training and a test part with similar labels of every task.

    Parameters
    ----------
    X : table of shape (n_samples, n_features)
        The features.
    Y : table of shape (n_samples, n_tasks) or array of shape (n_samples,)
        The labels, some of which may be missing.
    *arrays : tables or arrays of length n_samples
        Further arrays to split in the same way, such as sample weights.
    test_size : float or int, default=None
        Share (below 1) or number of test rows. None means all rows that are not in the training
        part, or a quarter of the rows if `train_size` is None as well, as in scikit-learn.
    train_size : float or int, default=None
        Share (below 1) or number of training rows. None means all rows that are not in the test
        part. If both sizes are set, the remaining rows are in neither part.
    random_state : int, RandomState or None, default=None
        Controls which rows are in the test part, and their order.
    n_bins : int, default=5
        A continuous target is stratified by this many quantile bins.
    task : label or int, default=None
        In long data, the column of X that names the task of a row.

    Returns
    -------
    list
        ``X_train, X_test, Y_train, Y_test`` and both parts of each of `arrays`, with the types of
        the inputs.

    Raises
    ------
    ValueError
        If the lengths differ, a part would be empty, or there are fewer rows than the sizes need.

    See Also
    --------
    MultiTaskStratifiedKFold : The same for cross-validation.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.model_selection import multitask_train_test_split
    >>> X = np.arange(12).reshape(12, 1)
    >>> Y = np.column_stack([np.arange(12) % 2, np.arange(12) % 3])
    >>> X_train, X_test, Y_train, Y_test = multitask_train_test_split(
    ...     X, Y, test_size=0.5, random_state=0)
    >>> np.bincount(Y_test[:, 0]), np.bincount(Y_test[:, 1])
    (array([3, 3]), array([2, 2, 2]))
    """
    check_consistent_length(X, Y, *arrays)
    codes, group = levels_of(X, Y, task, n_bins)
    sizes = _part_sizes(train_size, test_size, len(codes))
    rng = check_random_state(random_state)
    parts = stratified_parts(codes, np.array([size for size in sizes if size]), rng, group)
    rows = [rng.permutation(np.flatnonzero(parts == part)) for part in (0, 1)]
    return [_safe_indexing(array, part) for array in (X, Y, *arrays) for part in rows]


def _check_n_splits(n_splits: int, n_samples: int) -> None:
    if not isinstance(n_splits, numbers.Integral) or n_splits < 2:
        raise ValueError(f"n_splits must be a whole number of at least 2, got {n_splits!r}.")
    if n_splits > n_samples:
        raise ValueError(
            f"Cannot have n_splits={n_splits} folds of n_samples={n_samples}: every fold needs "
            "a row."
        )


def _part_sizes(
    train_size: float | int | None, test_size: float | int | None, n_samples: int
) -> tuple[int, int, int]:
    """Return the numbers of training rows, test rows and rows in neither part."""
    if test_size is None and train_size is None:
        test_size = _DEFAULT_TEST_SIZE
    n_test = None if test_size is None else _size("test_size", test_size, n_samples, math.ceil)
    n_train = None if train_size is None else _size("train_size", train_size, n_samples, int)
    n_train = n_samples - (n_test or 0) if n_train is None else n_train
    n_test = n_samples - n_train if n_test is None else n_test
    if min(n_train, n_test) < 1 or n_train + n_test > n_samples:
        raise ValueError(
            f"train_size={train_size} and test_size={test_size} of n_samples={n_samples} are "
            f"{n_train} training rows and {n_test} test rows: both parts need one, and together "
            "they cannot have more rows than there are."
        )
    return n_train, n_test, n_samples - n_train - n_test


def _size(name: str, size: float | int, n_samples: int, rounded: Callable[[float], int]) -> int:
    if isinstance(size, numbers.Integral) and not isinstance(size, bool):
        return int(size)
    if isinstance(size, numbers.Real) and 0 < size < 1:
        return rounded(float(size) * n_samples)
    raise ValueError(f"{name} must be a share between 0 and 1 or a number of rows, got {size!r}.")


def levels_of(
    X: Any, Y: Any, task: Hashable | None, n_bins: int
) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
    """Return the levels to stratify by, and the task of each row of long data."""
    if Y is None:
        raise ValueError("Stratification needs the labels: pass them as `y`.")
    if not isinstance(n_bins, numbers.Integral) or n_bins < 1:
        raise ValueError(f"n_bins must be a whole number of at least 1, got {n_bins!r}.")
    labels = _label_frame(Y)
    if task is None:
        return label_codes(labels, n_bins), None
    _, ids = split_task_column(X, task, "task")
    group = TaskIds().fit(ids).transform(ids)
    return label_codes(labels, n_bins, group), group


def _label_frame(Y: Any) -> pd.DataFrame:
    is_table = hasattr(Y, "columns") or getattr(getattr(Y, "dtype", None), "names", None)
    if is_table or np.ndim(Y) == 2:
        return as_frame(Y, name="y")
    if np.ndim(Y) != 1:
        raise ValueError(f"y must have one or two dimensions, but its shape is {np.shape(Y)}.")
    return pd.DataFrame({0: Y if isinstance(Y, (pd.Series, np.ndarray)) else list(Y)})
