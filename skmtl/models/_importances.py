"""Feature importances by task: common functions for the estimators of all engines."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from skmtl.reading import TableReader


def shares_by_task(
    sizes: np.ndarray, index: pd.Index, features: Sequence[Hashable]
) -> pd.DataFrame:
    """Divide sizes (n_tasks, n_features) by their sum over the features.

    The shares are zero for a task in which all sizes are.
    """
    total = sizes.sum(axis=1, keepdims=True)
    shares = np.divide(sizes, total, out=np.zeros_like(sizes), where=total > 0)
    columns = pd.Index(list(features), tupleize_cols=False)
    return pd.DataFrame(shares, index=index, columns=columns)


def task_index(names: Sequence[Hashable], reader: TableReader, n_targets: int) -> pd.Index:
    """Return names of tasks for some targets: the targets, ids of long data, or pairs."""
    if reader.roles.task is None:
        return pd.Index(list(names), tupleize_cols=False)
    if n_targets == 1:
        return pd.Index(reader.task_ids, name=reader.task_label, tupleize_cols=False)
    return pd.MultiIndex.from_product(
        [names, reader.task_ids], names=["target", reader.task_label]
    )


def rows_by_task(importances: pd.DataFrame, group: Sequence[Hashable]) -> pd.DataFrame:
    """Repeat importances for all tasks of a group; the ids of long data share a network's row."""
    if importances.index.isin(group).any():
        return importances
    by_id = pd.concat(dict.fromkeys(group, importances))
    return by_id.droplevel(1) if len(importances) == 1 else by_id


@property  # type: ignore[misc]
def feature_importances(self: Any) -> np.ndarray:
    """Mean of `feature_importances_by_task_` over the tasks, for each column of X, (n_features,).

    0 for columns with a role, such as that of the task ids.
    """
    check_is_fitted(self)
    importances = np.zeros(self.n_features_in_)
    roles = list(self._reader.role_positions)
    features = np.setdiff1d(np.arange(self.n_features_in_), roles)
    importances[features] = self.feature_importances_by_task_.to_numpy().mean(axis=0)
    return importances
