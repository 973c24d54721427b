"""Features of many moments, made from a few series at a time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from skmtl.panels._features import FeaturePlan, FeatureTable, Moments, with_given
from skmtl.panels._history import History

_ROWS_AT_ONCE = 32_768


def large_table(
    plan: FeaturePlan, history: History, moments: Moments, given: pd.DataFrame
) -> FeatureTable:
    """Compute the features of `FeaturePlan.table` with little memory besides them.

    The intermediate results of all moments together would need as much memory as the features.
    All numbers are in one block, which libraries such as LightGBM can read without a copy.

    Parameters
    ----------
    plan : FeaturePlan
    history : History
    moments : Moments of shape (n,)
    given : DataFrame of shape (n, n_given)
    """
    n = len(moments)
    order = np.argsort(moments.codes, kind="stable")
    parts = np.array_split(order, max(1, -(-n // _ROWS_AT_ONCE)))
    whole: _Whole | None = None
    for rows in map(_as_slice, parts):
        some = moments.take(rows)
        seen = some.codes[some.codes >= 0]
        first, last = (int(seen.min()), int(seen.max())) if len(seen) else (0, 0)
        nothing_given = given.iloc[rows][[]].reset_index(drop=True)
        table = plan.table(history.part(first, last), some.numbered_from(first), nothing_given)
        whole = whole or _Whole(table, n)
        whole.put(rows, table)
    assert whole is not None
    return whole.table(given)


class _Whole:
    """A table of features that is filled part by part.

    Parameters
    ----------
    part : FeatureTable
        Any part, with the columns of the table.
    n : int
        Number of rows.
    """

    def __init__(self, part: FeatureTable, n: int) -> None:
        dtypes = part.features.dtypes
        self._labels = part.features.columns
        self._numbers = np.flatnonzero(dtypes == np.float64)
        self._matrix = np.empty((len(self._numbers), n))
        # The other features are the last values of categories.
        self._categories = {
            label: pd.Categorical.from_codes(np.full(n, -1), dtype=dtype)
            for label, dtype in dtypes.items()
            if dtype != np.float64
        }
        self._levels = np.empty((n, part.levels.shape[1]))
        self._scales = np.empty_like(self._levels)

    def put(self, rows: np.ndarray | slice, part: FeatureTable) -> None:
        """Fill some rows."""
        self._matrix[:, rows] = part.features.iloc[:, self._numbers].to_numpy().T
        for label, values in self._categories.items():
            values[rows] = part.features[label].array
        self._levels[rows], self._scales[rows] = part.levels, part.scales

    def table(self, given: pd.DataFrame) -> FeatureTable:
        """Return the table with covariates behind the features."""
        labels = self._labels[self._numbers]
        features = pd.DataFrame(self._matrix.T, columns=labels, copy=False)
        for place, label in enumerate(self._labels):
            if label in self._categories:
                features.insert(place, label, pd.Series(self._categories[label]))
        return FeatureTable(with_given(features, given), self._levels, self._scales)


def _as_slice(rows: np.ndarray) -> np.ndarray | slice:
    """Return consecutive positions as a slice, which is quicker to read and write."""
    if len(rows) and (np.diff(rows) == 1).all():
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows
