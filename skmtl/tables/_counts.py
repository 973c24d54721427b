"""Counts of missing cells and unknown categories by column."""

from __future__ import annotations

import operator
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# A column without values is reported if its probability, for rows like those of fit, is below
# this, and if there are at least this many rows.
_SMALL_CHANCE, _LEAST_ROWS = 1e-3, 5


@dataclass(frozen=True)
class CellCounts:
    """Missing cells, and cells with an unknown category, of each column of some rows.

    Attributes
    ----------
    columns : sequence of hashable
        The features, in order.
    n_rows : int
    missing, unknown : int64 ndarray of shape (n_columns,)
        In the rows of fit, a category that occurs in a single row counts as unknown.
    """

    columns: Sequence[Hashable]
    n_rows: int
    missing: NDArray[np.int64]
    unknown: NDArray[np.int64]

    def __add__(self, other: CellCounts) -> CellCounts:
        """Add the counts of two tables."""
        return CellCounts(
            self.columns,
            self.n_rows + other.n_rows,
            self.missing + other.missing,
            self.unknown + other.unknown,
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the counts by column, a DataFrame of shape (n_columns, 2)."""
        index = pd.Index(list(self.columns), tupleize_cols=False)
        return pd.DataFrame({"missing": self.missing, "unknown": self.unknown}, index=index)

    @property
    def empty(self) -> NDArray[np.bool_]:
        """Mask of the columns without any known value."""
        return self.missing + self.unknown == self.n_rows


def sum_of_counts(counts: Iterable[CellCounts | None]) -> CellCounts | None:
    """Return the total of all counts; None if there are none."""
    counted = [table for table in counts if table is not None]
    return reduce(operator.add, counted) if counted else None


def describe_empty_columns(counts: CellCounts, learnt: CellCounts) -> str | None:
    """Describe the columns that have lost all their values since fit; None if there are none.

    A column is reported if it is very unlikely that all of this many rows, if they were like those
    of fit, have no value. Five rows are enough for a column that was hardly ever missing; fewer
    rows are never enough.

    Parameters
    ----------
    counts : CellCounts
        Counts of all rows to predict.
    learnt : CellCounts
        Counts of the rows of fit.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.tables import TreeEncoder, describe_empty_columns
    >>> encoder = TreeEncoder().fit(pd.DataFrame({"city": ["Rome", "Bern"] * 50}))
    >>> counts = encoder.count_cells(pd.DataFrame({"city": ["ROME", "BERN"] * 5}))
    >>> describe_empty_columns(counts, encoder.counts_).splitlines()[1]
    "- 'city' holds unknown categories in all 10 rows, and did in 0 of the 100 rows of fit"
    """
    if counts.n_rows < _LEAST_ROWS:
        return None
    share = (_empty_before(counts, learnt) + 1) / (learnt.n_rows + 2)
    share[learnt.missing == learnt.n_rows] = 1.0  # never had a value
    lost = np.flatnonzero(counts.empty & (share**counts.n_rows < _SMALL_CHANCE))
    if len(lost) == 0:
        return None
    lines = [f"- {_sentence(counts, learnt, column)}" for column in lost[:10]]
    lines += [f"- and {len(lost) - 10} more"] * (len(lost) > 10)
    return "\n".join(
        [
            "X has columns without any value that the model can use:",
            *lines,
            "Predictions ignore them. Check where the table comes from: a renamed or empty "
            "source, a join without matches, or categories that are spelled differently.",
        ]
    )


def _sentence(counts: CellCounts, learnt: CellCounts, column: int) -> str:
    missing, unknown = counts.missing[column], counts.unknown[column]
    what = "is missing" if not unknown else "holds unknown categories"
    if missing and unknown:
        what = "is missing or holds unknown categories"
    before = _empty_before(counts, learnt)[column]
    was = "was" if not unknown else "did"
    return (
        f"{counts.columns[column]!r} {what} in all {counts.n_rows:,} rows, and {was} in "
        f"{before:,} of the {learnt.n_rows:,} rows of fit"
    )


def _empty_before(counts: CellCounts, learnt: CellCounts) -> NDArray[np.int64]:
    """Count the rows of fit that lack a value in the same way as the rows now."""
    missing = np.where(counts.missing > 0, learnt.missing, 0)
    return missing + np.where(counts.unknown > 0, learnt.unknown, 0)
