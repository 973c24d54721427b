"""Fitting of sequences of blocks, bag by bag."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np

from skmtl.boosting._growth import grow_blocks, start_fold
from skmtl.boosting._many_tasks import Turns, has_many_tasks, try_on_some_tasks
from skmtl.boosting._model import BoostedPool, FittedSequence
from skmtl.boosting._options import BlockNames, BoostingOptions, Features
from skmtl.boosting._pool import Fold, Pool
from skmtl.boosting._rare_categories import with_rare_categories
from skmtl.boosting._rounds import Switch
from skmtl.boosting._selection import Selection

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
        Turned off by an interrupt, or when the time is over.

    Returns
    -------
    BoostedPool
        After a stop, an interrupt or the end of the time, the bags that were finished.
    """
    options = with_rare_categories(pool, features, splits[0], sequences, options, switch)
    selection: Selection | Turns = Selection(sequences)
    if len(sequences) > 1 and has_many_tasks(pool):
        selection = Turns(try_on_some_tasks(pool, features, splits, sequences, options, switch))
    for position, (learnt, held_out) in enumerate(splits):
        fold: Fold | None = None
        for names in selection.due(position):
            stopped = False
            try:
                fold = fold or start_fold(pool, learnt, held_out)
                grown = grow_blocks(names, fold, features, options, switch)
                bag, row_losses = grown.sequence(position), grown.row_losses()
                # A bag that was cut short is used only if there is no other.
                if not switch.off or selection.is_empty:
                    selection.add(names, bag, row_losses)
                stopped = not switch.off and report(names, position, bag)
            except KeyboardInterrupt:
                if selection.is_empty:
                    raise
                switch.interrupted = True
            if switch.interrupted:
                warnings.warn("Boosting was interrupted: what was ready is kept.", stacklevel=2)
            if switch.off or stopped:
                return selection.best(pool)
    return selection.best(pool)
