"""Text that was meant to be numbers."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# As programs write numbers; with a zero in front, as "08540", it is a code.
_NUMBER = re.compile(r"\s*[-+]?(0|[1-9]\d*)?(\.\d*)?([eE][-+]?\d+)?\s*")
# Share of the rows that are numbers, and rows for each distinct number, from which on text is
# taken for what it says: 20 shops have rows enough, and 200 prices do not.
_LEAST_SHARE, _MOST_ROWS_EACH, _LEAST_NUMBERS = 0.9, 10.0, 20


def warn_of_numbers(column: pd.Series, known: pd.Index, n_rows: NDArray[np.int64]) -> None:
    """Warn if a column of text holds almost nothing but numbers, most of which are rare.

    Columns of dtype category are meant as they are.

    Parameters
    ----------
    column : Series of shape (n_samples,)
    known : Index
        Its categories.
    n_rows : int ndarray of shape (n_categories,)
        Rows of each.
    """
    if isinstance(column.dtype, pd.CategoricalDtype) or len(known) < _LEAST_NUMBERS:
        return
    is_number = np.array([_is_number(category) for category in known])
    in_numbers, n_numbers = int(n_rows[is_number].sum()), int(is_number.sum())
    if n_numbers < _LEAST_NUMBERS or in_numbers > _MOST_ROWS_EACH * n_numbers:
        return
    total = int(n_rows.sum())
    if in_numbers < _LEAST_SHARE * total:
        return
    others = known[~is_number].tolist()
    exceptions = f" (the others are {str(others[:5])[1:-1]}{', ...' * (len(others) > 5)})"
    warnings.warn(
        f"Column {column.name!r} of X is text, but {in_numbers:,} of its {total:,} values are "
        f"numbers{exceptions * bool(others)}. Its {len(known):,} values are read as categories, "
        "which have few rows each and no order: make numbers of it with pd.to_numeric(column, "
        "errors='coerce'), or a category with .astype('category') if it is one.",
        stacklevel=2,
    )


def _is_number(text: object) -> bool:
    return (
        isinstance(text, str)
        and any(character.isdigit() for character in text)
        and _NUMBER.fullmatch(text) is not None
    )
