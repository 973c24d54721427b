"""What every fitted block can do."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class FittedBlock(Protocol):
    """A block of trees, whose `scores` are the outputs of its trees, or a linear block.

    Shapes are (n_rows, n_own, n_trees): n_own is 1 where the task is that of the row (long
    data) or the block does not tell tasks apart, and else the number of tasks. Contributions
    have one more axis: the features, the task, and the expected score. In the two calls,
    `group` is the task of each row, -1 for one that has not been seen; None in wide data.
    """

    n_rounds: int

    def scores(
        self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int, start: int, stop: int
    ) -> np.ndarray: ...

    def contributions(
        self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int
    ) -> np.ndarray: ...

    def importances(self, n_features: int) -> np.ndarray: ...

    def importances_by_task(self, n_features: int, n_tasks: int) -> np.ndarray:
        """Gains (n_tasks, n_features), which add up to those of the features over all tasks."""
        ...


def in_equal_parts(gains: np.ndarray, n_tasks: int) -> np.ndarray:
    """Gains (n_features,) of what all tasks share, (n_tasks, n_features)."""
    return np.broadcast_to(gains / n_tasks, (n_tasks, len(gains)))
