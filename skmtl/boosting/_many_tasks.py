"""Wide data with many tasks: the sequence of blocks is chosen on some of them.

Trees of each task take most of the time, and which sequence is best hardly depends on the number
of tasks. So sequences are compared on some tasks, and only the chosen ones are fitted to all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from skmtl.boosting._growth import grow_blocks, start_fold
from skmtl.boosting._model import BoostedPool, FittedSequence
from skmtl.boosting._options import MANY_TARGETS, BlockNames, BoostingOptions, Features
from skmtl.boosting._pool import Pool
from skmtl.boosting._rounds import Switch
from skmtl.boosting._selection import COMPARED_BAGS, Selection, preferred_theta, separates_tasks

# Number of tasks on which sequences are compared. With 400 rows they have 2,000 held-out labels.
_N_TRIED = 25
_FOR_THETA: BlockNames = ("partition",)

Splits = Sequence[tuple[np.ndarray, np.ndarray]]


def has_many_tasks(pool: Pool) -> bool:
    """Return whether sequences are compared on some of the tasks only."""
    return not pool.is_long and pool.n_tasks > MANY_TARGETS


def tried_tasks(pool: Pool) -> np.ndarray:
    """Return positions of tasks that stand for all tasks of wide data, in ascending order.

    They are evenly spaced among the tasks by kind and number of labels.
    """
    kinds = [repr((segment.head.stack_key, segment.head.n_scores)) for segment in pool.segments]
    n_labels = np.bincount(pool.task, minlength=pool.n_tasks)
    order = np.lexsort((n_labels, np.unique(kinds, return_inverse=True)[1]))
    places = (np.arange(_N_TRIED) + 0.5) * pool.n_tasks / _N_TRIED
    return np.sort(order[places.astype(np.intp)])


def try_on_some_tasks(
    pool: Pool,
    features: Features,
    splits: Splits,
    sequences: Sequence[BlockNames],
    options: BoostingOptions,
    switch: Switch,
) -> Selection:
    """Compare sequences on some of the tasks; see `skmtl.boosting.fit_pool` for the parameters.

    Raises
    ------
    KeyboardInterrupt
        If the user interrupts, because nothing is ready for all tasks.
    """
    entries, part = pool.of_tasks(tried_tasks(pool))
    selection = Selection(sequences)
    for position, (learnt, held_out) in enumerate(splits[:COMPARED_BAGS]):
        fold = start_fold(part, learnt[entries], held_out[entries])
        for names in selection.due(position):
            grown = grow_blocks(names, fold, features, options, switch)
            if switch.interrupted:
                raise KeyboardInterrupt
            selection.add(names, grown.sequence(position), grown.row_losses())
    return selection


class Turns:
    """Fits sequences that a trial has chosen, one for each bag, to all tasks.

    Parameters
    ----------
    trial : Selection
        The comparison on some of the tasks.
    """

    def __init__(self, trial: Selection) -> None:
        self._tried = trial.tried()
        self._kept = self._tried["blocks"][self._tried["kept"]].tolist()
        self._fitted: dict[BlockNames, list[FittedSequence]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been fitted."""
        return not self._fitted

    def due(self, bag: int) -> list[BlockNames]:
        """Return the sequences to fit to a bag.

        If the first one does not give outlier scores of all tasks, a partition is fitted for them.
        """
        names = self._kept[bag % len(self._kept)]
        is_enough = "partition" in names and not separates_tasks(names)
        return [names] if bag or is_enough else [names, _FOR_THETA]

    def add(self, names: BlockNames, fitted: FittedSequence, row_losses: np.ndarray) -> None:
        """Add the next bag of a sequence."""
        self._fitted.setdefault(names, []).append(fitted)

    def best(self, pool: Pool) -> BoostedPool:
        """Return a model of the chosen sequences."""
        ranked = [names for names in self._kept if names in self._fitted]
        bags = [bag for names in ranked for bag in self._fitted[names]]
        n_bags = [
            len(self._fitted.get(names, [])) if kept else 0
            for names, kept in zip(self._tried["blocks"], self._tried["kept"], strict=True)
        ]
        tried = self._tried.assign(n_bags=n_bags)
        return BoostedPool(ranked[0], bags, preferred_theta(self._fitted), tried, pool.spaces)
