"""Fitted sequences of blocks, and their mean over all bags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from skmtl._storable import storable
from skmtl.boosting._block import FittedBlock
from skmtl.boosting._linear import LinearFunctions
from skmtl.boosting._options import BLOCKS
from skmtl.boosting._partition import PartitionTrees, common_theta
from skmtl.boosting._score_space import ScoreSpace


@storable
@dataclass(frozen=True)
class FittedSequence:
    """The model of one bag.

    Attributes
    ----------
    intercept : ndarray of shape (n_tasks + 1, n_scores)
        Raw scores of the constants, padded with zeros to the longest task. The last row is for
        unseen tasks.
    blocks : dict of name to FittedBlock
        In order.
    history : DataFrame
        Losses by block and round.
    loss : float
        Mean validation loss; NaN without held-out rows.
    split : int, default=0
        Index of the split that the sequence was fitted to. Old files do not store it.
    """

    intercept: np.ndarray
    blocks: dict[str, FittedBlock]
    history: pd.DataFrame
    loss: float
    split: int = 0

    def __getstate__(self) -> dict[str, Any]:
        """Convert the history to lists, so that files do not depend on the version of pandas."""
        return vars(self) | {"history": self.history.to_dict("list")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state | {"history": pd.DataFrame(state["history"])})


@storable
@dataclass(frozen=True)
class BoostedPool:
    """The models of all bags for the tasks of one pool, averaged.

    Attributes
    ----------
    best : tuple of str
        The blocks of the best sequence.
    bags : sequence of FittedSequence
        First those of the best sequence, then those of sequences that are about as good.
    theta : ndarray of shape (n_tasks,) or None
        Logit of each task's outlier score, from the best sequence with a partition, preferably
        one without a signature.
    tried : DataFrame
        Mean validation loss of each sequence in the bags that compare them, best first.
    spaces : tuple of ScoreSpace
        Map from the outputs of the trees to raw scores for each head, or a single one for all
        heads.
    """

    best: tuple[str, ...]
    bags: Sequence[FittedSequence]
    theta: np.ndarray | None
    tried: pd.DataFrame
    spaces: tuple[ScoreSpace, ...]

    def __getstate__(self) -> dict[str, Any]:
        """Convert the table to lists; see `FittedSequence`."""
        return vars(self) | {"tried": self.tried.to_dict("list")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state | {"tried": pd.DataFrame(state["tried"])})
        # In old files, without spaces, all trees predict raw scores.
        plain = ScoreSpace(None, self.bags[0].intercept.shape[1])
        vars(self).setdefault("spaces", (plain,))

    def bag(self, number: int) -> BoostedPool:
        """Return a model of the sequences that were fitted to one split.

        It may be empty after an early stop.
        """
        return replace(self, bags=[bag for bag in self.bags if bag.split == number])

    def has_line(self) -> np.ndarray:
        """Return whether any bag has a linear function, by task or for all tasks together."""
        blocks = [bag.blocks.get("linear") for bag in self.bags]
        lines = [block for block in blocks if isinstance(block, LinearFunctions)]
        return np.any([line.coef.any(axis=(1, 2)) for line in lines] or np.zeros((1, 1)), axis=0)

    def space(self, target: int) -> ScoreSpace:
        """Return the map from outputs of the trees to raw scores for a target of the pool."""
        return self.spaces[min(target, len(self.spaces) - 1)]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all blocks of the bags, in order."""
        orders = {tuple(bag.blocks) for bag in self.bags}
        if len(orders) == 1:
            return orders.pop()
        present = {name for order in orders for name in order}
        return tuple(name for name in BLOCKS if name in present)

    @property
    def n_rounds(self) -> int:
        """Total number of rounds of all blocks and bags."""
        return sum(block.n_rounds for bag in self.bags for block in bag.blocks.values())

    def parts(
        self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int
    ) -> dict[str, np.ndarray]:
        """Return raw scores by component: the intercept and each block."""
        parts = {"intercept": self.intercepts(len(matrix), group)}
        for name in self.names:
            parts[name] = self._raw(self._block_sum(name, matrix, group, n_jobs))
        return parts

    def _block_sum(
        self, name: str, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int
    ) -> np.ndarray:
        """Return the outputs of a block, averaged over bags, (n_rows, n_own, n_trees)."""
        blocks = self._blocks(name)
        scores = [block.scores(matrix, group, n_jobs, 0, 0) for block in blocks]
        return sum(scores[1:], scores[0]) / len(self.bags)

    def _raw(self, values: np.ndarray) -> np.ndarray:
        """Convert outputs of n_trees trees to raw scores, (n_rows, n_own, n_scores, ...)."""
        if len(self.spaces) == 1:
            return self.spaces[0].raw(values, axis=2)
        if all(space.directions is None for space in self.spaces):
            return values
        by_task = np.broadcast_to(values, (len(values), len(self.spaces), *values.shape[2:]))
        width = self.bags[0].intercept.shape[1]
        raw = np.zeros((*by_task.shape[:2], width, *by_task.shape[3:]))
        for task, space in enumerate(self.spaces):
            # The axis of the task is kept, so that numpy multiplies row by row, and the rounding
            # of a row's scores does not depend on the number of rows.
            scores = space.raw(by_task[:, task : task + 1], axis=2)
            raw[:, task : task + 1, : scores.shape[2]] = scores
        return raw

    def _blocks(self, name: str) -> list[FittedBlock]:
        return [bag.blocks[name] for bag in self.bags if name in bag.blocks]

    def intercepts(self, n_rows: int, group: np.ndarray | None) -> np.ndarray:
        """Return the constants of the tasks, (n_rows, n_own, n_scores)."""
        by_task = np.mean([bag.intercept for bag in self.bags], axis=0)
        if group is not None:
            return by_task[group][:, None]
        return np.broadcast_to(by_task[None, :-1], (n_rows, len(by_task) - 1, by_task.shape[1]))

    def scores(self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int) -> np.ndarray:
        """Return raw scores, (n_rows, n_own, n_scores)."""
        coordinates = self.coordinates(matrix, group, n_jobs)
        return self.intercepts(len(matrix), group) + self._raw(coordinates)

    def coordinates(self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int) -> np.ndarray:
        """Return the summed outputs of all blocks, (n_rows, n_own, n_trees)."""
        first, *others = self.names
        total = self._block_sum(first, matrix, group, n_jobs)
        for name in others:
            total = total + self._block_sum(name, matrix, group, n_jobs)
        return total

    def staged(
        self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int
    ) -> Iterator[np.ndarray]:
        """Yield raw scores after each round, block by block.

        The scores of a bag with fewer rounds stay the same in the remaining rounds.
        """
        start = self.intercepts(len(matrix), group)
        total: np.ndarray | float = 0.0
        for name in self.names:
            blocks = self._blocks(name)
            for done in range(max(block.n_rounds for block in blocks)):
                for block in blocks:
                    added = block.scores(matrix, group, n_jobs, done, done + 1)
                    total = total + added / len(self.bags)
                yield start + self._raw(np.asarray(total))

    def contributions(
        self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int
    ) -> np.ndarray:
        """Return SHAP values (n_rows, n_own, n_scores, n_features + 2): features, task, base.

        The difference between a task's intercept and that of an unseen task is attributed to the
        task.
        """
        start = self.intercepts(len(matrix), group)
        base = np.mean([bag.intercept[-1] for bag in self.bags], axis=0)
        added: np.ndarray | float = 0.0
        for bag in self.bags:
            for block in bag.blocks.values():
                added = added + block.contributions(matrix, group, n_jobs) / len(self.bags)
        trees = self._raw(np.asarray(added))
        total = np.broadcast_to(trees, (*start.shape, trees.shape[-1])).copy()
        total[..., -2] += start - base
        total[..., -1] += base
        return total

    def importances(self, n_features: int) -> pd.DataFrame:
        """Return total gains by block (n_blocks, n_features + 1); the last column is the task."""
        table = {
            name: sum(block.importances(n_features) for block in self._blocks(name))
            for name in self.names
        }
        return pd.DataFrame.from_dict(table, orient="index")

    def task_importances(self, n_features: int, blocks: Sequence[str]) -> np.ndarray:
        """Return total gains by task in some blocks, (n_tasks, n_features)."""
        gains = np.zeros((len(self.bags[0].intercept) - 1, n_features))
        for name in blocks:
            for block in self._blocks(name):
                gains += block.importances_by_task(n_features, len(gains))
        return gains


def theta_of(bags: Sequence[FittedSequence]) -> np.ndarray:
    """Return theta by task, given the bags of a sequence with a partition."""
    blocks = [block for bag in bags for block in bag.blocks.values()]
    partitions = [block for block in blocks if isinstance(block, PartitionTrees)]
    return common_theta(partitions)
