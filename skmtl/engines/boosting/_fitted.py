"""The result of boosting: a model for each pool of targets that are learnt together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skmtl._storable import storable
from skmtl.boosting import BoostedPool
from skmtl.tasks import TaskSet


@storable
@dataclass(frozen=True)
class FittedBoosting:
    """The fitted models of all pools.

    Attributes
    ----------
    pools : list of (targets, BoostedPool)
        Positions of the targets of each pool, and its model.
    """

    pools: list[tuple[tuple[int, ...], BoostedPool]]

    def bag(self, number: int) -> FittedBoosting | None:
        """Return the models fitted on one split; None if the fit was stopped before."""
        pools = [(targets, pool.bag(number)) for targets, pool in self.pools]
        return FittedBoosting(pools) if all(pool.bags for _, pool in pools) else None


def place_scores(
    tasks: TaskSet,
    scores: np.ndarray,
    rows: np.ndarray,
    targets: tuple[int, ...],
    pool_scores: np.ndarray,
) -> None:
    """Write scores of a pool (n_rows, n_targets, ...) into all raw scores (n, n_scores, ...)."""
    for position, target in enumerate(targets):
        part = tasks.score_slices[target]
        scores[rows, part] = pool_scores[:, position, : part.stop - part.start]
