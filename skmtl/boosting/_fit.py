"""Fitting of sequences of blocks, bag by bag."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from skmtl.boosting._block import FittedBlock
from skmtl.boosting._intercept import intercepts
from skmtl.boosting._linear import LinearGrower
from skmtl.boosting._model import BoostedPool, FittedSequence
from skmtl.boosting._options import BlockNames, BoostingOptions, Features
from skmtl.boosting._partition import PartitionGrower
from skmtl.boosting._pool import Fold, Pool
from skmtl.boosting._rounds import Course, Grower, Switch, run_rounds
from skmtl.boosting._selection import Selection
from skmtl.boosting._shared import SharedGrower, SignatureGrower
from skmtl.boosting._task import TaskGrower

_GROWERS: dict[str, Callable[[Fold, Features, BoostingOptions], Grower]] = {
    "linear": LinearGrower,
    "shared": SharedGrower,
    "signature": SignatureGrower,
    "partition": PartitionGrower,
    "task": TaskGrower,
}

Split = tuple[np.ndarray, np.ndarray]
Report = Callable[[BlockNames, int, FittedSequence], bool]


def fit_pool(
    pool: Pool,
    features: Features,
    splits: Sequence[Split],
    sequences: Sequence[BlockNames],
    options: BoostingOptions,
    report: Report,
    switch: Switch,
) -> BoostedPool:
    """Fit sequences of blocks to all splits, and keep the best ones on the held-out rows.

    Parameters
    ----------
    pool : Pool
    features : Features
    splits : sequence of (learnt, held_out)
        Weights of the entries in training and in validation, for each bag.
    sequences : sequence of tuple of str
        Names of blocks. Without held-out rows, the first sequence is used.
    options : BoostingOptions
    report : callable
        Called for every fitted bag; returns whether to stop.
    switch : Switch
        Turned off by an interrupt.

    Returns
    -------
    BoostedPool
        After a stop or an interrupt, the bags that were finished.
    """
    selection = Selection(sequences)
    for position, (learnt, held_out) in enumerate(splits):
        fold: Fold | None = None
        for names in selection.due(position):
            stopped = False
            try:
                fold = fold or _start(pool, learnt, held_out)
                grown = grow_blocks(names, fold, features, options, switch)
                row_losses = _held_out_losses(grown.fold)
                bag = FittedSequence(
                    fold.constants,
                    grown.blocks,
                    grown.history,
                    held_out_loss(grown.fold),
                    split=position,
                )
                # A bag that was cut short by an interrupt is used only if there is no other.
                if not switch.off or selection.is_empty:
                    selection.add(names, bag, row_losses)
                stopped = not switch.off and report(names, position, bag)
            except KeyboardInterrupt:
                if selection.is_empty:
                    raise
                switch.off = True
            if switch.off:
                warnings.warn("Boosting was interrupted: what was ready is kept.", stacklevel=2)
            if switch.off or stopped:
                return selection.best(pool)
    return selection.best(pool)


def _start(pool: Pool, learnt: np.ndarray, held_out: np.ndarray) -> Fold:
    """Return the state of a bag before its first round."""
    coordinates = np.zeros((len(learnt), pool.n_trees), order="F")
    return Fold(pool, learnt, held_out, intercepts(pool, learnt), coordinates)


@dataclass(frozen=True)
class Grown:
    """Fitted blocks, their losses by round, and the fold after adding their scores."""

    blocks: dict[str, FittedBlock]
    history: pd.DataFrame
    fold: Fold


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


def _held_out_losses(fold: Fold) -> np.ndarray:
    """Return the contribution of each row to `held_out_loss`, (n_rows,).

    It is 0 without held-out rows.
    """
    total = max(fold.held_out.sum(), 1e-300)
    share = fold.held_out * fold.losses(0.0) / total
    return np.bincount(fold.pool.entry_rows(), share, fold.pool.n_rows)


def _history(name: str, course: Course, held_out: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame(
        {"block": name, "round": range(len(course.losses)), "loss": course.losses}
    )
    if held_out.any():
        sums = np.array(course.held_out_losses).sum(axis=1)
        table["validation_loss"] = sums / held_out.sum()
    return table
