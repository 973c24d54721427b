"""Score a batch that may contain rows that the model cannot score."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pandas.api import types

from skmtl.scoring._columns import ReadColumns
from skmtl.scoring._drift import with_names
from skmtl.scoring._errors import ScoringError
from skmtl.scoring._outputs import Outputs, Scored
from skmtl.tables import CellCounts, sum_of_counts

# Maximum number of problematic rows to find in a batch by halving, each of which costs a few dozen
# calls of the model. If there are more, single rows are probably not the cause.
MOST_HALVINGS = 1000
_PROBES = 32
# Errors that do not depend on the rows.
_NOT_OF_ROWS = (MemoryError, OSError, ImportError)


class ScoredRows(NamedTuple):
    """The outcome of scoring the rows of a table.

    Attributes
    ----------
    scored : ndarray of int, or None
        The positions of the rows that were scored; None for all.
    columns : dict of str to ndarray
        The outputs of these rows.
    counts : CellCounts or None
        Counts of missing and unknown cells; None if they are not known.
    refused : dict of int to str
        The positions of the other rows, with the reasons.
    """

    scored: NDArray[np.int64] | None
    columns: dict[str, np.ndarray]
    counts: CellCounts | None
    refused: dict[int, str]


class RowScorer:
    """Scores tables, and finds the rows that the model cannot score.

    Rows are only examined if the model raises an error for a batch. Rows with an infinity, without
    a task id, or with an id that the model rejects are found directly; others by halving the
    batch.

    Parameters
    ----------
    outputs : Outputs
    features : ReadColumns
    at_most : int
        Maximum number of rows to find by halving before giving up.
    """

    def __init__(self, outputs: Outputs, features: ReadColumns, at_most: int) -> None:
        self._outputs, self._features, self._at_most = outputs, features, at_most

    def score(self, table: pa.Table, unreadable: dict[int, str]) -> ScoredRows:
        """Score the rows of a table.

        Parameters
        ----------
        table : pyarrow.Table
        unreadable : dict of int to str
            Positions of rows that cannot be read, and why.

        Raises
        ------
        ScoringError
            If the model refuses more than `at_most` single rows.
        """
        X, refused = self._frame(table), dict(unreadable)
        rows = _others(X, refused) if refused else None
        try:
            whole = self._outputs.values(X if rows is None else X.iloc[rows])
            return ScoredRows(rows, whole.columns, self._named(whole.counts), refused)
        except _NOT_OF_ROWS:
            raise
        except Exception:
            refused = self._suspects(X) | refused
        rows = _others(X, refused)
        halving = _Halving(
            lambda some: self._outputs.values(X.iloc[some]), self._at_most, self._types_read(X)
        )
        parts = halving.parts(rows)
        columns = {
            name: np.concatenate([like[:0], *(part.columns[name] for _, part in parts)])
            for name, like in self._outputs.columns.items()
        }
        counts = self._named(sum_of_counts(part.counts for _, part in parts))
        scored = np.concatenate([rows[:0], *(some for some, _ in parts)])
        return ScoredRows(scored, columns, counts, refused | halving.refused)

    def _named(self, counts: CellCounts | None) -> CellCounts | None:
        return None if counts is None else with_names(counts, self._features)

    def _frame(self, table: pa.Table) -> pd.DataFrame:
        """Convert the features to the form that the model reads."""
        columns = [_plain(table.column(name)) for name in self._features.names]
        names = [str(i) for i in range(len(columns))]
        # Consolidate columns of one type in one block, which encoders read at once.
        frame = pa.table(columns, names=names).to_pandas()
        return frame.set_axis(self._features.labels, axis=1)

    def _types_read(self, X: pd.DataFrame) -> str:
        """Return a hint for pipelines, which do not know the types that they were fitted on."""
        if self._features.cell_types is not None:
            return ""
        numbers = [types.is_numeric_dtype(dtype) for dtype in X.dtypes]
        as_text = [
            n for n, number in zip(self._features.names, numbers, strict=True) if not number
        ]
        as_numbers = [n for n in self._features.names if n not in as_text]
        return (
            f" The pipeline does not store what it was fitted on: the columns {as_text[:5]} were "
            f"read as text, and {as_numbers[:5]} as numbers. For CSV files, csv_types "
            "(--csv-type) sets the right types, such as 'float64' or 'string'."
        )

    def _suspects(self, X: pd.DataFrame) -> dict[int, str]:
        """Return rows that the model must refuse for a reason that is visible in the data."""
        reasons: dict[int, str] = {}
        cell_types = self._features.cell_types or ["any"] * X.shape[1]
        for position, name in enumerate(self._features.names):
            column = X.iloc[:, position]
            if cell_types[position] == "unused":
                continue
            if isinstance(column.dtype, np.dtype) and column.dtype.kind == "f":
                for row in np.flatnonzero(np.isinf(column.to_numpy())).tolist():
                    reasons.setdefault(row, f"Column {name!r} holds infinity.")
        if self._features.task is not None:
            name = self._features.names[self._features.task]
            for row, reason in self._strange_ids(X.iloc[:, self._features.task]).items():
                reasons.setdefault(row, f"Column {name!r} holds {reason}.")
        return reasons

    def _strange_ids(self, ids: pd.Series) -> dict[int, str]:
        missing, known_ids = ids.isna().to_numpy(), self._features.known_ids
        reasons = dict.fromkeys(np.flatnonzero(missing).tolist(), "no task id")
        if known_ids is not None:
            unseen = ~missing & (known_ids.transform(ids) < 0)
            for row in np.flatnonzero(unseen).tolist():
                reasons[row] = f"the task {_shown(ids.iloc[row])}, which fit has not seen"
        return reasons


def _shown(value: object) -> str:
    """Format an id as in the data; integers may have become floats."""
    return f"{value:.15g}" if isinstance(value, float) else repr(value)


def _others(X: pd.DataFrame, refused: dict[int, str]) -> NDArray[np.int64]:
    return np.setdiff1d(np.arange(len(X)), list(refused))


class _Halving:
    """Scores rows by halving until the rows that fail are isolated."""

    def __init__(
        self, score: Callable[[NDArray[np.int64]], Scored], at_most: int, remedy: str
    ) -> None:
        self._score, self._at_most, self._remedy = score, at_most, remedy
        self.refused: dict[int, str] = {}

    def parts(self, rows: NDArray[np.int64]) -> list[tuple[NDArray[np.int64], Scored]]:
        """Return positions and outputs of the rows that were scored, in their order."""
        if len(rows) > self._at_most > 1:
            self._probe(rows)
        return self._halve(rows)

    def _probe(self, rows: NDArray[np.int64]) -> None:
        """Give up early if the model refuses rows from all over the batch."""
        refused = 0
        for row in rows[np.linspace(0, len(rows) - 1, _PROBES).astype(int)]:
            try:
                self._score(np.array([row]))
                return
            except _NOT_OF_ROWS:
                raise
            except Exception as error:
                refused += 1
                if refused == _PROBES:
                    raise self._hopeless("every row that was tried", error) from error

    def _halve(self, rows: NDArray[np.int64]) -> list[tuple[NDArray[np.int64], Scored]]:
        if len(rows) == 0 or len(self.refused) >= self._at_most:
            return []
        try:
            return [(rows, self._score(rows))]
        except _NOT_OF_ROWS:
            raise
        except Exception as error:
            if len(rows) == 1:
                self.refused[int(rows[0])] = self._reason(error)
                if 1 < len(self.refused) == self._at_most:
                    raise self._hopeless(f"{self._at_most:,} rows", error) from error
                return []
        middle = len(rows) // 2
        return self._halve(rows[:middle]) + self._halve(rows[middle:])

    def _reason(self, error: Exception) -> str:
        reason = f"{type(error).__name__}: {error}"
        if not self._remedy or not isinstance(error, TypeError | ValueError):
            return reason
        return f"{reason.rstrip('.')}.{self._remedy}"

    def _hopeless(self, what: str, error: Exception) -> ScoringError:
        return ScoringError(
            f"The model refuses {what} of a batch, so single rows are hardly the cause. "
            f"The last one: {self._reason(error)}"
        )


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert columns that would become Python objects in pandas, such as missing booleans."""
    if pa.types.is_boolean(column.type) and column.null_count:
        return column.cast(pa.int8())
    return column.cast(pa.float64()) if pa.types.is_decimal(column.type) else column
