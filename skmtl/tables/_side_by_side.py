"""Encode one table with several encoders."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl._storable import storable
from skmtl._suggestions import did_you_mean
from skmtl.tables._counts import CellCounts
from skmtl.tables._frame_encoder import FrameEncoder, HistoryReader


@dataclass(frozen=True)
class TablesSideBySide:
    """The same rows, encoded in several ways.

    Attributes
    ----------
    tables : tuple
        The table as encoded by each encoder.
    """

    tables: tuple[Any, ...]

    def __getitem__(self, rows: NDArray[np.int64] | slice) -> TablesSideBySide:
        """Select rows."""
        return TablesSideBySide(tuple(table[rows] for table in self.tables))


@storable
class EncodersSideBySide:
    """Several encoders of the same table, of all of its columns or some.

    Parameters
    ----------
    encoders : list of FrameEncoder
        The encoders. What is said of a column, such as its categories, is what the first encoder
        with this column says.
    parts : sequence of (list of labels or None)
        The columns that each encoder reads; None for all.

    Attributes
    ----------
    columns_ : list
        The labels of all columns, in order.
    """

    parts: Sequence[Sequence | None] = ()  # of earlier models
    _columns: list | None = None

    def __init__(self, encoders: list[FrameEncoder], parts: Sequence[Sequence | None]) -> None:
        self.encoders = encoders
        self.parts = parts

    def fit(
        self,
        frame: pd.DataFrame,
        rows: NDArray[np.int64] | None = None,
        sample_weight: NDArray[np.float64] | None = None,
    ) -> Self:
        """Learn the columns; see `FrameEncoder`.

        Raises
        ------
        ValueError
            If a part has a column that `frame` lacks, or if no encoder reads a column.
        """
        self._columns = frame.columns.tolist()
        chosen = [None if labels is None else set(labels) for labels in self.parts]
        self._check_parts(self._columns, chosen)
        self.parts = [
            None if labels is None else [label for label in self._columns if label in labels]
            for labels in chosen
        ]
        for position, encoder in enumerate(self.encoders):
            encoder.fit(self.part(frame, position), rows, sample_weight)
        return self

    @staticmethod
    def _check_parts(columns: list, parts: Sequence[set | None]) -> None:
        known = set(columns)
        read = set().union(*(known if labels is None else labels for labels in parts))
        unknown = sorted(read - known, key=str)
        if unknown:
            raise ValueError(
                f"`estimators` names the columns {unknown[:5]}, which are not features of X."
                f"{did_you_mean(unknown[0], columns)} The features are {columns[:20]}."
            )
        unread = [label for label in columns if label not in read]
        if unread:
            raise ValueError(
                f"No member of the stack reads the columns {unread[:20]}: name them in "
                "`estimators`, or leave them out of X."
            )

    def part(self, frame: pd.DataFrame, position: int) -> pd.DataFrame:
        """Select the columns that one encoder reads."""
        labels = self.parts[position] if self.parts else None
        return frame if labels is None else frame[list(labels)]

    def transform(self, frame: pd.DataFrame) -> TablesSideBySide:
        """Encode a frame with every encoder."""
        return TablesSideBySide(
            tuple(
                encoder.transform(self.part(frame, position))
                for position, encoder in enumerate(self.encoders)
            )
        )

    def read(self, frame: pd.DataFrame) -> Any:
        """Read the columns as numbers and codes; see `ColumnEncoder.read`."""
        numbers: dict[Hashable, NDArray[np.float64]] = {}
        codes: dict[Hashable, NDArray[np.int64]] = {}
        for position, encoder in self._needed():
            blocks, of_categories = encoder.read(self.part(frame, position))
            columns = (column for _, block in blocks for column in block)
            numbers.update(zip(encoder.numeric_, columns, strict=True))
            codes.update(zip(encoder.categorical_, of_categories.T, strict=True))
        rows = np.zeros((len(frame), 0), np.int64)
        rows = np.column_stack([rows, *(codes[label] for label in self.categorical_)])
        blocks = ((slice(at, at + 1), numbers[x][None]) for at, x in enumerate(self.numeric_))
        return blocks, rows

    def count_cells(self, frame: pd.DataFrame) -> CellCounts:
        """Count missing cells and unknown categories by column."""
        return self._joined(
            [
                encoder.count_cells(self.part(frame, position))
                for position, encoder in self._needed()
            ]
        )

    @property
    def counts_(self) -> CellCounts | None:
        """Counts of missing and unknown cells in the rows that were learnt from."""
        counts = [encoder.counts_ for _, encoder in self._needed()]
        known = [each for each in counts if each is not None]
        return self._joined(known) if len(known) == len(counts) else None

    def _joined(self, counts: Sequence[CellCounts]) -> CellCounts:
        if len(counts) == 1:
            return counts[0]
        cells: dict[Hashable, NDArray[np.int64]] = {}
        for table in counts:
            pairs = np.column_stack([table.missing, table.unknown])
            cells.update(zip(table.columns, pairs, strict=True))
        missing, unknown = np.array([cells[label] for label in self.columns_]).T
        return CellCounts(self.columns_, counts[0].n_rows, missing, unknown)

    def _needed(self) -> list[tuple[int, FrameEncoder]]:
        """Return the encoders that read a column first, the last of them in front.

        So whoever reads a column first has the last word on it.
        """
        known: set[Hashable] = set()
        needed: list[tuple[int, FrameEncoder]] = []
        for position, encoder in enumerate(self.encoders):
            if not known.issuperset(encoder.columns_):
                needed.insert(0, (position, encoder))
                known.update(encoder.columns_)
        return needed

    def _by_column(self, of_encoder: Callable[[FrameEncoder], Mapping[Hashable, Any]]) -> dict:
        """Merge mappings of some columns, in the order of the table."""
        merged: dict[Hashable, Any] = {}
        for _, encoder in self._needed():
            merged.update(of_encoder(encoder))
        return {label: merged[label] for label in self.columns_ if label in merged}

    @property
    def columns_(self) -> list:
        """Labels of all columns, in order; does not exist before `fit`."""
        return self.encoders[0].columns_ if self._columns is None else self._columns

    @property
    def numeric_(self) -> list:
        """Labels of the numeric columns."""
        return list(self._by_column(lambda encoder: dict.fromkeys(encoder.numeric_)))

    @property
    def categorical_(self) -> list:
        """Labels of the categorical columns."""
        return list(self.categories_)

    @property
    def cardinalities_(self) -> list[int]:
        """Number of codes of each categorical column."""
        return list(self._by_column(_cardinalities).values())

    @property
    def categories_(self) -> dict:
        """Known categories of each categorical column."""
        return self._by_column(lambda encoder: encoder.categories_)

    @property
    def histories(self) -> Mapping[Hashable, HistoryReader]:
        """Readers of columns of histories."""
        return self._by_column(lambda encoder: encoder.histories)


def _cardinalities(encoder: FrameEncoder) -> dict[Hashable, int]:
    return dict(zip(encoder.categorical_, encoder.cardinalities_, strict=True))
