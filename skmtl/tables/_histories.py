"""Encode tables with columns of histories."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl._storable import storable
from skmtl._suggestions import did_you_mean
from skmtl.tables._counts import CellCounts
from skmtl.tables._frame_encoder import HistoryReader
from skmtl.tables._numeric import RobustScaler
from skmtl.tables._schema import check_same_columns
from skmtl.tables._table_encoder import EncodedTable, TableEncoder
from skmtl.tables._wrapped_table import WrappedTable


@storable
class HistoryTableEncoder(WrappedTable):
    """Encodes tables with columns of histories, numbers and categories.

    Parameters
    ----------
    table : TableEncoder
        Encoder of the other columns.
    histories : mapping of column to HistoryReader
        Unfitted readers of the columns of histories.

    Attributes
    ----------
    columns_ : list
        The labels of all columns, in order; does not exist before `fit`.
    """

    def __init__(self, table: TableEncoder, histories: Mapping[Hashable, HistoryReader]) -> None:
        self.table = table
        self.histories = dict(histories)

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
            If a column of histories is not among those of the frame.
        """
        labels = frame.columns.tolist()
        for name in self.histories:
            if name not in labels:
                raise ValueError(
                    f"series names the column {name!r}, which X does not have; its columns are "
                    f"{labels[:20]}.{did_you_mean(name, labels)}"
                )
        self.table.fit(self._without_histories(frame), rows, sample_weight)
        self._n_missing = [
            int(frame[name].iloc[slice(None) if rows is None else rows].isna().sum())
            for name in self.histories
        ]
        for name, reader in self.histories.items():
            reader.fit(frame[name], rows, sample_weight)
        self.columns_ = labels
        return self

    def read(self, frame: pd.DataFrame) -> Any:
        """Read the other columns as numbers and codes; see `ColumnEncoder.read`."""
        check_same_columns(self.columns_, frame.columns.tolist())
        return self.table.read(self._without_histories(frame))

    def transform(self, frame: pd.DataFrame) -> EncodedTable:
        """Encode a frame with the learnt columns; see `TableEncoder.transform`."""
        check_same_columns(self.columns_, frame.columns.tolist())
        encoded = self.table.transform(self._without_histories(frame))
        histories = {
            name: reader.transform(frame[name]) for name, reader in self.histories.items()
        }
        return EncodedTable(encoded.numeric, encoded.codes, histories)

    def count_cells(self, frame: pd.DataFrame) -> CellCounts:
        """Count missing cells and unknown categories; see `ColumnEncoder.count_cells`."""
        check_same_columns(self.columns_, frame.columns.tolist())
        missing = [int(frame[name].isna().sum()) for name in self.histories]
        return self._counts(self.table.count_cells(self._without_histories(frame)), missing)

    @property
    def scaler_(self) -> RobustScaler:
        """How the numeric columns are scaled."""
        return self.table.scaler_

    @property
    def counts_(self) -> CellCounts | None:
        """Counts of missing and unknown cells in the rows that were learnt from."""
        if self.table.counts_ is None:
            return None
        return self._counts(self.table.counts_, self._n_missing)

    def _without_histories(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.drop(columns=list(self.histories))

    def _counts(self, table: CellCounts, n_missing: list[int]) -> CellCounts:
        missing = dict(zip(table.columns, table.missing, strict=True))
        missing |= dict(zip(self.histories, n_missing, strict=True))
        unknown = dict(zip(table.columns, table.unknown, strict=True))
        return CellCounts(
            self.columns_,
            table.n_rows,
            np.array([missing[name] for name in self.columns_], dtype=np.int64),
            np.array([unknown.get(name, 0) for name in self.columns_], dtype=np.int64),
        )
