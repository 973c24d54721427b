"""Protocols of encoders."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl.tables._counts import CellCounts


class HistoryReader(Protocol):
    """Learns a column of histories, and encodes such columns for networks."""

    def fit(
        self,
        column: pd.Series,
        rows: NDArray[np.int64] | None,
        sample_weight: NDArray[np.float64] | None,
    ) -> Self:
        """Learn from some rows; see `ColumnEncoder.fit` for the parameters."""
        ...

    def transform(self, column: pd.Series) -> Any:
        """Encode a column as rows that support ``len`` and indexing by position."""
        ...

    def example(self, n_rows: int) -> Any:
        """Return a column of histories that covers everything that was learnt, to try a model."""
        ...


class FrameEncoder(Protocol):
    """Learns the columns of a data frame, and encodes data frames for an engine.

    See `ColumnEncoder`, the base class of encoders that learn columns themselves, for the
    attributes. The attribute `columns_` does not exist before `fit`.
    """

    @property
    def columns_(self) -> list: ...

    @property
    def numeric_(self) -> list: ...

    @property
    def categorical_(self) -> list: ...

    @property
    def cardinalities_(self) -> list[int]: ...

    @property
    def categories_(self) -> dict: ...

    @property
    def histories(self) -> Mapping[Hashable, HistoryReader]: ...

    @property
    def counts_(self) -> CellCounts | None: ...

    def fit(
        self,
        frame: pd.DataFrame,
        rows: NDArray[np.int64] | None = None,
        sample_weight: NDArray[np.float64] | None = None,
    ) -> Self: ...

    def read(self, frame: pd.DataFrame) -> Any: ...

    def transform(self, frame: pd.DataFrame) -> Any: ...

    def count_cells(self, frame: pd.DataFrame) -> CellCounts: ...
