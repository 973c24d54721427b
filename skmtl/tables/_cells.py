"""Read a single row of a frame, cell by cell.

Accessing a pandas column takes longer than processing a single cell of it. A whole row is read in
the time of a few columns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from skmtl.tables._categories import FIRST_KNOWN, MISSING, UNKNOWN
from skmtl.tables._schema import sorts_of


def read_cells(
    frame: pd.DataFrame, numeric: Sequence[int], texts: Sequence[tuple[int, pd.Index]]
) -> tuple[NDArray[np.float64], NDArray[np.int64]] | None:
    """Return the numbers and codes of a frame with one row, equal to those of reading columns.

    Parameters
    ----------
    frame : DataFrame of shape (1, n_features)
    numeric : sequence of int
        Positions of the numeric columns.
    texts : sequence of (int, Index)
        Positions of the categorical columns, each with its known categories.

    Returns
    -------
    numbers : ndarray of shape (len(numeric),)
    codes : ndarray of shape (len(texts),)

    Or None if there is anything to check (cells of dtype object, categories that are not text, an
    infinity, a column of the wrong kind): then read the columns instead.
    """
    dtypes = frame.dtypes.tolist()
    if not all(_holds_numbers(dtypes[i]) for i in numeric):
        return None
    if not all(_may_hold_text(dtypes[i]) and known.dtype == object for i, known in texts):
        return None
    cells = frame.iloc[0].tolist()
    numbers = np.array([_number(cells[i]) for i in numeric], dtype=np.float64)
    codes = [_code(cells[i], known) for i, known in texts]
    if None in codes or np.isinf(numbers).any():
        return None
    return numbers, np.array(codes, dtype=np.int64)


def _holds_numbers(dtype: Any) -> bool:
    return dtype.kind in "fiub" if isinstance(dtype, np.dtype) else types.is_numeric_dtype(dtype)


def _may_hold_text(dtype: object) -> bool:
    return isinstance(dtype, (pd.CategoricalDtype, pd.StringDtype))


def _number(cell: object) -> float:
    return math.nan if cell is None or cell is pd.NA else float(cell)  # type: ignore[arg-type]


def _code(cell: object, known: pd.Index) -> int | None:
    """Like `encode_categories`; None for a category that is not text."""
    if isinstance(cell, str):
        try:
            return cast(int, known.get_loc(cell)) + FIRST_KNOWN
        except KeyError:
            # A category of another type raises an error.
            return UNKNOWN if "text" in sorts_of(known) or not len(known) else None
    return MISSING if cell is None or cell is pd.NA or cell != cell else None
