"""Detect text columns that are meant to be numbers."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# Numbers as programs write them; with a leading zero, as in "08540", it is a code.
_NUMBER = re.compile(r"\s*[-+]?(0|[1-9]\d*)?(\.\d*)?([eE][-+]?\d+)?\s*")
# Numbers as people write them, which pd.to_numeric does not read: with a currency, a percent sign,
# separators of thousands, a comma for the decimal point, or a typographic minus.
_WRITTEN = re.compile(
    r"\s*[-+\u2212]?\s*[$\u20ac\u00a3\u00a5]?\s*(0|[1-9]\d*|[1-9]\d{0,2}([,.'\s\u2019]\d{3})+)"
    r"([.,]\d+)?\s*[%$\u20ac\u00a3\u00a5]?\s*"
)
# Warn if the share of numbers is at least this, and if there are fewer rows per distinct number
# than this: 20 shop numbers have enough rows, 200 prices do not.
_LEAST_SHARE, _MOST_ROWS_EACH, _LEAST_NUMBERS = 0.9, 10.0, 20


def warn_of_numbers(column: pd.Series, categories: pd.Index, n_rows: NDArray[np.int64]) -> None:
    """Warn if a column of text holds almost nothing but numbers, most of which are rare.

    Columns of dtype category are never reported.

    Parameters
    ----------
    column : Series of shape (n_samples,)
    categories : Index
        The categories of the column.
    n_rows : int ndarray of shape (n_categories,)
        Number of rows of each category.
    """
    finding = numbers_in_text(column, categories, n_rows)
    if finding:
        warnings.warn(
            f"Column {column.name!r} of X is text, but {finding}. Its {len(categories):,} "
            "distinct values are read as categories, which have few rows each and no order: "
            f"convert it to numbers with {to_numbers(categories)}, or with "
            ".astype('category') if it is a category.",
            stacklevel=2,
        )


def numbers_in_text(column: pd.Series, values: pd.Index, n_rows: NDArray[np.int64]) -> str:
    """Say how many values of a column of text are numbers; "" unless nearly all are.

    Parameters are those of `warn_of_numbers`, with the distinct values for the categories.
    """
    if isinstance(column.dtype, pd.CategoricalDtype) or len(values) < _LEAST_NUMBERS:
        return ""
    is_number = np.array([_is_number(value) for value in values])
    in_numbers, n_numbers = int(n_rows[is_number].sum()), int(is_number.sum())
    if n_numbers < _LEAST_NUMBERS or in_numbers > _MOST_ROWS_EACH * n_numbers:
        return ""
    total = int(n_rows.sum())
    if in_numbers < _LEAST_SHARE * total:
        return ""
    others = values[~is_number].tolist()
    exceptions = f" (the others are {str(others[:5])[1:-1]}{', ...' * (len(others) > 5)})"
    return f"{in_numbers:,} of its {total:,} values are numbers{exceptions * bool(others)}"


def to_numbers(values: pd.Index) -> str:
    """Name the function that converts a column with these values, nearly all numbers."""
    signs = [value for value in values if _is_number(value) and not _NUMBER.fullmatch(value)]
    if not signs:
        return "pd.to_numeric(column, errors='coerce')"
    return (
        "pd.to_numeric(column, errors='coerce') after column.str.replace has removed signs such "
        f"as those of {signs[0]!r}"
    )


def _is_number(text: object) -> bool:
    return (
        isinstance(text, str)
        and any(character.isdigit() for character in text)
        and (_NUMBER.fullmatch(text) is not None or _WRITTEN.fullmatch(text) is not None)
    )
