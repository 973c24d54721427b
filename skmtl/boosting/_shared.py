"""Trees on the pooled rows of all tasks."""

from __future__ import annotations

import numpy as np

from skmtl._storable import storable
from skmtl.boosting._block import in_equal_parts
from skmtl.boosting._ensemble import Trees
from skmtl.boosting._leaves import LeafQuantiles
from skmtl.boosting._options import BoostingOptions, Features
from skmtl.boosting._pool import Fold
from skmtl.boosting._rounds import Course, Grower
from skmtl.boosting._signature import signatures


@storable
class SharedTrees:
    """Fitted trees that all tasks share.

    Parameters
    ----------
    trees : Trees
    signatures : ndarray of shape (n_tasks + 1, n_numbers), optional
        Additional features that describe the tasks.
    """

    def __init__(self, trees: Trees, signatures: np.ndarray | None = None) -> None:
        self.trees = trees
        self.signatures = signatures
        self.n_rounds = trees.n_rounds

    def columns(self, matrix: np.ndarray, group: np.ndarray | None) -> np.ndarray:
        """Return the input of the trees for each row."""
        if self.signatures is None:
            return matrix
        return np.column_stack([matrix, self.signatures[group]])

    def scores(
        self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int, start: int, stop: int
    ) -> np.ndarray:
        return self.trees.predict(self.columns(matrix, group), n_jobs, start, stop)[:, None]

    def contributions(
        self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int
    ) -> np.ndarray:
        values = self.trees.contributions(self.columns(matrix, group), n_jobs)
        return _task_last(values, matrix.shape[1])[:, None]

    def importances(self, n_features: int) -> np.ndarray:
        n_numbers = 0 if self.signatures is None else self.signatures.shape[1]
        gains = self.trees.importances(n_features + n_numbers)
        return np.append(gains[:n_features], gains[n_features:].sum())

    def importances_by_task(self, n_features: int, n_tasks: int) -> np.ndarray:
        return in_equal_parts(self.importances(n_features)[:-1], n_tasks)


def _task_last(values: np.ndarray, n_features: int) -> np.ndarray:
    """Return contributions of features, task (sum over its signature) and base."""
    task = values[..., n_features:-1].sum(axis=-1, keepdims=True)
    return np.concatenate([values[..., :n_features], task, values[..., -1:]], axis=-1)


class SharedGrower(Grower):
    """Grows trees on the features only."""

    def __init__(self, fold: Fold, features: Features, options: BoostingOptions) -> None:
        self._pool, self._features, self._rows = fold.pool, features, fold.learnt_rows
        parameters = options.parameters["shared"]
        self._quantiles = LeafQuantiles.of(fold, parameters)
        self._ensemble = features.ensemble(parameters, fold.pool.n_trees)

    def scores(self) -> np.ndarray:
        return self._pool.of_rows(self._ensemble.scores())

    def grow(self, gradient: np.ndarray, hessian: np.ndarray) -> None:
        refit = None
        if self._quantiles is not None:
            refit = self._quantiles.at(self.scores()).refit(slice(None))
        self._ensemble.grow(self._pool.by_row(gradient), self._pool.by_row(hessian), refit)

    def finish(self, course: Course) -> tuple[SharedTrees, np.ndarray]:
        trees = self._ensemble.first(course.best, self._features.gaps(self._rows))
        return SharedTrees(trees), course.best_scores


class SignatureGrower(SharedGrower):
    """Grows trees on the features and the signature of the row's task."""

    def __init__(self, fold: Fold, features: Features, options: BoostingOptions) -> None:
        self._pool, self._features, self._rows = fold.pool, features, fold.learnt_rows
        # In the precision of the matrix, so that thresholds mean the same here and in `columns`.
        numbers = signatures(fold, features.matrix, features.numeric)
        self._signatures = numbers.astype(features.matrix.dtype)
        parameters = dict(options.parameters["signature"])
        if "monotone_constraints" in parameters:
            free = [0] * self._signatures.shape[1]
            parameters["monotone_constraints"] = [*parameters["monotone_constraints"], *free]
        self._quantiles = LeafQuantiles.of(fold, parameters)
        both = features.with_columns(self._signatures[fold.pool.row_tasks()], parameters)
        self._ensemble = both.ensemble(parameters, fold.pool.n_trees)

    def finish(self, course: Course) -> tuple[SharedTrees, np.ndarray]:
        gaps = self._features.gaps(self._rows).with_columns(self._signatures.shape[1])
        trees = self._ensemble.first(course.best, gaps)
        return SharedTrees(trees, self._signatures), course.best_scores
