"""Encoded rows for boosting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skmtl.boosting import Pool, TargetPool, long_pools, wide_pools
from skmtl.reading import EncodedRows, stacked
from skmtl.tasks import Labels, TaskSet


@dataclass(frozen=True)
class BoostingRows:
    """All rows of a fit, with those of an eval_set at the end.

    Attributes
    ----------
    matrix : ndarray of shape (n_rows, n_features)
    group : int64 ndarray of shape (n_rows,), or None
    labels : Labels
    weight : ndarray of shape (n_rows, n_tasks)
        0 if the label is missing.
    """

    matrix: np.ndarray
    group: np.ndarray | None
    labels: Labels
    weight: np.ndarray

    @classmethod
    def from_encoded(cls, rows: EncodedRows, task_weight: np.ndarray) -> BoostingRows:
        """Combine encoded rows with weights by row and task."""
        # Normalise to mean 1, because the engine interprets weights as numbers of rows.
        task_weight = task_weight / task_weight[task_weight > 0].mean()
        return cls(rows.features, rows.group, rows.labels, rows.weight * task_weight)

    def above(self, other: BoostingRows) -> BoostingRows:
        """Append other rows to these."""
        return BoostingRows(
            stacked(self.matrix, other.matrix),
            None if self.group is None else np.concatenate([self.group, other.group]),
            Labels(
                np.concatenate([self.labels.target, other.labels.target]),
                np.concatenate([self.labels.mask, other.labels.mask]),
            ),
            np.concatenate([self.weight, other.weight]),
        )

    def pools(self, tasks: TaskSet, task_ids: list) -> list[TargetPool]:
        """Return the labels of targets that are learnt together."""
        if self.group is None:
            return wide_pools(tasks, self.labels, self.weight)
        return long_pools(tasks, self.labels, self.weight, self.group, task_ids)


def weight_in_rows(pool: Pool, rows: np.ndarray, n_rows: int) -> np.ndarray:
    """Return the weights of a pool's entries in some rows, 0 elsewhere."""
    chosen = np.zeros(n_rows, dtype=bool)
    chosen[rows] = True
    return pool.weight * pool.of_rows(chosen)
