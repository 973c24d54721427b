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
    """Return whether a column holds histories, by its dtype or its first cell.

    Columns of plain cells come from files or from polars.
    """
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
    """Convert a column to `Histories`.

    Raises
    ------
    ValueError
        If a cell is not a history; the message names the column.
    """
    if isinstance(column.dtype, HistoriesDtype):
        return column.array
    try:
        return Histories(column)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Column {column.name!r} of {table} does not hold histories: {error} Create it with "
            "skmtl.histories.Histories."
        ) from error


def as_learnt(
    name: Hashable, histories: Histories, clock: str, variables: Iterable[str]
) -> Histories:
    """Check the clock of a column against that of `fit`, and leave out events of new variables.

    Parameters
    ----------
    name : hashable
        Name of the column.
    histories : Histories
    clock : str
        The clock in `fit`; see `HistoriesDtype`.
    variables : iterable of str
        The variables in `fit`.

    Returns
    -------
    Histories
        Those that would be there without the events of other variables: a history without a known
        end ends with its last event that remains.

    Warns
    -----
    UserWarning
        About variables that were not seen in `fit`.

    Raises
    ------
    ValueError
        If the clock differs from that in `fit`.
    """
    if histories.dtype.clock != clock and histories.n_events.any():
        raise ValueError(
            f"The times of column {name!r} are of another clock than in fit: the dtype is "
            f"{histories.dtype}, but it was {HistoriesDtype(clock)} in fit. Create the column "
            "from times of the same type, with the same unit."
        )
    known = set(variables)
    new = sorted(set(histories.variables) - known)
    if not new:
        return histories
    warn(
        f"Column {name!r} has variables that were not seen in fit and are ignored: {new[:10]}.",
        stacklevel=5,
    )
    return Histories._from_parts(histories.parts.of_variables(known))
