"""From the user's X to what engines read."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from skmtl._storable import storable
from skmtl.tables import TaskIds, as_frame, split_task_column


def split_features(X: Any, task: Hashable | None) -> tuple[pd.DataFrame, pd.Series | None]:
    """The features, and the task ids of long data."""
    return (as_frame(X, min_rows=0), None) if task is None else split_task_column(X, task)


@storable
class TableReader:
    """Reads X the way it was read in `fit`: features encoded, task ids numbered.

    Parameters
    ----------
    task : hashable, optional
        The column of X that names the row's task in long data.
    encoder : TableEncoder or TreeEncoder
        What the engine reads features with.
    """

    def __init__(self, task: Hashable | None, encoder: Any) -> None:
        self.task = task
        self.encoder = encoder

    def fit_ids(self, ids: pd.Series | None) -> None:
        """Learn the task ids, of training and validation rows alike."""
        self.ids = None if ids is None else TaskIds().fit(ids)

    def fit_features(
        self,
        features: pd.DataFrame,
        rows: np.ndarray | None = None,
        weight: np.ndarray | None = None,
    ) -> None:
        """Learn scaling and categories from the training rows, or from all."""
        self.encoder.fit(features, rows=rows, sample_weight=weight)

    def group(self, ids: pd.Series | None) -> np.ndarray | None:
        """Number of each row's task id, -1 for one that `fit` did not see."""
        return None if self.ids is None else self.ids.transform(ids)

    def read(self, X: Any) -> tuple[Any, np.ndarray | None]:
        features, ids = split_features(X, self.task)
        return self.encoder.transform(features), self.group(ids)

    @property
    def task_ids(self) -> list:
        """The ids of long data, in the order of their numbers; none in wide data."""
        return [] if self.ids is None else self.ids.ids_

    @property
    def n_groups(self) -> int:
        return len(self.task_ids)
