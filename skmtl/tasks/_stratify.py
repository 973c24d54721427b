"""Deal rows to parts so that every level of every task is spread evenly.

Follows the iterative stratification of Sechidis, Tsoumakas and Vlahavas (2011), "On the
stratification of multi-label data", ECML PKDD, https://doi.org/10.1007/978-3-642-23808-6_10:
the rarest level is dealt first, each to the parts that lack it most, because the common levels
can still be balanced later.  It differs in four ways.  Levels are those of tasks with missing
labels, not the presence of labels.  The order is fixed by the size of the levels at the start.
All rows of a level are dealt at once, which needs no loop over the rows, and rows that are alike
in the other tasks go to different parts.  And the parts have fixed sizes that are never exceeded,
so that folds differ by one row at most.
"""

from __future__ import annotations

import contextlib

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_random_state

# A numeric task with at most this many distinct whole numbers has classes or small counts.
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
        The task of each row of long data: continuous targets are cut at the quantiles within
        the task.

    Returns
    -------
    ndarray of shape (n_samples, n_tasks), int64
        Levels 0, 1, ... of each task, -1 where the label is missing.
    """
    columns = [Y.iloc[:, i] for i in range(Y.shape[1])]
    if group is None:
        return np.column_stack([_levels(column, n_bins) for column in columns])
    return np.column_stack([_levels_within(column, group, n_bins) for column in columns])


def _levels(column: pd.Series, n_bins: int) -> NDArray[np.int64]:
    values = _continuous(column, n_bins)
    if values is None:
        return pd.factorize(column)[0].astype(np.int64)
    missing = np.isnan(values)
    observed = values[~missing]
    cuts = np.quantile(observed, np.arange(1, n_bins) / n_bins, method="inverted_cdf")
    # A value at a cut belongs to the bin below, so a cut at the maximum would not split anything.
    cuts = np.unique(np.minimum(cuts, observed[observed < observed.max()].max()))
    return np.where(missing, -1, np.searchsorted(cuts, values, side="left"))


def _levels_within(column: pd.Series, group: NDArray[np.int64], n_bins: int) -> NDArray[np.int64]:
    values = _continuous(column, n_bins)
    if values is None:
        return pd.factorize(column)[0].astype(np.int64)
    by_group = pd.Series(values).groupby(group)
    rank = (by_group.rank().to_numpy() - 0.5) / by_group.transform("count").to_numpy()
    missing = np.isnan(values)
    return np.where(missing, -1, np.floor(np.where(missing, 0, rank) * n_bins)).astype(np.int64)


def _continuous(column: pd.Series, n_bins: int) -> NDArray[np.float64] | None:
    """Return the column as floats if its values should be binned, or else None."""
    if column.dtype == object:
        # numbers and None; text is unchanged
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
    group: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Deal rows to folds of equal size, stratified over all tasks.

    Parameters
    ----------
    codes : ndarray of int of shape (n_samples, n_tasks)
        The level of each label, -1 where it is missing: see `label_codes`.
    n_splits : int
        Number of folds, at most n_samples.
    random_state : int, RandomState or None, default=None
        Determines which rows of a level go to which fold.
    shuffle : bool, default=True
        If False, rows are dealt in their order, without randomness.
    group : ndarray of int of shape (n_samples,), default=None
        The task of each row of long data.  Then the tasks, and the levels within each task, are
        spread evenly.

    Returns
    -------
    ndarray of shape (n_samples,), int64
        The fold of each row.  The sizes of folds differ by one at most.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.tasks import stratified_folds
    >>> codes = np.array([[0, 0], [0, -1], [1, 0], [1, -1]])
    >>> folds = stratified_folds(codes, 2, random_state=0)
    >>> np.bincount(folds), np.sort(folds[:2]), np.sort(folds[2:])
    (array([2, 2]), array([0, 1]), array([0, 1]))
    """
    sizes = np.full(n_splits, len(codes) // n_splits)
    sizes[: len(codes) % n_splits] += 1
    # Equal shares: in proportion to the sizes, every rare level would go to the larger folds.
    shares = np.full(n_splits, 1 / n_splits)
    rng = check_random_state(random_state) if shuffle else None
    return _deal(codes, group, sizes, shares, rng)


def stratified_parts(
    codes: NDArray[np.int64],
    sizes: NDArray[np.int64],
    rng: np.random.RandomState,
    group: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Deal rows to parts of the given sizes, stratified over all tasks.

    Parameters
    ----------
    codes : ndarray of int of shape (n_samples, n_tasks)
        The level of each label, -1 where it is missing.
    sizes : ndarray of int of shape (n_parts,)
        Number of rows of each part; they add up to n_samples.
    rng : RandomState
        Determines which rows of a level go to which part.
    group : ndarray of int of shape (n_samples,), default=None
        The task of each row of long data, as in `stratified_folds`.

    Returns
    -------
    ndarray of shape (n_samples,), int64
        The part of each row.
    """
    sizes = np.asarray(sizes)
    return _deal(codes, group, sizes, sizes / sizes.sum(), rng)


def _deal(
    codes: NDArray[np.int64],
    group: NDArray[np.int64] | None,
    sizes: NDArray[np.int64],
    shares: NDArray[np.float64],
    rng: np.random.RandomState | None,
) -> NDArray[np.int64]:
    """Return the part of each row; `shares` has the share of each stratum that each part gets."""
    n_samples = len(codes)
    order = np.arange(n_samples) if rng is None else rng.permutation(n_samples)
    for column in codes.T[::-1]:  # identical rows become adjacent
        order = order[_argsort(column[order])]
    if group is None:
        dealer = _Dealer(codes[order], sizes, shares, rng)
        n_first = 0
    else:
        dealer = _Dealer(np.column_stack([group, codes])[order], sizes, shares, rng)
        n_first = len(np.unique(group[group >= 0]))
    for stratum in dealer.rarest_first(n_first):
        dealer.deal(stratum)
    dealer.fill()
    parts = np.empty(n_samples, dtype=np.int64)
    parts[order] = dealer.part
    return parts


class _Dealer:
    """The state while dealing rows; strata are the levels of all tasks, numbered consecutively."""

    def __init__(
        self,
        codes: NDArray[np.int64],
        sizes: NDArray[np.int64],
        shares: NDArray[np.float64],
        rng: np.random.RandomState | None,
    ) -> None:
        self.strata, self.members = _number_strata(codes)
        self.totals = np.array([len(rows) for rows in self.members], dtype=np.int64)
        self.shares = shares
        self.room = sizes.copy()
        self.counts = np.zeros((len(self.totals), len(sizes)), dtype=np.int64)
        self.part = np.full(len(codes), -1)
        self.rng = rng

    def rarest_first(self, n_first: int) -> NDArray[np.intp]:
        """Order the strata by their size, the first `n_first` before the others."""
        numbers = np.arange(len(self.totals))
        return np.lexsort((self.totals, numbers >= n_first))

    def deal(self, stratum: int) -> None:
        """Deal the remaining rows of a stratum to the parts that lack it most."""
        rows = self.members[stratum]
        rows = rows[self.part[rows] < 0]
        if len(rows) == 0:
            return
        wanted = _fill_up(self.counts[stratum], self.room, self.shares, len(rows))
        quota = np.floor(wanted + 1e-9).astype(np.int64)
        n_left = len(rows) - quota.sum()
        order = self._neediest(rows[len(rows) - n_left :], stratum, wanted, quota)
        quota[order[:n_left]] += 1
        self._assign(rows, _interleave(quota, wanted, order))

    def _neediest(
        self,
        rows: NDArray[np.int64],
        stratum: int,
        wanted: NDArray[np.float64],
        quota: NDArray[np.int64],
    ) -> NDArray[np.intp]:
        """Order the parts for the rows of a stratum that cannot be spread evenly.

        First come the parts that lost most by rounding, then those with the most room, which
        keeps room for the last strata, then those that lack the other levels of these rows.
        """
        others = self.strata[rows].ravel()
        others = others[(others >= 0) & (others != stratum)]
        lack_of_others = self.totals[others].sum() * self.shares - self.counts[others].sum(axis=0)
        room = self.room - quota
        n_parts = len(room)
        chance = np.arange(n_parts) if self.rng is None else self.rng.permutation(n_parts)
        # The last key is the primary one.
        lack = (wanted - quota).round(6)
        return np.lexsort((chance, -lack_of_others.round(6), -room, -lack, room == 0))

    def _assign(self, rows: NDArray[np.int64], parts: NDArray[np.intp]) -> None:
        self.part[rows] = parts
        self.room -= np.bincount(parts, minlength=len(self.room))
        strata = self.strata[rows]
        cells = strata * len(self.room) + parts[:, None]
        np.add.at(self.counts.reshape(-1), cells[strata >= 0], 1)

    def fill(self) -> None:
        """Assign the rows without any label to the parts with room."""
        self.part[self.part < 0] = np.repeat(np.arange(len(self.room)), self.room)


def _argsort(column: NDArray[np.int64]) -> NDArray[np.intp]:
    # NumPy sorts 16-bit integers by counting, ten times as fast.
    small = column.max() <= np.iinfo(np.int16).max
    return np.argsort(column.astype(np.int16 if small else np.int64), kind="stable")


def _interleave(
    quota: NDArray[np.int64], wanted: NDArray[np.float64], order: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return a sequence with ``quota[k]`` times part k, each evenly spread over its length.

    Parts that want equally many rows take turns, in `order`, so that their counts in any section
    of the sequence differ by at most one.
    """
    largest_first = order[np.argsort(-quota[order], kind="stable")]
    rank = np.argsort(largest_first)
    # Parts whose room is short by less than a row also take turns with the others.
    rate = np.where(wanted > wanted.max() - 1.001, wanted.max(), wanted)
    parts = np.repeat(np.arange(len(quota)), quota)
    turn = np.arange(len(parts)) - np.repeat(np.cumsum(quota) - quota, quota)
    time = (turn + (rank[parts] + 0.5) / len(quota)) / rate[parts]
    return parts[np.argsort(time, kind="stable")]


def _number_strata(
    codes: NDArray[np.int64],
) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """Number the levels of all tasks consecutively, keeping -1, and list the rows of each."""
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
    """Distribute `n_rows` so that ``counts / shares`` is as even as `room` allows.

    This is like water in connected vessels: all parts below the level are filled to it, up to
    their room.
    """
    bottoms, tops = counts / shares, (counts + room) / shares
    levels = np.sort(np.append(bottoms, tops))
    volumes = np.clip(levels[:, None] * shares - counts, 0, room).sum(axis=1)
    level = np.interp(n_rows, volumes, levels)
    return np.clip(level * shares - counts, 0, room)
