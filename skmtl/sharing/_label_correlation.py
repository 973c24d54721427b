"""How the labels of tasks go together, on the rows that have both."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from skmtl.sharing._targets import Target, has_numbers, read_target
from skmtl.sharing._tasks import TaskTable
from skmtl.tasks import Kind

_FEWEST = 3  # two points always lie on a line
_TINY = 1e-10


def label_correlation(table: TaskTable, kinds: Mapping[Hashable, Kind]) -> pd.DataFrame:
    """Correlations (n_tasks, n_tasks) of wide labels; NaN for pairs that have none.

    Of numbers, two classes (0 and 1) and ordered classes (their ranks) it is Pearson's; where
    one of the two has several classes without an order, the largest canonical correlation,
    which is never negative.
    """
    everywhere = np.arange(len(table.Y))
    targets = [
        read_target(table, name, kinds[name], everywhere) if has_numbers(kinds[name]) else None
        for name in table.names
    ]
    values = np.eye(len(targets))
    for i, one in enumerate(targets):
        for j, other in enumerate(targets[:i]):
            values[i, j] = values[j, i] = _correlation(one, other)
    index = pd.Index(table.names, tupleize_cols=False)
    return pd.DataFrame(values, index=index, columns=index)


def _correlation(one: Target | None, other: Target | None) -> float:
    if one is None or other is None:
        return np.nan
    rows = (one.weight > 0) & (other.weight > 0)
    if rows.sum() < _FEWEST:
        return np.nan
    weight = one.weight[rows]
    a, b = (_unit(each.values[rows], weight) for each in (one, other))
    if not a.any() or not b.any():
        return np.nan  # a constant
    products = a.T @ b
    if products.size == 1:
        return float(np.clip(products[0, 0], -1.0, 1.0))
    return min(float(np.linalg.norm(products, ord=2)), 1.0)


def _unit(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Columns that vary by one in every direction in which the given ones vary at all.

    The factor of a polar decomposition, so that a single column keeps its sign.
    """
    root = np.sqrt(weight / weight.sum())[:, None]
    centred = root * (values - np.average(values, axis=0, weights=weight))
    left, sizes, right = np.linalg.svd(centred, full_matrices=False)
    varies = sizes > _TINY * np.abs(values).max()
    return left[:, varies] @ right[varies]
