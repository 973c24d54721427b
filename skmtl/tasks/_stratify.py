"""Deal rows to parts so that every level of every task is spread evenly.

Follows the iterative stratification of Sechidis, Tsoumakas and Vlahavas (2011), "On the
stratification of multi-label data", ECML PKDD, https://doi.org/10.1007/978-3-642-23808-6_10:
the rarest level is dealt first, each to the parts that lack it most, because the common levels
can still be balanced later.  It differs in four ways.  Levels are those of tasks with
missing labels, not the presence of labels.  The order is fixed by the size of the levels at the
start.  All rows of a level are dealt at once, which needs no loop over the rows, and rows that
are alike in the other tasks go to different parts.  And the parts have fixed sizes that are never
exceeded, so that folds differ by one row at most.
"""

from __future__ import annotations

import contextlib

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_random_state

# A numeric task with this many whole values at most is taken for classes or small counts.
_MAX_WHOLE_LEVELS = 100


def label_codes(
    Y: pd.DataFrame, n_bins: int = 5, group: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Give each label the level by which to stratify.

    A numeric column with more than `n_bins` values is cut at its quantiles, unless they are at
    most 100 whole numbers: those, and every other column, have one level per value.

    Parameters
    ----------
    Y : DataFrame of shape (n_samples, n_tasks)
    n_bins : int, default=5
        Bins of a continuous task: enough to keep its distribution, few enough for every fold
        of a small table to hold some of each.
    group : ndarray of int of shape (n_samples,), default=None
        The task of each row of long data, -1 if unknown.  Levels are then those within the
        task, and the tasks themselves come first as a column of their own.

    Returns
    -------
    ndarray of shape (n_samples, n_tasks) or (n_samples, 1 + n_tasks), int64
        Levels 0, 1, ..., -1 where the label is missing.
    """
    if group is None:
        columns = [_levels(Y.iloc[:, i], n_bins) for i in range(Y.shape[1])]
    else:
        columns = [_levels_within(Y.iloc[:, i], group, n_bins) for i in range(Y.shape[1])]
        columns.insert(0, np.asarray(group, dtype=np.int64))
    return np.column_stack(columns)


def _levels(column: pd.Series, n_bins: int) -> NDArray[np.int64]:
    values = _continuous(column, n_bins)
    if values is None:
        return pd.factorize(column)[0].astype(np.int64)
    missing = np.isnan(values)
    observed = values[~missing]
    cuts = np.quantile(observed, np.arange(1, n_bins) / n_bins, method="inverted_cdf")
    # A value at a cut lies below it, so a cut at the maximum would part nothing.
    cuts = np.unique(np.minimum(cuts, observed[observed < observed.max()].max()))
    return np.where(missing, -1, np.searchsorted(cuts, values, side="left"))


def _levels_within(column: pd.Series, group: NDArray[np.int64], n_bins: int) -> NDArray[np.int64]:
    values = _continuous(column, n_bins)
    if values is None:
        levels = pd.factorize(column)[0].astype(np.int64)
    else:
        by_group = pd.Series(values).groupby(group)
        size = by_group.transform("count").to_numpy()
        # Ranks from 0 to 1 within the task, cut into bins of ten rows or more.
        rank = (by_group.rank().fillna(0.5).to_numpy() - 0.5) / np.maximum(size, 1)
        levels = np.floor(rank * np.clip(size // 10, 1, n_bins)).astype(np.int64)
        levels[np.isnan(values)] = -1
    joint = group * (levels.max() + 1) + levels
    return np.where((levels < 0) | (group < 0), -1, joint)


def _continuous(column: pd.Series, n_bins: int) -> NDArray[np.float64] | None:
    """The column as floats if its values are to be binned, else None."""
    if column.dtype == object:
        # numbers beside None; text stays as it is
        with contextlib.suppress(ValueError, TypeError):
            column = pd.to_numeric(column)
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return None
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    distinct = np.unique(values[~np.isnan(values)])
    whole = len(distinct) <= _MAX_WHOLE_LEVELS and np.all(distinct == np.rint(distinct))
    return None if len(distinct) <= max(n_bins, 1) or whole else values


def stratified_folds(
    codes: NDArray[np.int64],
    n_splits: int,
    random_state: int | np.random.RandomState | None = None,
    shuffle: bool = True,
) -> NDArray[np.int64]:
    """Deal rows to folds of equal size, stratified over all tasks.

    Parameters
    ----------
    codes : ndarray of int of shape (n_samples, n_tasks)
        The level of each label, -1 where it is missing: see `label_codes`.
    n_splits : int
        Number of folds, at most n_samples.
    random_state : int, RandomState or None, default=None
        Which rows of a level go to which fold.
    shuffle : bool, default=True
        False deals the rows in their order, without chance.

    Returns
    -------
    ndarray of shape (n_samples,), int64
        The fold of each row.  The sizes of folds differ by one at most.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.tasks._stratify import stratified_folds
    >>> codes = np.array([[0, 0], [0, -1], [1, 0], [1, -1]])
    >>> folds = stratified_folds(codes, 2, random_state=0)
    >>> np.bincount(folds), np.sort(folds[:2]), np.sort(folds[2:])
    (array([2, 2]), array([0, 1]), array([0, 1]))
    """
    n_samples = len(codes)
    sizes = np.full(n_splits, n_samples // n_splits)
    sizes[: n_samples % n_splits] += 1
    return stratified_parts(codes, sizes, check_random_state(random_state) if shuffle else None)


def stratified_parts(
    codes: NDArray[np.int64], sizes: NDArray[np.int64], rng: np.random.RandomState | None
) -> NDArray[np.int64]:
    """Deal rows to parts of the given sizes, stratified over all tasks.

    Parameters
    ----------
    codes : ndarray of int of shape (n_samples, n_tasks)
        The level of each label, -1 where it is missing.
    sizes : ndarray of int of shape (n_parts,)
        Rows of each part; they add up to n_samples.
    rng : RandomState or None
        None deals the rows in their order, without chance.

    Returns
    -------
    ndarray of shape (n_samples,), int64
        The part of each row.
    """
    n_samples = len(codes)
    order = np.arange(n_samples) if rng is None else rng.permutation(n_samples)
    for column in codes.T[::-1]:  # rows that are alike come side by side
        order = order[_argsort(column[order])]
    dealer = _Dealer(codes[order], np.asarray(sizes), rng)
    for stratum in np.argsort(dealer.totals, kind="stable"):
        dealer.deal(stratum)
    dealer.fill()
    parts = np.empty(n_samples, dtype=np.int64)
    parts[order] = dealer.part
    return parts


class _Dealer:
    """The state of one dealing: strata are the levels of all tasks, numbered through."""

    def __init__(
        self,
        codes: NDArray[np.int64],
        sizes: NDArray[np.int64],
        rng: np.random.RandomState | None,
    ) -> None:
        self.strata, self.members = _number_strata(codes)
        self.totals = np.array([len(rows) for rows in self.members], dtype=np.int64)
        self.shares = sizes / sizes.sum()
        self.room = sizes.copy()
        self.counts = np.zeros((len(self.totals), len(sizes)), dtype=np.int64)
        self.part = np.full(len(codes), -1)
        self.rng = rng

    def deal(self, stratum: int) -> None:
        """Deal the rows of a stratum that are still open to the parts that lack it most."""
        rows = self.members[stratum]
        rows = rows[self.part[rows] < 0]
        if len(rows) == 0:
            return
        wanted = _fill_up(self.counts[stratum], self.room, self.shares, len(rows))
        quota = np.floor(wanted + 1e-9).astype(np.int64)
        n_even = quota.sum()
        self._assign(rows[:n_even], _interleave(quota, self._any_order()))
        if n_even < len(rows):
            left = rows[n_even:]
            parts = self._neediest(left, stratum, wanted - quota)
            self._assign(left, parts[: len(left)])

    def _neediest(
        self, rows: NDArray[np.int64], stratum: int, lack: NDArray[np.float64]
    ) -> NDArray[np.intp]:
        """Order the parts for the rows that a stratum does not spread evenly.

        First the parts that the rounding took most from, then those that lack the other levels
        of these rows, then those with the most room.
        """
        others = self.strata[rows].ravel()
        others = others[(others >= 0) & (others != stratum)]
        lack_of_others = self.totals[others].sum() * self.shares - self.counts[others].sum(axis=0)
        # The last key counts first.
        keys = (
            self._any_order(),
            -self.room,
            -lack_of_others.round(6),
            -lack.round(6),
            self.room == 0,
        )
        return np.lexsort(keys)

    def _assign(self, rows: NDArray[np.int64], parts: NDArray[np.intp]) -> None:
        self.part[rows] = parts
        self.room -= np.bincount(parts, minlength=len(self.room))
        strata = self.strata[rows]
        cells = strata * len(self.room) + parts[:, None]
        np.add.at(self.counts.reshape(-1), cells[strata >= 0], 1)

    def _any_order(self) -> NDArray[np.int64]:
        n_parts = len(self.room)
        return np.arange(n_parts) if self.rng is None else self.rng.permutation(n_parts)

    def fill(self) -> None:
        """Put the rows without any label where there is room."""
        self.part[self.part < 0] = np.repeat(np.arange(len(self.room)), self.room)


def _argsort(column: NDArray[np.int64]) -> NDArray[np.intp]:
    # NumPy sorts 16-bit integers by counting, ten times as fast.
    small = column.max() <= np.iinfo(np.int16).max
    return np.argsort(column.astype(np.int16 if small else np.int64), kind="stable")


def _interleave(quota: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.intp]:
    """A sequence that holds part k ``quota[k]`` times, each evenly spread over its length."""
    parts = np.repeat(np.arange(len(quota)), quota)
    turn = np.arange(len(parts)) - np.repeat(np.cumsum(quota) - quota, quota)
    time = (turn + (order[parts] + 0.5) / len(quota)) / quota[parts]
    return parts[np.argsort(time, kind="stable")]


def _number_strata(
    codes: NDArray[np.int64],
) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """Number the levels of all tasks through; -1 stays.  Also the rows of each stratum."""
    strata = np.full(codes.shape, -1, dtype=np.int64, order="F")
    members: list[NDArray[np.int64]] = []
    for task, column in enumerate(codes.T):
        rows = _argsort(column)[np.count_nonzero(column < 0) :]
        if len(rows):
            levels = column[rows]
            new_level = levels[1:] != levels[:-1]
            strata[rows, task] = len(members) + np.append(0, np.cumsum(new_level))
            members += np.split(rows, np.flatnonzero(new_level) + 1)
    return strata, members


def _fill_up(
    counts: NDArray[np.int64],
    room: NDArray[np.int64],
    shares: NDArray[np.float64],
    n_rows: int,
) -> NDArray[np.float64]:
    """Share `n_rows` so that ``counts / shares`` gets as level as `room` allows.

    As water rises in connected vessels: all parts below the level are filled to it, up to
    their room.
    """
    bottoms, tops = counts / shares, (counts + room) / shares
    levels = np.sort(np.append(bottoms, tops))
    volumes = np.clip(levels[:, None] * shares - counts, 0, room).sum(axis=1)
    level = np.interp(n_rows, volumes, levels)
    return np.clip(level * shares - counts, 0, room)
