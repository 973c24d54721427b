"""The protocol of encoders."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl.tables._counts import CellCounts


class HistoryReader(Protocol):
    """Learns one column of histories, and reads such columns as a network takes them."""

    def fit(
        self,
        column: pd.Series,
        rows: NDArray[np.int64] | None,
        sample_weight: NDArray[np.float64] | None,
    ) -> Self:
        """Learn from some rows; the arguments are those of `ColumnEncoder.fit`."""
        ...

    def transform(self, column: pd.Series) -> Any:
        """Rows that can be counted by ``len`` and taken by position."""
        ...

    def example(self, n_rows: int) -> Any:
        """A column of histories that has everything that was learnt, for trials of a model."""
        ...


class FrameEncoder(Protocol):
    """Learns the columns of a data frame, and encodes data frames for an engine.

    `ColumnEncoder` is the base class of those that learn columns themselves; see there for the
    attributes. Before `fit` there is no attribute `columns_`.
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
