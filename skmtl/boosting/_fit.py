"""Fit sequences of blocks, and choose among them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from skmtl.boosting._intercept import intercepts
from skmtl.boosting._model import BoostedPool, FittedBlock, FittedSequence, theta_of
from skmtl.boosting._options import Features, Options
from skmtl.boosting._partition import PartitionGrower
from skmtl.boosting._pool import Fold, Pool
from skmtl.boosting._rounds import Course, Switch, run_rounds
from skmtl.boosting._shared import SharedGrower, SignatureGrower
from skmtl.boosting._task import TaskGrower

_GROWERS = {
    "shared": SharedGrower,
    "signature": SignatureGrower,
    "partition": PartitionGrower,
    "task": TaskGrower,
}

Split = tuple[np.ndarray, np.ndarray]
Report = Callable[[tuple[str, ...], int, FittedSequence], bool]


def fit_pool(
    pool: Pool,
    features: Features,
    splits: Sequence[Split],
    sequences: Sequence[tuple[str, ...]],
    options: Options,
    report: Report,
) -> BoostedPool:
    """Fit every sequence to every split, and keep the sequence that does best on the held-out rows.

    Parameters
    ----------
    pool : Pool
    features : Features
    splits : sequence of (learnt, held_out)
        Weights of the entries in training and in validation, for each bag.
    sequences : sequence of tuple of str
        Names of blocks. Of several, the first wins where nothing is held out.
    options : Options
    report : callable
        Told of every fitted bag; True asks to stop.

    Returns
    -------
    BoostedPool
        After a stop or an interrupt, with what was ready by then.
    """
    switch = Switch()
    fitted: dict[tuple[str, ...], list[FittedSequence]] = {}
    for names in sequences:
        for position, (learnt, held_out) in enumerate(splits):
            bag = _fit_sequence(names, pool, features, learnt, held_out, options, switch)
            # What an interrupt has cut short counts only where there is nothing else.
            if not switch.off or not fitted:
                fitted.setdefault(names, []).append(bag)
            if switch.off:
                warnings.warn("Boosting was interrupted: what was ready is kept.", stacklevel=2)
                return _best(fitted)
            if report(names, position, bag):
                return _best(fitted)
    return _best(fitted)


def _best(fitted: dict[tuple[str, ...], list[FittedSequence]]) -> BoostedPool:
    def loss(names: tuple[str, ...]) -> float:
        return float(np.mean([bag.loss for bag in fitted[names]]))

    # After a stop, a sequence with fewer bags than the others has not been tried as they have.
    most = max(len(bags) for bags in fitted.values())
    complete = sorted((names for names in fitted if len(fitted[names]) == most), key=loss)
    thetas = [theta_of(fitted[names]) for names in complete]
    theta = next((theta for theta in thetas if theta is not None), None)
    return BoostedPool(complete[0], fitted[complete[0]], theta)


def _fit_sequence(
    names: tuple[str, ...],
    pool: Pool,
    features: Features,
    learnt: np.ndarray,
    held_out: np.ndarray,
    options: Options,
    switch: Switch,
) -> FittedSequence:
    intercept = intercepts(pool, learnt)
    fold = Fold(pool, learnt, held_out, intercept[pool.task])
    blocks: dict[str, FittedBlock] = {}
    history = []
    for name in names:
        grower = _GROWERS[name](fold, features, options)
        course = run_rounds(grower, fold, options.n_rounds[name], options.patience, switch)
        blocks[name] = grower.finish(course)
        added = (
            _entry_scores(blocks[name], fold, features, options)
            if name == "task"
            else course.best_scores
        )
        fold = Fold(pool, learnt, held_out, fold.scores + added)
        history.append(_history(name, course, held_out))
    loss = float(held_out @ pool.losses(fold.scores)) if held_out.any() else 0.0
    return FittedSequence(intercept, blocks, pd.concat(history, ignore_index=True), loss)


def _entry_scores(
    block: FittedBlock, fold: Fold, features: Features, options: Options
) -> np.ndarray:
    """What a fitted block adds at each entry."""
    pool = fold.pool
    group = pool.task if pool.is_long else None
    scores = block.scores(features.matrix, group, options.n_jobs, 0, 0)
    return scores[:, 0] if pool.row is None else scores[pool.row, pool.task]


def _history(name: str, course: Course, held_out: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame({"block": name, "round": range(len(course.losses)), "loss": course.losses})
    if held_out.any():
        sums = np.array(course.held_out_losses).sum(axis=1)
        table["validation_loss"] = sums / held_out.sum()
    return table
