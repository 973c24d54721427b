"""From the user's X to what engines read."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from skmtl.tables import EncodedTable, TableEncoder, TaskIds, as_frame, split_task_column


class TableReader:
    """Reads X the way it was read in `fit`: features encoded, task ids numbered.

    Parameters
    ----------
    task : hashable, optional
        The column of X that names the row's task in long data.
    """

    def __init__(self, task: Hashable | None) -> None:
        self.task = task

    def split(self, X: Any) -> tuple[pd.DataFrame, pd.Series | None]:
        """The features, and the task ids of long data."""
        return (as_frame(X), None) if self.task is None else split_task_column(X, self.task)

    def fit_ids(self, ids: pd.Series | None) -> None:
        """Learn the task ids, of training and validation rows alike."""
        self.ids = None if ids is None else TaskIds().fit(ids)

    def fit_features(
        self, features: pd.DataFrame, rows: np.ndarray, weight: np.ndarray | None
    ) -> None:
        """Learn scaling and categories from the training rows."""
        self.encoder = TableEncoder().fit(features, rows=rows, sample_weight=weight)

    def group(self, ids: pd.Series | None) -> np.ndarray | None:
        """Number of each row's task id, -1 for one that `fit` did not see."""
        return None if self.ids is None else self.ids.transform(ids)

    def read(self, X: Any) -> tuple[EncodedTable, np.ndarray | None]:
        features, ids = self.split(X)
        return self.encoder.transform(features), self.group(ids)

    @property
    def n_groups(self) -> int:
        return 0 if self.ids is None else len(self.ids.ids_)
