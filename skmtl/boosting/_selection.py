"""Which sequences of blocks are fitted to which bags, and which of them are kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from skmtl.boosting._model import BoostedPool, FittedSequence, theta_of
from skmtl.boosting._options import BlockNames
from skmtl.boosting._pool import Pool

# Sequences whose loss is within this share of the best one's are averaged with it: their errors
# differ, so the mean is better than either.
_CLOSE = 0.02
# After the first bag, how much more than the best a sequence may lose and still be tried on, plus
# a standard error of the difference: a few held-out rows may have put it behind by chance.
_MARGIN = 0.04
# Bags that every promising sequence is fitted to. Those that are close by then take turns: over
# ten tables of 1,000 rows, five bags of each would take up to twice the time for the same score.
_COMPARED_BAGS = 2


class Selection:
    """Compares sequences by their losses on the held-out rows of the same bags.

    Parameters
    ----------
    sequences : sequence of tuple of str
        Names of blocks. The first wins where nothing is held out.
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
        """The sequences to fit to a bag: all that may still win, or one at a time by turns."""
        if bag == 1:
            self._running = self._within(_MARGIN, n_errors=1.0)
        elif bag == _COMPARED_BAGS:
            self._running = self._within(_CLOSE)
        if bag < _COMPARED_BAGS:
            return list(self._running)
        return [self._running[bag % len(self._running)]]

    def add(self, names: BlockNames, fitted: FittedSequence, row_losses: np.ndarray) -> None:
        """Take note of the next bag of a sequence.

        Parameters
        ----------
        names : tuple of str
        fitted : FittedSequence
        row_losses : ndarray of shape (n_rows,)
            Share of each row in the validation loss; 0 where it is not held out.
        """
        self._fitted.setdefault(names, []).append(fitted)
        self._row_losses.setdefault(names, row_losses)

    def _within(self, share: float, n_errors: float = 0.0) -> list[BlockNames]:
        """Sequences that lose at most this share and some standard errors more than the best.

        A sequence with fewer bags than others has been given up, or been cut short by a stop.
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
        """Standard error of the difference of two losses in the first bag."""
        difference = self._row_losses[names] - self._row_losses[best]
        difference = difference[difference != 0]  # most rows are not held out
        return float(np.sqrt(len(difference)) * difference.std()) if len(difference) else 0.0

    def _n_compared(self, names: BlockNames) -> int:
        return min(len(self._fitted[names]), _COMPARED_BAGS)

    def _losses(self) -> dict[BlockNames, float]:
        """Mean loss in the compared bags, whose held-out rows all sequences have in common."""
        return {
            names: float(np.mean([bag.loss for bag in bags[:_COMPARED_BAGS]]))
            for names, bags in self._fitted.items()
        }

    def best(self, pool: Pool) -> BoostedPool:
        """The bags of the best sequence, and of those close to it."""
        losses, kept = self._losses(), self._within(_CLOSE)
        ranked = sorted(self._fitted, key=lambda names: (-self._n_compared(names), losses[names]))
        tried = pd.DataFrame(
            {
                "blocks": ranked,
                "validation_loss": [losses[names] for names in ranked],
                "n_bags": [len(self._fitted[names]) for names in ranked],
                "kept": [names in kept for names in ranked],
            }
        )
        bags = [bag for names in ranked if names in kept for bag in self._fitted[names]]
        return BoostedPool(ranked[0], bags, self._theta(ranked), tried, pool.spaces)

    def _theta(self, ranked: list[BlockNames]) -> np.ndarray | None:
        """Theta of the best sequence that has a partition, kept or not; None without one.

        Trees that read the signature, and lines of the tasks, have told these apart already, so
        that theta of a partition behind them stays near zero: other sequences go before those.
        """
        with_partition = [names for names in ranked if "partition" in names]
        if not with_partition:
            return None
        told_apart = [
            bool({"signature", "linear"} & set(names[: names.index("partition")]))
            for names in with_partition
        ]
        return theta_of(self._fitted[with_partition[int(np.argmin(told_apart))]])
