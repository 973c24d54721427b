"""Find numeric columns whose values repeat together, such as the weather of a place."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

_MOST_ROWS, _GLANCED_ROWS = 5_000, 1_000
# Number of distinct pairs in the small sample if _MOST_ROWS rows have as many as allowed.
_GLANCED_SHARE = 0.7
_MOST_COLUMNS = 50  # the columns with the most values
_FEWEST_VALUES, _FEWEST_ROWS_EACH = 5, 5
_MISSING_SHARE = 0.1
# Largest share of possible pairs of values that may occur, and of these, the share that may occur
# in a single row. There are more of either if numbers lie close to a curve or are rare.
_OCCURRING, _SINGLE = 0.25, 0.05
_MONOTONE = 0.95  # rank correlation of two columns with the same content in different units
_ALIKE_BY_ROUNDING = 1.25
_COARSER = 2 / 3  # share of the values that remain if one column is a function of the other


@dataclass(frozen=True)
class RepeatedPair:
    """Two numeric columns whose values form few pairs, each of which occurs in several rows.

    Attributes
    ----------
    columns : tuple of two labels
    group : int64 ndarray of shape (n_rows,)
        Index of the pair in each sampled row.
    """

    columns: tuple[Hashable, Hashable]
    group: np.ndarray

    @property
    def n_groups(self) -> int:
        return int(self.group.max()) + 1


@dataclass(frozen=True)
class _RepeatingColumn:
    """A numeric column, and the index of the value in each row; 0 if it is missing."""

    name: Hashable
    values: np.ndarray
    codes: np.ndarray
    n_values: int


def repeated_pair(features: pd.DataFrame, ids: pd.Series | None = None) -> RepeatedPair | None:
    """Return the first two numeric columns that show which rows belong together, or None.

    They are measurements of entities with several rows: temperature and rain of an environment,
    latitude and height of a place. Independent columns have many more pairs of values, most of
    them in a single row. Redundant columns do not count: one that rises or falls with the other,
    is a coarser function of it, or equals it in most rows.

    Parameters
    ----------
    features : DataFrame of shape (n_rows, n_columns)
    ids : Series of shape (n_rows,), optional
        Task ids of long data. Columns that are constant within a task are ignored, since new rows
        have the same tasks.
    """
    if len(features) > _MOST_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(len(features), _MOST_ROWS, replace=False))
        features, ids = features.iloc[rows], None if ids is None else ids.iloc[rows]
    columns = sorted(_repeating(features), key=lambda column: -column.n_values)[:_MOST_COLUMNS]
    for a, b in combinations(columns, 2):
        group = _groups(a, b) if _may_be_few(a, b) else None
        if group is not None and not (ids is not None and _are_within(group, ids)):
            return RepeatedPair((a.name, b.name), group)
    return None


def _repeating(features: pd.DataFrame) -> Iterator[_RepeatingColumn]:
    """Iterate over numeric columns with enough values that repeat often enough on average."""
    numeric = features.select_dtypes("number", exclude="timedelta")
    values = numeric.to_numpy(dtype=np.float64, na_value=np.nan)
    missing = np.isnan(values).mean(axis=0)
    # Skip binary columns quickly; fingerprints have many of them.
    with np.errstate(over="ignore"):
        spread = np.fmax.reduce(values) - np.fmin.reduce(values)
    is_candidate = (missing <= _MISSING_SHARE) & (spread != 1)
    for name, column in zip(numeric.columns[is_candidate], values.T[is_candidate], strict=True):
        codes, distinct = pd.factorize(column)
        enough = _FEWEST_VALUES <= len(distinct) <= len(values) / _FEWEST_ROWS_EACH
        if enough and not _are_numbers_of_classes(distinct):
            yield _RepeatingColumn(name, column, codes + 1, len(distinct))


def _are_numbers_of_classes(values: np.ndarray) -> bool:
    """Whether values are a few consecutive integers, like codes of categories."""
    return len(values) < 10 and bool((values % 1 == 0).all()) and np.ptp(values) < len(values)


def _may_be_few(a: _RepeatingColumn, b: _RepeatingColumn) -> bool:
    """Whether a small sample has few pairs of values; a cheap test that most columns fail."""
    n_rows = min(len(a.codes), _GLANCED_ROWS)
    glance = np.linspace(0, len(a.codes) - 1, n_rows).astype(int)
    return len(np.unique(_pair_codes(a, b)[glance])) <= _GLANCED_SHARE * n_rows


def _pair_codes(a: _RepeatingColumn, b: _RepeatingColumn) -> np.ndarray:
    return a.codes * (b.n_values + 1) + b.codes


def _groups(a: _RepeatingColumn, b: _RepeatingColumn) -> np.ndarray | None:
    """Return the index of each row's pair of values; None if pairs are many or redundant."""
    _, first, group, n_rows = np.unique(
        _pair_codes(a, b), return_index=True, return_inverse=True, return_counts=True
    )
    n_pairs = len(first)
    if n_pairs * _FEWEST_ROWS_EACH > len(group) or n_pairs > _OCCURRING * a.n_values * b.n_values:
        return None
    if (n_rows == 1).mean() > _SINGLE:
        return None
    if n_pairs == a.n_values and b.n_values < _COARSER * a.n_values:
        return None
    ranks = pd.DataFrame({"a": a.values[first], "b": b.values[first]}).rank()
    is_monotone = abs(ranks["a"].corr(ranks["b"])) > _MONOTONE
    return None if is_monotone or (a.values == b.values).mean() > 0.5 else group


def _are_within(group: np.ndarray, ids: pd.Series) -> bool:
    """Whether nearly all groups have a single task id; rounding can merge a few groups."""
    codes = pd.factorize(ids)[0]
    n_joint = len(np.unique(group * (codes.max() + 1) + codes))
    return bool(n_joint <= _ALIKE_BY_ROUNDING * (group.max() + 1))
