"""Growth of a sequence of blocks on one bag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from skmtl.boosting._block import FittedBlock
from skmtl.boosting._intercept import intercepts
from skmtl.boosting._linear import LinearGrower
from skmtl.boosting._model import FittedSequence
from skmtl.boosting._options import BlockNames, BoostingOptions, Features
from skmtl.boosting._partition import PartitionGrower
from skmtl.boosting._pool import Fold, Pool
from skmtl.boosting._rounds import Course, Grower, Switch, run_rounds
from skmtl.boosting._shared import SharedGrower, SignatureGrower
from skmtl.boosting._task import TaskGrower

_GROWERS: dict[str, Callable[[Fold, Features, BoostingOptions], Grower]] = {
    "linear": LinearGrower,
    "shared": SharedGrower,
    "signature": SignatureGrower,
    "partition": PartitionGrower,
    "task": TaskGrower,
}


def start_fold(pool: Pool, learnt: np.ndarray, held_out: np.ndarray) -> Fold:
    """Return the state of a bag before its first round, given weights of the entries."""
    coordinates = np.zeros((len(learnt), pool.n_trees), order="F")
    return Fold(pool, learnt, held_out, intercepts(pool, learnt), coordinates)


@dataclass(frozen=True)
class Grown:
    """Fitted blocks, their losses by round, and the fold after adding their scores."""

    blocks: dict[str, FittedBlock]
    history: pd.DataFrame
    fold: Fold

    def sequence(self, split: int) -> FittedSequence:
        """Return the model of a bag, given the index of its split."""
        loss = held_out_loss(self.fold)
        return FittedSequence(self.fold.constants, self.blocks, self.history, loss, split=split)

    def row_losses(self) -> np.ndarray:
        """Return the contribution of each row to `held_out_loss`, (n_rows,).

        It is 0 without held-out rows.
        """
        fold = self.fold
        total = max(fold.held_out.sum(), 1e-300)
        share = fold.held_out * fold.losses(0.0) / total
        return np.bincount(fold.pool.entry_rows(), share, fold.pool.n_rows)


def grow_blocks(
    names: BlockNames, fold: Fold, features: Features, options: BoostingOptions, switch: Switch
) -> Grown:
    """Grow blocks one after another, starting from the scores of the fold."""
    blocks: dict[str, FittedBlock] = {}
    history = []
    for name in names:
        grower = _GROWERS[name](fold, features, options)
        course = run_rounds(grower, fold, options.n_rounds[name], options.patience, switch)
        blocks[name], added = grower.finish(course)
        fold = fold.plus(added)
        history.append(_history(name, course, fold.held_out))
    table = pd.concat(history, ignore_index=True) if history else pd.DataFrame()
    return Grown(blocks, table, fold)


def held_out_loss(fold: Fold) -> float:
    """Return the mean loss of the held-out entries; NaN if there are none."""
    held_out = fold.held_out
    if not held_out.any():
        return np.nan
    return float(held_out @ fold.losses(0.0) / held_out.sum())


def _history(name: str, course: Course, held_out: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame(
        {"block": name, "round": range(len(course.losses)), "loss": course.losses}
    )
    if held_out.any():
        sums = np.array(course.held_out_losses).sum(axis=1)
        table["validation_loss"] = sums / held_out.sum()
    return table
