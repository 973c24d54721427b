"""Whether trees may split on categories of few rows, as held-out rows decide.

LightGBM leaves out categories with fewer than 10 rows (`cat_smooth`), and thus a column whose
categories all have few rows. Such a column may be most of what can be learnt, as a shop is, or
nothing, as an id is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from skmtl.boosting._growth import grow_blocks, held_out_loss, start_fold
from skmtl.boosting._many_tasks import has_many_tasks, tried_tasks
from skmtl.boosting._options import BlockNames, BoostingOptions, Features
from skmtl.boosting._pool import Pool
from skmtl.boosting._rounds import Switch

# LightGBM's parameters that decide which categories are left out, and values for rare ones.
RARE_CATEGORIES = {"cat_smooth": 1.0, "min_data_per_group": 5}
# A column has rare categories if this share of its rows lies in categories with fewer training
# rows than LightGBM's default of `cat_smooth`.
_FEW_ROWS, _LEAST_SHARE = 10, 0.1


def with_rare_categories(
    pool: Pool,
    features: Features,
    split: tuple[np.ndarray, np.ndarray],
    sequences: Sequence[BlockNames],
    options: BoostingOptions,
    switch: Switch,
) -> BoostingOptions:
    """Return options that use rare categories, if held-out rows are predicted better.

    Parameters
    ----------
    pool : Pool
    features : Features
    split : (learnt, held_out)
        Weights of the entries in training and in validation.
    sequences : sequence of tuple of str
        Names of blocks. If there are several, the comparison is by a single block.
    options : BoostingOptions
    switch : Switch
        Turned off by an interrupt.

    Raises
    ------
    KeyboardInterrupt
        If the user interrupts, because nothing is ready.
    """
    learnt, held_out = split
    is_set = RARE_CATEGORIES.keys() & options.parameters["shared"].keys()
    if is_set or not held_out.any() or not _has_rare_categories(pool, features, learnt):
        return options
    if has_many_tasks(pool):
        entries, pool = pool.of_tasks(tried_tasks(pool))
        learnt, held_out = learnt[entries], held_out[entries]
    parameters = {
        block: {**of_block, **RARE_CATEGORIES} for block, of_block in options.parameters.items()
    }
    with_rare = replace(options, parameters=parameters)
    fold = start_fold(pool, learnt, held_out)
    losses = []
    for tried in (options, with_rare):
        grown = grow_blocks(_blocks_to_compare(pool, sequences), fold, features, tried, switch)
        if switch.interrupted:
            raise KeyboardInterrupt
        losses.append(held_out_loss(grown.fold))
    return with_rare if losses[1] < losses[0] else options


def _blocks_to_compare(pool: Pool, sequences: Sequence[BlockNames]) -> BlockNames:
    if len(sequences) == 1:
        return sequences[0]
    # Categories may mean something else for each target of wide data.
    return ("shared",) if pool.is_long or pool.n_tasks == 1 else ("task",)


def _has_rare_categories(pool: Pool, features: Features, learnt: np.ndarray) -> bool:
    """Return whether a column has rare categories, by the labels of an average target."""
    rows, n_targets = pool.entry_rows()[learnt > 0], 1 if pool.is_long else pool.n_tasks
    for position in features.categorical.tolist():
        counts = np.bincount(features.matrix[rows, position].astype(np.intp))
        few = counts < _FEW_ROWS * n_targets
        if counts[few].sum() >= _LEAST_SHARE * counts.sum():
            return True
    return False
