"""Categorical columns as integer codes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl.tables._schema import sorts_of

UNKNOWN, MISSING, FIRST_KNOWN = 0, 1, 2
LeastRows = int | Literal["auto"]
# A column with more categories than this contains ids, such as users. From ids with few rows a
# model would only memorise these rows.
MANY_CATEGORIES, _ENOUGH_ROWS = 1000, 20


def learn_categories(
    column: pd.Series, rows: NDArray[np.int64] | None
) -> tuple[pd.Index, NDArray[np.int64]]:
    """Return the categories that occur in `rows` (None: in all rows), and their numbers of rows.

    Categories are in sorted order. Text is kept as Python strings, so that a pickle does not
    depend on the string storage of the pandas that wrote it. Bytes, as some programs write text
    into Parquet files, are UTF-8.
    """
    codes, values = _factorize(column)
    codes = codes if rows is None else codes[rows]
    n_rows = np.bincount(codes[codes >= 0], minlength=len(values))
    observed = np.flatnonzero(n_rows)
    values, n_rows = values.take(observed), n_rows[observed]
    # A category can occur twice, as bytes and as text.
    categories = _sorted(values.unique())
    by_category = np.zeros(len(categories), dtype=np.int64)
    np.add.at(by_category, categories.get_indexer(values), n_rows)
    return categories, by_category


def are_kept(n_rows: NDArray[np.int64], least: LeastRows) -> NDArray[np.bool_]:
    """Return a mask of the categories with enough rows; the others count as unknown.

    Parameters
    ----------
    n_rows : ndarray of shape (n_categories,)
    least : int or "auto"
        Minimum number of rows of a category. "auto" is 20 in a column of more than 1,000
        categories, unless no category has 20 rows, and 1 in others.
    """
    if least != "auto":
        return n_rows >= least
    kept = n_rows >= _ENOUGH_ROWS
    return kept if len(n_rows) > MANY_CATEGORIES and kept.any() else n_rows >= 1


def encode_categories(column: pd.Series, categories: pd.Index) -> NDArray[np.int64]:
    """Encode categories: 0 for unknown, 1 for missing, 2 + position for known ones.

    Raises
    ------
    ValueError
        If the column has another type of categories, so that none can match.
    """

    def look_up(values: pd.Index) -> NDArray[np.int64]:
        known = categories
        if "boolean" in (values.inferred_type, known.inferred_type):
            # Otherwise pandas does not match numbers and booleans.
            values, known = values.astype(object), known.astype(object)
        positions = known.get_indexer(values)
        return np.where(positions < 0, UNKNOWN, positions + FIRST_KNOWN)

    return encode_values(column, categories, look_up)


def encode_values(
    column: pd.Series, like: pd.Index, look_up: Callable[[pd.Index], NDArray[np.int64]]
) -> NDArray[np.int64]:
    """Return codes of a column, given a function for distinct values; 1 for missing values.

    Raises
    ------
    ValueError
        If the column has another type of categories than `like`.
    """
    codes, values = _factorize(column)
    _check_sort(column, codes, values, like)
    # pandas codes missing values as -1, which selects the last entry
    return np.append(look_up(values), MISSING).astype(np.int64)[codes]


def index_of(values: np.ndarray) -> pd.Index:
    """Return an index with these values, without inferring another dtype."""
    return pd.Index(values, dtype=values.dtype, tupleize_cols=False)


def _check_sort(
    column: pd.Series, codes: NDArray[np.intp], values: pd.Index, known: pd.Index
) -> None:
    observed = codes[codes >= 0]
    if len(known) == 0 or len(observed) == 0:
        return
    sorts, known_sorts = sorts_of(values), sorts_of(known)
    if sorts & known_sorts:
        return
    shown = values[observed[:1]].tolist()[0]
    remedy = {"text": ".astype('str')", "numbers": "pd.to_numeric"}.get(min(known_sorts))
    hint = "pass it as it was in fit" if remedy is None else f"convert it with {remedy}"
    raise ValueError(
        f"Column {column.name!r} of X holds {_named(sorts)}, such as {shown!r}, but "
        f"held {_named(known_sorts)} in fit, such as {known.tolist()[0]!r}: no category could be "
        f"known. Please {hint}."
    )


def _named(sorts: set[str]) -> str:
    return " and ".join(sorted(sorts))


def _factorize(column: pd.Series) -> tuple[NDArray[np.intp], pd.Index]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, values = column.cat.codes.to_numpy().astype(np.intp), column.cat.categories
    else:
        codes, values = pd.factorize(column)
    values = pd.Index(values, dtype=values.dtype, tupleize_cols=False)
    return codes, _plain(values, column.name)


def _plain(values: pd.Index, name: Hashable) -> pd.Index:
    if isinstance(values.dtype, np.dtype) and values.dtype != object:
        return values
    plain = values.to_numpy(dtype=object)
    if any(isinstance(value, bytes) for value in plain):
        plain = np.fromiter((_text(value, name) for value in plain), object, len(plain))
    return pd.Index(plain, dtype=object, tupleize_cols=False)


def _text(value: object, name: Hashable) -> object:
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ValueError(
            f"Column {name!r} holds the bytes {value[:40]!r}, which are not UTF-8 text: decode "
            "them, or pass them as numbers."
        ) from None


def _sorted(values: pd.Index) -> pd.Index:
    try:
        return values.sort_values()
    except TypeError:  # types such as int and str cannot be compared
        return values[np.argsort([f"{type(value).__name__} {value}" for value in values])]
