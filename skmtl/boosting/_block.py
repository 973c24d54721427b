"""The protocol of fitted blocks."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class FittedBlock(Protocol):
    """A fitted block of trees or of linear functions.

    Scores have the shape (n_rows, n_own, n_trees). n_own is 1 in long data, where each row has one
    task, and for blocks that are the same for all tasks; otherwise it is the number of tasks.
    Contributions have one more axis for the features, the task and the expected score. `group` is
    the task of each row, -1 for an unseen task; it is None in wide data.
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
        """Return gains (n_tasks, n_features) whose sums over tasks are the total gains."""
        ...


def in_equal_parts(gains: np.ndarray, n_tasks: int) -> np.ndarray:
    """Divide gains (n_features,) equally among all tasks, (n_tasks, n_features)."""
    return np.broadcast_to(gains / n_tasks, (n_tasks, len(gains)))
