"""The columns of a table that hold histories."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any
from warnings import warn

import numpy as np
import pandas as pd

from skmtl.histories._array import Histories, HistoriesDtype
from skmtl.histories._history import EventHistory


def holds_histories(column: pd.Series) -> bool:
    """Whether a column is one of histories, or has such cells, as from a file or from polars."""
    if isinstance(column.dtype, HistoriesDtype):
        return True
    if column.dtype != object and not isinstance(column.dtype, pd.ArrowDtype):
        return False
    return _is_history(next((cell for cell in column.dropna() if not _is_empty_list(cell)), None))


def _is_empty_list(cell: Any) -> bool:
    return isinstance(cell, list | tuple | np.ndarray) and len(cell) == 0


def _is_history(cell: Any) -> bool:
    if isinstance(cell, Mapping):
        return {"time", "variable", "value"} <= set(cell)
    if isinstance(cell, Sequence | np.ndarray) and not isinstance(cell, str) and len(cell):
        return isinstance(cell[0], Mapping) and _is_history(cell[0])
    return isinstance(cell, EventHistory)


def as_histories(column: pd.Series, table: str = "X") -> Histories:
    """The histories of a column.

    Raises
    ------
    ValueError
        If a cell is none, with the name of the column.
    """
    if isinstance(column.dtype, HistoriesDtype):
        return column.array
    try:
        return Histories(column)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Column {column.name!r} of {table} does not hold histories: {error} Make it with "
            "skmtl.histories.Histories."
        ) from error


def check_learnt(
    name: Hashable, histories: Histories, clock: str, variables: Iterable[str]
) -> None:
    """Compare the histories of a column with those that `fit` has seen; warn of new variables.

    Parameters
    ----------
    name : hashable
        Of the column.
    histories : Histories
    clock : str
        That of `fit`, as of `HistoriesDtype`.
    variables : iterable of str
        Those of `fit`.

    Raises
    ------
    ValueError
        If the times are of another clock.
    """
    if histories.dtype.clock != clock and histories.n_events.any():
        raise ValueError(
            f"The times of column {name!r} are of another clock than those of fit: it has the "
            f"dtype {histories.dtype}, and that of fit was {HistoriesDtype(clock)}. Make it from "
            "times of the same sort, with the same unit."
        )
    new = sorted(set(histories.variables) - set(variables))
    if new:
        warn(
            f"Column {name!r} has variables that fit has not seen, and which are left out: "
            f"{new[:10]}.",
            stacklevel=4,
        )
