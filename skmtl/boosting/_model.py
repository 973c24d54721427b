"""Fitted blocks one after the other, and bags of such sequences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from skmtl.boosting._partition import PartitionTrees, common_theta


class FittedBlock(Protocol):
    """A block that gives raw scores.

    Shapes are (n_rows, n_own, n_scores): n_own is 1 where the task is that of the row (long
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


@dataclass(frozen=True)
class FittedSequence:
    """The model of one bag.

    Attributes
    ----------
    intercept : ndarray of shape (n_tasks + 1, n_scores)
        The last row is for a task that has not been seen.
    blocks : dict of name to FittedBlock
        In order.
    history : DataFrame
        Losses by block and round.
    loss : float
        Sum of the weighted validation losses.
    """

    intercept: np.ndarray
    blocks: dict[str, FittedBlock]
    history: pd.DataFrame
    loss: float

    def start(self, n_rows: int, group: np.ndarray | None) -> np.ndarray:
        """The intercepts as (n_rows, n_own, n_scores)."""
        if group is not None:
            return self.intercept[group][:, None]
        own = self.intercept[None, :-1]
        return np.broadcast_to(own, (n_rows, *own.shape[1:]))


@dataclass(frozen=True)
class BoostedPool:
    """A bag of sequences for the tasks of one pool, averaged.

    Attributes
    ----------
    names : tuple of str
        The blocks.
    bags : sequence of FittedSequence
    theta : ndarray of shape (n_tasks,) or None
        The logit of each task's outlier score, from the best sequence with a partition.
    """

    names: tuple[str, ...]
    bags: Sequence[FittedSequence]
    theta: np.ndarray | None

    def parts(
        self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int
    ) -> dict[str, np.ndarray]:
        """Raw scores by where they come from: the intercept and each block."""
        start = [bag.start(len(matrix), group) for bag in self.bags]
        parts = {"intercept": _mean(start)}
        for name in self.names:
            parts[name] = _mean(
                [bag.blocks[name].scores(matrix, group, n_jobs, 0, 0) for bag in self.bags]
            )
        return parts

    def scores(self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int) -> np.ndarray:
        """Raw scores (n_rows, n_own, n_scores)."""
        intercept, *blocks = self.parts(matrix, group, n_jobs).values()
        total = intercept.copy()
        for block in blocks:
            total += block
        return total

    def staged(
        self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int
    ) -> Iterator[np.ndarray]:
        """Raw scores after each round, block after block; a bag that has stopped stands still."""
        total = _mean([bag.start(len(matrix), group) for bag in self.bags]).copy()
        for name in self.names:
            blocks = [bag.blocks[name] for bag in self.bags]
            for done in range(max(block.n_rounds for block in blocks)):
                total += _mean(
                    [block.scores(matrix, group, n_jobs, done, done + 1) for block in blocks]
                )
                yield total.copy()

    def contributions(
        self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int
    ) -> np.ndarray:
        """SHAP values (n_rows, n_own, n_scores, n_features + 2): features, task, base.

        What the intercepts differ from that of an unseen task belongs to the task.
        """
        total = np.zeros((0,))
        for bag in self.bags:
            start, base = bag.start(len(matrix), group), bag.intercept[-1]
            own = np.zeros((*start.shape, matrix.shape[1] + 2))
            own[..., -2], own[..., -1] = start - base, base
            for block in bag.blocks.values():
                own += block.contributions(matrix, group, n_jobs)
            total = own if total.size == 0 else total + own
        return total / len(self.bags)

    def importances(self, n_features: int) -> pd.DataFrame:
        """Total gain by block (n_blocks, n_features + 1); the last column is the task's."""
        table = {
            name: _mean([bag.blocks[name].importances(n_features) for bag in self.bags])
            for name in self.names
        }
        return pd.DataFrame.from_dict(table, orient="index")


def theta_of(bags: Sequence[FittedSequence]) -> np.ndarray | None:
    """Theta by task, of the bags together; None without a partition."""
    blocks = [block for bag in bags for block in bag.blocks.values()]
    partitions = [block for block in blocks if isinstance(block, PartitionTrees)]
    return common_theta(partitions) if partitions else None


def _mean(arrays: list[np.ndarray]) -> np.ndarray:
    total = arrays[0]
    for array in arrays[1:]:
        total = total + array
    return total / len(arrays)
