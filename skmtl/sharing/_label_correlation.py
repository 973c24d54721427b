"""Correlations of the labels of tasks, on rows that have both."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from skmtl.sharing._targets import Target, has_numbers, read_target
from skmtl.sharing._tasks import TaskTable
from skmtl.tasks import Kind

_FEWEST = 3  # two points are always on a line
_TINY = 1e-10


def label_correlation(table: TaskTable, kinds: Mapping[Hashable, Kind]) -> pd.DataFrame:
    """Return correlations (n_tasks, n_tasks) of wide labels; NaN for pairs without any.

    Pearson's correlation for numbers, two classes (0 and 1) and ordered classes (ranks); the
    largest canonical correlation, which is never negative, if one of the two has several unordered
    classes.
    """
    everywhere = np.arange(len(table.Y))
    targets = [
        read_target(table, name, kinds[name], everywhere) if has_numbers(kinds[name]) else None
        for name in table.names
    ]
    values = np.eye(len(targets))
    for i, left in enumerate(targets):
        for j, right in enumerate(targets[:i]):
            values[i, j] = values[j, i] = _correlation(left, right)
    index = pd.Index(table.names, tupleize_cols=False)
    return pd.DataFrame(values, index=index, columns=index)


def _correlation(left: Target | None, right: Target | None) -> float:
    if left is None or right is None:
        return np.nan
    rows = (left.weight > 0) & (right.weight > 0)
    if rows.sum() < _FEWEST:
        return np.nan
    weight = left.weight[rows]
    a, b = (_unit(each.values[rows], weight) for each in (left, right))
    if not a.any() or not b.any():
        return np.nan  # a constant
    products = a.T @ b
    if products.size == 1:
        return float(np.clip(products[0, 0], -1.0, 1.0))
    return min(float(np.linalg.norm(products, ord=2)), 1.0)


def _unit(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Whiten columns: variance one in every direction in which they vary at all.

    The result is the factor of a polar decomposition, so that a single column keeps its sign.
    """
    root = np.sqrt(weight / weight.sum())[:, None]
    centred = root * (values - np.average(values, axis=0, weights=weight))
    left, sizes, right = np.linalg.svd(centred, full_matrices=False)
    varies = sizes > _TINY * np.abs(values).max()
    return left[:, varies] @ right[varies]
