"""A table whose columns come from several sources, each of which a row has or lacks as a whole."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl._storable import storable
from skmtl._suggestions import did_you_mean
from skmtl.tables._categories import MISSING, UNKNOWN
from skmtl.tables._counts import CellCounts
from skmtl.tables._encoder import learning_rows
from skmtl.tables._frame_encoder import HistoryReader
from skmtl.tables._histories import HistoryTableEncoder
from skmtl.tables._table_encoder import EncodedTable, TableEncoder
from skmtl.tables._wrapped_table import WrappedTable

Sources = Mapping[Hashable, Sequence[Hashable]]
"""Columns of each source, by its name."""


def check_sources(sources: Sources) -> None:
    """Raise ValueError for sources without columns, and for columns of two sources."""
    source_of: dict[Hashable, Hashable] = {}
    for source, columns in sources.items():
        if len(columns) == 0:
            raise ValueError(f"sources[{source!r}] has no columns. Name them, or leave it out.")
        for column in columns:
            if column in source_of:
                raise ValueError(
                    f"sources names the column {column!r} twice, in {source_of[column]!r} and "
                    f"{source!r}. A column belongs to one source."
                )
            source_of[column] = source


@storable
class SourceEncoder(WrappedTable):
    """An encoder that also says which sources of a row are present.

    A source is absent from a row if all of its columns are missing there. Columns that no source
    names are always present. If a column had no missing values where its source was present in
    `fit`, nothing could be learnt about them, so they are imputed as in `TableEncoder`.

    Parameters
    ----------
    table : TableEncoder or HistoryTableEncoder
        Encodes the columns, not fitted yet.
    sources : mapping of source to list of columns

    Attributes
    ----------
    columns_, numeric_, categorical_, cardinalities_, categories_, counts_, hashing_, histories
        Those of `table`.
    shown : tuple of hashable, or None
        The sources that are read; all others count as absent. None means all.
    """

    shown: tuple[Hashable, ...] | None = None

    def __init__(self, table: TableEncoder | HistoryTableEncoder, sources: Sources) -> None:
        self.table = table
        self.sources = {source: list(columns) for source, columns in sources.items()}

    def showing(self, sources: Iterable[Hashable]) -> SourceEncoder:
        """The same encoder for some of the sources.

        Raises
        ------
        ValueError
            If there is no such source.
        """
        shown = tuple(sources)
        for source in shown:
            if source not in self.sources:
                raise ValueError(
                    f"There is no source {source!r}; the sources are {list(self.sources)}."
                    f"{did_you_mean(source, list(self.sources))}"
                )
        encoder = copy.copy(self)
        encoder.shown = shown
        return encoder

    @property
    def hidden(self) -> list[Hashable]:
        """The columns of sources that are not read."""
        unread = [of for source, of in self.sources.items() if not self._is_shown(source)]
        return [column for columns in unread for column in columns]

    def completed(self, frame: pd.DataFrame, columns: list[Hashable]) -> pd.DataFrame:
        """The frame with missing cells for the columns of hidden sources that it lacks.

        Parameters
        ----------
        frame : DataFrame
        columns : list
            Those of `fit` in order, with roles.
        """
        labels: set[Hashable] = set(frame.columns)
        hidden = [column for column in self.hidden if column not in labels]
        if not hidden:
            return frame
        labels |= set(hidden)
        missing = pd.DataFrame(None, index=frame.index, columns=hidden, dtype=object)
        completed = pd.concat([frame, missing], axis=1)
        # Other columns that X lacks are missed by the comparison with those of `fit`.
        there = [column for column in columns if column in labels]
        return completed[[*there, *(one for one in frame.columns if one not in columns)]]

    def source_numbers(self, labels: Iterable[Hashable]) -> tuple[int, ...]:
        """Number of the source of each column, -1 for columns that no source names."""
        numbers = {
            column: number
            for number, columns in enumerate(self.sources.values())
            for column in columns
        }
        return tuple(numbers.get(label, -1) for label in labels)

    def fit(
        self,
        frame: pd.DataFrame,
        rows: NDArray[np.int64] | None = None,
        sample_weight: NDArray[np.float64] | None = None,
    ) -> Self:
        """Learn the columns; see `ColumnEncoder.fit`.

        Raises
        ------
        ValueError
            If a source names a column that is not a feature.
        """
        labels = frame.columns.tolist()
        for source, columns in self.sources.items():
            for column in columns:
                if column not in labels:
                    raise ValueError(
                        f"sources[{source!r}] names the column {column!r}, which is not a feature "
                        f"of X; these are {labels[:20]}.{did_you_mean(column, labels)}"
                    )
        self.table.fit(frame, rows, sample_weight)
        learnt_from, _ = learning_rows(len(frame), rows, sample_weight)
        missing = frame.isna().to_numpy()[slice(None) if learnt_from is None else learnt_from]
        self._has_gaps = self._gaps(missing)
        return self

    def _gaps(self, missing: NDArray[np.bool_]) -> dict[Hashable, bool]:
        """Whether a column of a source has missing cells in rows with the source."""
        places = self._places
        return {
            column: bool((missing[:, place] & ~missing[:, within].all(axis=1)).any())
            for within in places
            for place, column in zip(within, (self.columns_[at] for at in within), strict=True)
        }

    @property
    def _places(self) -> list[list[int]]:
        """Positions of the columns of each source."""
        place_of = {label: place for place, label in enumerate(self.columns_)}
        return [[place_of[column] for column in columns] for columns in self.sources.values()]

    def transform(self, frame: pd.DataFrame) -> EncodedTable:
        """Encode a frame with the learnt columns; see `TableEncoder.transform`."""
        encoded = self.table.transform(frame)
        numeric, codes = encoded.numeric, encoded.codes
        numeric[np.isnan(numeric) & self._imputed(self.numeric_)] = 0.0
        codes[(codes == MISSING) & self._imputed(self.categorical_)] = UNKNOWN
        return replace(encoded, present=self._present(frame))

    def _imputed(self, labels: list) -> NDArray[np.bool_]:
        """Which columns were complete wherever their source was present."""
        return np.array([not self._has_gaps.get(label, True) for label in labels], dtype=bool)

    def _present(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Which sources are read, (n_samples, n_sources)."""
        missing = frame.isna().to_numpy()
        present = np.column_stack([~missing[:, within].all(axis=1) for within in self._places])
        return present & [self._is_shown(source) for source in self.sources]

    def _is_shown(self, source: Hashable) -> bool:
        return self.shown is None or source in self.shown

    def read(self, frame: pd.DataFrame) -> Any:
        """The columns as numbers and codes; see `ColumnEncoder.read`."""
        return self.table.read(frame)

    def count_cells(self, frame: pd.DataFrame) -> CellCounts:
        """Missing cells and unknown categories by column, zero where the source is not shown."""
        counts = self.table.count_cells(frame)
        is_read = np.ones(len(self.columns_), dtype=bool)
        for source, within in zip(self.sources, self._places, strict=True):
            is_read[within] = self._is_shown(source)
        return replace(counts, missing=counts.missing * is_read, unknown=counts.unknown * is_read)

    @property
    def columns_(self) -> list:
        """The labels of all columns, in order; there is none before `fit`."""
        return self.table.columns_

    @property
    def histories(self) -> Mapping[Hashable, HistoryReader]:
        """Readers of columns of histories."""
        return self.table.histories

    @property
    def counts_(self) -> CellCounts | None:
        """Cells that say nothing, of the rows that were learnt from."""
        return self.table.counts_
