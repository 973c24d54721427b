"""Selection of sequences of blocks by their held-out losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from skmtl.boosting._model import BoostedPool, FittedSequence, theta_of
from skmtl.boosting._options import BlockNames
from skmtl.boosting._pool import Pool

# Sequences whose loss is within this relative distance of the best one are averaged with it: their
# errors differ, so the mean is better than each of them.
_CLOSE = 0.02
# After the first bag, a sequence is dropped if its loss exceeds the best by more than this share
# plus a standard error of the difference, since a few held-out rows may mislead.
_MARGIN = 0.04
# Number of bags that every promising sequence is fitted to. After that, the close ones take turns:
# on ten tables of 1,000 rows, five bags of each took up to twice the time for the same score.
COMPARED_BAGS = 2


class Selection:
    """Compares sequences by their losses on the held-out rows of the same bags.

    Parameters
    ----------
    sequences : sequence of tuple of str
        Names of blocks. Without held-out rows, the first sequence is used.
    """

    def __init__(self, sequences: Sequence[BlockNames]) -> None:
        self._running = list(sequences)
        self._fitted: dict[BlockNames, list[FittedSequence]] = {}
        self._row_losses: dict[BlockNames, np.ndarray] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been fitted."""
        return not self._fitted

    def due(self, bag: int) -> list[BlockNames]:
        """Return the sequences to fit to a bag: all candidates at first, later one in turn."""
        if bag == 1:
            self._running = self._within(_MARGIN, n_errors=1.0)
        elif bag == COMPARED_BAGS:
            self._running = self._within(_CLOSE)
        if bag < COMPARED_BAGS:
            return list(self._running)
        return [self._running[bag % len(self._running)]]

    def add(self, names: BlockNames, fitted: FittedSequence, row_losses: np.ndarray) -> None:
        """Add the next bag of a sequence.

        Parameters
        ----------
        names : tuple of str
        fitted : FittedSequence
        row_losses : ndarray of shape (n_rows,)
            Contribution of each row to the validation loss; 0 if the row is not held out.
        """
        self._fitted.setdefault(names, []).append(fitted)
        self._row_losses.setdefault(names, row_losses)

    def _within(self, share: float, n_errors: float = 0.0) -> list[BlockNames]:
        """Return sequences whose loss exceeds the best by at most this share and standard errors.

        Sequences with fewer bags than others were dropped, or cut short by a stop.
        """
        losses = self._losses()
        most = max(self._n_compared(names) for names in losses)
        going = [names for names in losses if self._n_compared(names) == most]
        best = min(going, key=lambda names: losses[names])
        most_lost = losses[best] + share * abs(losses[best])
        return [
            names
            for names in going
            if names == best or losses[names] - n_errors * self._error(names, best) <= most_lost
        ]

    def _error(self, names: BlockNames, best: BlockNames) -> float:
        """Return the standard error of the difference of two losses in the first bag."""
        difference = self._row_losses[names] - self._row_losses[best]
        difference = difference[difference != 0]  # most rows are not held out
        return float(np.sqrt(len(difference)) * difference.std()) if len(difference) else 0.0

    def _n_compared(self, names: BlockNames) -> int:
        return min(len(self._fitted[names]), COMPARED_BAGS)

    def _losses(self) -> dict[BlockNames, float]:
        """Return mean losses over the compared bags, which have the same held-out rows for all."""
        return {
            names: float(np.mean([bag.loss for bag in bags[:COMPARED_BAGS]]))
            for names, bags in self._fitted.items()
        }

    def best(self, pool: Pool) -> BoostedPool:
        """Return a model of the best sequence and of those close to it."""
        tried = self.tried()
        ranked, kept = tried["blocks"].tolist(), tried["blocks"][tried["kept"]]
        bags = [bag for names in kept for bag in self._fitted[names]]
        theta = preferred_theta({names: self._fitted[names] for names in ranked})
        return BoostedPool(ranked[0], bags, theta, tried, pool.spaces)

    def tried(self) -> pd.DataFrame:
        """Return all sequences, best first, their losses and whether they belong to the model."""
        losses, kept = self._losses(), self._within(_CLOSE)
        ranked = sorted(self._fitted, key=lambda names: (-self._n_compared(names), losses[names]))
        return pd.DataFrame(
            {
                "blocks": ranked,
                "validation_loss": [losses[names] for names in ranked],
                "n_bags": [len(self._fitted[names]) for names in ranked],
                "kept": [names in kept for names in ranked],
            }
        )


def preferred_theta(fitted: Mapping[BlockNames, Sequence[FittedSequence]]) -> np.ndarray | None:
    """Return theta of the first sequence with a partition, kept or not; None without one.

    After signatures and task-specific lines, theta of a partition stays near zero. Other sequences
    are therefore preferred.
    """
    with_partition = [names for names in fitted if "partition" in names]
    if not with_partition:
        return None
    separated = [separates_tasks(names) for names in with_partition]
    return theta_of(fitted[with_partition[int(np.argmin(separated))]])


def separates_tasks(names: BlockNames) -> bool:
    """Return whether blocks before the partition already separate the tasks."""
    return bool({"signature", "linear"} & set(names[: names.index("partition")]))
