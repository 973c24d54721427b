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
