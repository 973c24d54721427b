"""Categorical columns as integer codes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

UNKNOWN, MISSING, FIRST_KNOWN = 0, 1, 2


def learn_categories(column: pd.Series, rows: NDArray[np.int64] | None) -> pd.Index:
    """Give the categories that occur in `rows` (None: in all rows), in sorted order.

    Text is kept as Python strings, so that a pickle does not depend on the string storage of
    the pandas that wrote it.
    """
    codes, values = _factorize(column)
    used = np.unique(codes if rows is None else codes[rows])
    return _sorted(values.take(used[used >= 0]))


def encode_categories(column: pd.Series, categories: pd.Index) -> NDArray[np.int64]:
    """Give 0 for an unknown category, 1 for a missing one, 2 + position for a known one."""
    codes, values = _factorize(column)
    positions = categories.get_indexer(values)
    table = np.where(positions < 0, UNKNOWN, positions + FIRST_KNOWN)
    # pandas codes what is missing as -1, which reads the last entry
    return np.append(table, MISSING).astype(np.int64)[codes]


def index_of(values: np.ndarray) -> pd.Index:
    """The index whose values these are, whatever they would be taken for without a dtype."""
    return pd.Index(values, dtype=values.dtype, tupleize_cols=False)


def _factorize(column: pd.Series) -> tuple[NDArray[np.intp], pd.Index]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy().astype(np.intp), _plain(column.cat.categories)
    codes, values = pd.factorize(column)
    return codes, _plain(pd.Index(values))


def _plain(values: pd.Index) -> pd.Index:
    if isinstance(values.dtype, np.dtype) and values.dtype != object:
        return values
    return pd.Index(values.to_numpy(dtype=object), dtype=object, tupleize_cols=False)


def _sorted(values: pd.Index) -> pd.Index:
    try:
        return values.sort_values()
    except TypeError:  # an order across types such as int and str
        return values[np.argsort([f"{type(value).__name__} {value}" for value in values])]
