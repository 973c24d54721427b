"""Encode one table with several encoders."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl._storable import storable
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
    """Several encoders of the same columns.

    Parameters
    ----------
    encoders : list of FrameEncoder
        The encoders. Attributes such as `columns_` are those of the first one.
    """

    def __init__(self, encoders: list[FrameEncoder]) -> None:
        self.encoders = encoders

    def fit(
        self,
        frame: pd.DataFrame,
        rows: NDArray[np.int64] | None = None,
        sample_weight: NDArray[np.float64] | None = None,
    ) -> Self:
        """Learn the columns; see `FrameEncoder`."""
        for encoder in self.encoders:
            encoder.fit(frame, rows, sample_weight)
        return self

    def transform(self, frame: pd.DataFrame) -> TablesSideBySide:
        """Encode a frame with every encoder."""
        return TablesSideBySide(tuple(encoder.transform(frame) for encoder in self.encoders))

    def read(self, frame: pd.DataFrame) -> Any:
        """Read the columns as numbers and codes; see `ColumnEncoder.read`."""
        return self.encoders[0].read(frame)

    @property
    def columns_(self) -> list:
        """Labels of all columns, in order; does not exist before `fit`."""
        return self.encoders[0].columns_

    @property
    def numeric_(self) -> list:
        """Labels of the numeric columns."""
        return self.encoders[0].numeric_

    @property
    def categorical_(self) -> list:
        """Labels of the categorical columns."""
        return self.encoders[0].categorical_

    @property
    def cardinalities_(self) -> list[int]:
        """Number of codes of each categorical column."""
        return self.encoders[0].cardinalities_

    @property
    def categories_(self) -> dict:
        """Known categories of each categorical column."""
        return self.encoders[0].categories_

    @property
    def histories(self) -> Mapping[Hashable, HistoryReader]:
        """Readers of columns of histories."""
        return self.encoders[0].histories

    @property
    def counts_(self) -> CellCounts | None:
        """Counts of missing and unknown cells in the rows that were learnt from."""
        return self.encoders[0].counts_

    def count_cells(self, frame: pd.DataFrame) -> CellCounts:
        """Count missing cells and unknown categories by column."""
        return self.encoders[0].count_cells(frame)
