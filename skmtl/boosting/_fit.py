"""Fit sequences of blocks, and choose among them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from skmtl.boosting._block import FittedBlock
from skmtl.boosting._intercept import intercepts
from skmtl.boosting._model import BoostedPool, FittedSequence, theta_of
from skmtl.boosting._options import BlockNames, BoostingOptions, Features
from skmtl.boosting._partition import PartitionGrower
from skmtl.boosting._pool import Fold, Pool
from skmtl.boosting._rounds import Course, Grower, Switch, run_rounds
from skmtl.boosting._shared import SharedGrower, SignatureGrower
from skmtl.boosting._task import TaskGrower

_GROWERS: dict[str, Callable[[Fold, Features, BoostingOptions], Grower]] = {
    "shared": SharedGrower,
    "signature": SignatureGrower,
    "partition": PartitionGrower,
    "task": TaskGrower,
}

Split = tuple[np.ndarray, np.ndarray]
Report = Callable[[BlockNames, int, FittedSequence], bool]

# Sequences whose loss is within this share of the best one's are averaged with it: their errors
# differ, so the mean is better than either.
_CLOSE = 0.02
# After one bag, how much more than the best a sequence may lose and still be tried on.
_MARGIN = 0.04


def fit_pool(
    pool: Pool,
    features: Features,
    splits: Sequence[Split],
    sequences: Sequence[BlockNames],
    options: BoostingOptions,
    report: Report,
    switch: Switch,
) -> BoostedPool:
    """Fit every sequence to every split; keep those that do best on the held-out rows.

    Parameters
    ----------
    pool : Pool
    features : Features
    splits : sequence of (learnt, held_out)
        Weights of the entries in training and in validation, for each bag.
    sequences : sequence of tuple of str
        Names of blocks. Of several, the first wins where nothing is held out.
    options : BoostingOptions
    report : callable
        Told of every fitted bag; True asks to stop.
    switch : Switch
        Turned off by an interrupt.

    Returns
    -------
    BoostedPool
        After a stop or an interrupt, with what was ready by then.
    """
    fitted: dict[BlockNames, list[FittedSequence]] = {}
    running = list(sequences)
    for position, (learnt, held_out) in enumerate(splits):
        fold: Fold | None = None
        for names in running:
            stopped = False
            try:
                fold = fold or _start(pool, learnt, held_out)
                grown = grow_blocks(names, fold, features, options, switch)
                bag = FittedSequence(
                    fold.constants, grown.blocks, grown.history, held_out_loss(grown.fold)
                )
                # What an interrupt has cut short counts only where there is nothing else.
                if not switch.off or not fitted:
                    fitted.setdefault(names, []).append(bag)
                stopped = not switch.off and report(names, position, bag)
            except KeyboardInterrupt:
                if not fitted:
                    raise
                switch.off = True
            if switch.off:
                warnings.warn("Boosting was interrupted: what was ready is kept.", stacklevel=2)
            if switch.off or stopped:
                return _best(pool, fitted)
        if len(running) > 1:
            running = _promising(fitted, running)
    return _best(pool, fitted)


def _promising(
    fitted: dict[BlockNames, list[FittedSequence]], running: list[BlockNames]
) -> list[BlockNames]:
    """The sequences that may still turn out the best: the more bags, the less they may lag."""
    losses = {names: _mean_loss(fitted[names]) for names in running}
    least = min(losses.values())
    margin = _MARGIN * abs(least) / len(fitted[running[0]])
    return [names for names in running if losses[names] <= least + margin]


def _mean_loss(bags: list[FittedSequence]) -> float:
    return float(np.mean([bag.loss for bag in bags]))


def _best(pool: Pool, fitted: dict[BlockNames, list[FittedSequence]]) -> BoostedPool:
    # A sequence with fewer bags than others has been given up, or been cut short by a stop.
    most = max(len(bags) for bags in fitted.values())
    losses = {names: _mean_loss(bags) for names, bags in fitted.items()}
    ranked = sorted(fitted, key=lambda names: (len(fitted[names]) < most, losses[names]))
    best = ranked[0]
    close = losses[best] + _CLOSE * abs(losses[best])
    kept = [best] + [
        names for names in ranked[1:] if len(fitted[names]) == most and losses[names] <= close
    ]
    tried = pd.DataFrame(
        {
            "blocks": ranked,
            "validation_loss": [losses[names] for names in ranked],
            "n_bags": [len(fitted[names]) for names in ranked],
            "kept": [names in kept for names in ranked],
        }
    )
    bags = [bag for names in kept for bag in fitted[names]]
    theta = _theta_of_ranked(fitted, ranked)
    return BoostedPool(best, bags, theta, tried, pool.spaces)


def _theta_of_ranked(
    fitted: dict[BlockNames, list[FittedSequence]], ranked: list[BlockNames]
) -> np.ndarray | None:
    """Theta of the best sequence that has a partition, kept or not; None without one.

    Trees that read the signature have told the tasks apart already, so that theta of a partition
    behind them stays near zero: any other sequence goes before those.
    """
    with_partition = [names for names in ranked if "partition" in names]
    if not with_partition:
        return None
    after_signature = [
        "signature" in names[: names.index("partition")] for names in with_partition
    ]
    return theta_of(fitted[with_partition[int(np.argmin(after_signature))]])


def _start(pool: Pool, learnt: np.ndarray, held_out: np.ndarray) -> Fold:
    """A bag before its first round."""
    coordinates = np.zeros((len(learnt), pool.n_trees), order="F")
    return Fold(pool, learnt, held_out, intercepts(pool, learnt), coordinates)


@dataclass(frozen=True)
class Grown:
    """Fitted blocks, their losses by round, and the fold with what they have added."""

    blocks: dict[str, FittedBlock]
    history: pd.DataFrame
    fold: Fold


def grow_blocks(
    names: BlockNames, fold: Fold, features: Features, options: BoostingOptions, switch: Switch
) -> Grown:
    """Grow blocks one after the other, from where the fold is."""
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
    """Mean loss of the held-out entries; NaN where there are none."""
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
