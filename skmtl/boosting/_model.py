"""Fitted blocks one after the other, and bags of such sequences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from skmtl._storable import storable
from skmtl.boosting._block import FittedBlock
from skmtl.boosting._options import BLOCKS
from skmtl.boosting._partition import PartitionTrees, common_theta
from skmtl.boosting._task import TaskTrees


@storable
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
        Mean validation loss; NaN where nothing was held out.
    """

    intercept: np.ndarray
    blocks: dict[str, FittedBlock]
    history: pd.DataFrame
    loss: float

    def __getstate__(self) -> dict[str, Any]:
        """The history as lists: what is stored depends on no version of pandas."""
        return vars(self) | {"history": self.history.to_dict("list")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state | {"history": pd.DataFrame(state["history"])})


@storable
@dataclass(frozen=True)
class BoostedPool:
    """A bag of sequences for the tasks of one pool, averaged.

    Attributes
    ----------
    best : tuple of str
        The blocks of the best sequence.
    bags : sequence of FittedSequence
        Those of the best sequence first, then those of others that are as good.
    theta : ndarray of shape (n_tasks,) or None
        The logit of each task's outlier score, from the best sequence with a partition, if
        possible without a signature.
    tried : DataFrame
        Mean validation loss of each sequence, the best first.
    """

    best: tuple[str, ...]
    bags: Sequence[FittedSequence]
    theta: np.ndarray | None
    tried: pd.DataFrame

    def __getstate__(self) -> dict[str, Any]:
        """As that of `FittedSequence`."""
        return vars(self) | {"tried": self.tried.to_dict("list")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state | {"tried": pd.DataFrame(state["tried"])})

    @property
    def names(self) -> tuple[str, ...]:
        """All blocks of the bags, in the order in which they follow each other."""
        orders = {tuple(bag.blocks) for bag in self.bags}
        if len(orders) == 1:
            return orders.pop()
        present = {name for order in orders for name in order}
        return tuple(name for name in BLOCKS if name in present)

    def parts(
        self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int
    ) -> dict[str, np.ndarray]:
        """Raw scores by where they come from: the intercept and each block."""
        parts = {"intercept": self.intercepts(len(matrix), group)}
        for name in self.names:
            blocks = self._blocks(name)
            own = [block.scores(matrix, group, n_jobs, 0, 0) for block in blocks]
            parts[name] = sum(own[1:], own[0]) / len(self.bags)
        return parts

    def _blocks(self, name: str) -> list[FittedBlock]:
        return [bag.blocks[name] for bag in self.bags if name in bag.blocks]

    def intercepts(self, n_rows: int, group: np.ndarray | None) -> np.ndarray:
        """What the tasks start from, (n_rows, n_own, n_scores)."""
        by_task = np.mean([bag.intercept for bag in self.bags], axis=0)
        if group is not None:
            return by_task[group][:, None]
        return np.broadcast_to(by_task[None, :-1], (n_rows, len(by_task) - 1, by_task.shape[1]))

    def scores(self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int) -> np.ndarray:
        """Raw scores (n_rows, n_own, n_scores)."""
        intercept, *blocks = self.parts(matrix, group, n_jobs).values()
        return sum(blocks, intercept)

    def staged(
        self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int
    ) -> Iterator[np.ndarray]:
        """Raw scores after each round, block after block; a bag that has stopped stands still."""
        total = self.intercepts(len(matrix), group)
        for name in self.names:
            blocks = self._blocks(name)
            for done in range(max(block.n_rounds for block in blocks)):
                for block in blocks:
                    added = block.scores(matrix, group, n_jobs, done, done + 1)
                    total = total + added / len(self.bags)
                yield total

    def contributions(
        self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int
    ) -> np.ndarray:
        """SHAP values (n_rows, n_own, n_scores, n_features + 2): features, task, base.

        What the intercepts differ from that of an unseen task belongs to the task.
        """
        start = self.intercepts(len(matrix), group)
        base = np.mean([bag.intercept[-1] for bag in self.bags], axis=0)
        total = np.zeros((*start.shape, matrix.shape[1] + 2))
        total[..., -2], total[..., -1] = start - base, base
        for bag in self.bags:
            for block in bag.blocks.values():
                total += block.contributions(matrix, group, n_jobs) / len(self.bags)
        return total

    def importances(self, n_features: int) -> pd.DataFrame:
        """Total gain by block (n_blocks, n_features + 1); the last column is the task's."""
        table = {
            name: sum(block.importances(n_features) for block in self._blocks(name))
            for name in self.names
        }
        return pd.DataFrame.from_dict(table, orient="index")

    def task_importances(self, n_features: int) -> np.ndarray:
        """Total gain in each task's own trees, (n_tasks, n_features)."""
        gains = np.zeros((len(self.bags[0].intercept) - 1, n_features))
        for block in self._blocks("task"):
            assert isinstance(block, TaskTrees)
            gains += block.by_task(n_features)
        return gains


def theta_of(bags: Sequence[FittedSequence]) -> np.ndarray:
    """Theta by task, of the bags of a sequence that has a partition."""
    blocks = [block for bag in bags for block in bag.blocks.values()]
    partitions = [block for block in blocks if isinstance(block, PartitionTrees)]
    return common_theta(partitions)
