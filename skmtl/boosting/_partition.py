"""Two ensembles, for outlier tasks and for ordinary tasks, mixed by each task's theta."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import expit

from skmtl._storable import storable
from skmtl.boosting import _theta
from skmtl.boosting._ensemble import Trees
from skmtl.boosting._leaves import LeafQuantiles
from skmtl.boosting._options import BoostingOptions, Features
from skmtl.boosting._pool import Fold
from skmtl.boosting._rounds import Course, Grower


@storable
class PartitionTrees:
    """Fitted trees of outlier tasks and of ordinary tasks.

    Parameters
    ----------
    outlier, ordinary : Trees
    theta : ndarray of shape (n_tasks,)
        Logit of the share of the outlier trees in the scores of a task.
    """

    def __init__(self, outlier: Trees, ordinary: Trees, theta: np.ndarray) -> None:
        if _theta.is_reversed(theta):
            outlier, ordinary, theta = ordinary, outlier, -theta
        self.outlier = outlier
        self.ordinary = ordinary
        self.theta = theta
        self.n_rounds = max(outlier.n_rounds, ordinary.n_rounds)

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        # Other shapes may broadcast by chance if there are as many rows as tasks.
        if np.ndim(self.theta) != 1:
            raise ValueError(f"theta has the shape {np.shape(self.theta)}, not (n_tasks,)")

    def _mix(
        self, group: np.ndarray | None, outlier: np.ndarray, ordinary: np.ndarray
    ) -> np.ndarray:
        """Return the weighted mean of both (n_rows, ...), as (n_rows, 1 or n_tasks, ...)."""
        share = expit(self.theta)
        # An unseen task has the mean share.
        share = share[None] if group is None else np.append(share, share.mean())[group][:, None]
        share = share.reshape(*share.shape, *[1] * (outlier.ndim - 1))
        return share * outlier[:, None] + (1 - share) * ordinary[:, None]

    def scores(
        self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int, start: int, stop: int
    ) -> np.ndarray:
        return self._mix(
            group,
            self.outlier.predict(matrix, n_jobs, start, stop),
            self.ordinary.predict(matrix, n_jobs, start, stop),
        )

    def contributions(
        self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int
    ) -> np.ndarray:
        values = self._mix(
            group,
            self.outlier.contributions(matrix, n_jobs),
            self.ordinary.contributions(matrix, n_jobs),
        )
        return np.insert(values, matrix.shape[1], 0.0, axis=-1)

    def importances(self, n_features: int) -> np.ndarray:
        gains = self.outlier.importances(n_features) + self.ordinary.importances(n_features)
        return np.append(gains, 0.0)

    def importances_by_task(self, n_features: int, n_tasks: int) -> np.ndarray:
        share = expit(self.theta)
        outlier = np.outer(share / share.sum(), self.outlier.importances(n_features))
        share = 1 - share
        return outlier + np.outer(share / share.sum(), self.ordinary.importances(n_features))


def common_theta(partitions: Sequence[PartitionTrees]) -> np.ndarray:
    """Return the mean theta of several bags, with positive values for outliers.

    The signs of the bags are aligned first, because their groups may be swapped.
    """
    first = partitions[0].theta
    signs = [1.0 if first @ trees.theta >= 0 else -1.0 for trees in partitions]
    return _theta.oriented(
        np.mean(
            [sign * trees.theta for sign, trees in zip(signs, partitions, strict=True)], axis=0
        )
    )


class PartitionGrower(Grower):
    """Grows both ensembles and updates theta after every round."""

    def __init__(self, fold: Fold, features: Features, options: BoostingOptions) -> None:
        self._fold, self._features = fold, features
        n_trees = fold.pool.n_trees
        parameters = options.parameters["partition"]
        self._quantiles = LeafQuantiles.of(fold, parameters)
        self._outlier = features.ensemble(parameters, n_trees)
        self._ordinary = features.ensemble(parameters, n_trees)
        self._thetas = [_theta.start(fold, features.matrix, features.numeric)]
        self._read()

    def _read(self) -> None:
        pool = self._fold.pool
        self._scores = (
            pool.of_rows(self._outlier.scores()),
            pool.of_rows(self._ordinary.scores()),
        )

    def _share(self) -> np.ndarray:
        """Return the share of the outlier trees in each entry, (n_entries, 1)."""
        return expit(self._thetas[-1])[self._fold.pool.task][:, None]

    def scores(self) -> np.ndarray:
        share, (outlier, ordinary) = self._share(), self._scores
        return share * outlier + (1 - share) * ordinary

    def grow(self, gradient: np.ndarray, hessian: np.ndarray) -> None:
        pool, share = self._fold.pool, self._share()
        left = None if self._quantiles is None else self._quantiles.at(self.scores())
        for ensemble, weight in ((self._outlier, share), (self._ordinary, 1 - share)):
            # The exact Hessian has the squared weight. With the plain weight, a leaf's value is
            # the weighted mean of the residuals, and an ensemble does not take huge steps for rows
            # on which it has little influence.
            refit = None if left is None else left.refit(slice(None), weight)
            ensemble.grow(pool.by_row(gradient * weight), pool.by_row(hessian * weight), refit)
        self._read()
        self._move_theta()

    def _move_theta(self) -> None:
        fold, (outlier, ordinary) = self._fold, self._scores
        gradient, hessian = fold.derivatives(self.scores())
        difference = outlier - ordinary
        slope = (gradient * difference).sum(axis=1)
        curve = (hessian * difference**2).sum(axis=1)
        self._thetas.append(
            _theta.newton_step(self._thetas[-1], fold.pool, fold.beside_trees, slope, curve)
        )

    def finish(self, course: Course) -> tuple[PartitionTrees, np.ndarray]:
        gaps = self._features.gaps(self._fold.learnt_rows)
        trees = PartitionTrees(
            self._outlier.first(course.best, gaps),
            self._ordinary.first(course.best, gaps),
            self._thetas[course.best],
        )
        return trees, course.best_scores
