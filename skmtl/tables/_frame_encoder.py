"""The protocol of encoders."""

from __future__ import annotations

from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl.tables._counts import CellCounts


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
