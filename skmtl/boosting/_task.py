"""Trees on the rows of each task separately."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import numpy as np

from skmtl._storable import storable
from skmtl.boosting._ensemble import Ensemble, Trees, silence
from skmtl.boosting._leaves import LeafQuantiles
from skmtl.boosting._options import BoostingOptions, Features
from skmtl.boosting._pool import Fold
from skmtl.boosting._rounds import Course, Grower

# Weight in held-out rows of the common validation curve when a task chooses its number of rounds.
# Targets of wide data have less in common than ids of long data, and more rows each.
_PRIOR_ROWS_LONG, _PRIOR_ROWS_WIDE = 200.0, 50.0


@storable
class TaskTrees:
    """Fitted trees of each task.

    Parameters
    ----------
    trees : list of Trees
        Trees by task.
    """

    def __init__(self, trees: list[Trees]) -> None:
        self.trees = trees
        self.n_rounds = max(of_task.n_rounds for of_task in trees)

    def scores(
        self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int, start: int, stop: int
    ) -> np.ndarray:
        return self._by_task(
            matrix,
            group,
            (self.trees[0].n_scores,),
            lambda trees, rows: trees.predict(rows, n_jobs, start, stop),
        )

    def contributions(
        self, matrix: np.ndarray, group: np.ndarray | None, n_jobs: int
    ) -> np.ndarray:
        n_features = matrix.shape[1]
        values = self._by_task(
            matrix,
            group,
            (self.trees[0].n_scores, n_features + 1),
            lambda trees, rows: trees.contributions(rows, n_jobs),
        )
        return np.insert(values, n_features, 0.0, axis=-1)

    def _by_task(
        self,
        matrix: np.ndarray,
        group: np.ndarray | None,
        shape: tuple[int, ...],
        function: Callable[[Trees, np.ndarray], np.ndarray],
    ) -> np.ndarray:
        """Apply a function to each task's trees and rows (all rows for wide data).

        The result is zero for tasks without trees and for unseen tasks.
        """
        if group is None:
            every = np.empty((len(matrix), len(self.trees), *shape))
            for task, trees in enumerate(self.trees):
                every[:, task] = function(trees, matrix)
            return every
        out = np.zeros((len(matrix), 1, *shape))
        order = np.argsort(group, kind="stable")
        tasks, starts, counts = np.unique(group[order], return_index=True, return_counts=True)
        for task, start, count in zip(tasks, starts, counts, strict=True):
            rows = order[start : start + count]
            if task >= 0 and self.trees[task].n_rounds:
                out[rows, 0] = function(self.trees[task], matrix[rows])
        return out

    def importances(self, n_features: int) -> np.ndarray:
        return np.append(self.importances_by_task(n_features, len(self.trees)).sum(axis=0), 0.0)

    def importances_by_task(self, n_features: int, n_tasks: int) -> np.ndarray:
        return np.stack([trees.importances(n_features) for trees in self.trees])


class TaskGrower(Grower):
    """Grows an ensemble for every task, one round of all tasks at a time."""

    def __init__(self, fold: Fold, features: Features, options: BoostingOptions) -> None:
        self._fold = fold
        self._features, self._n_jobs = features, options.n_jobs
        pool = fold.pool
        self._entries = [
            _run(entries) if fold.learnt[entries].any() else slice(0)
            for entries in pool.entries_of_tasks()
        ]
        parameters = {**options.parameters["task"], "num_threads": 1}
        self._quantiles = LeafQuantiles.of(fold, parameters)
        self._threads = None
        if options.n_jobs > 1:
            self._threads = ThreadPoolExecutor(options.n_jobs, initializer=silence)
        rows = pool.entry_rows()
        self._ensembles = [
            _ensemble(features, rows[entries], parameters, pool.n_trees)
            for entries in self._entries
        ]
        self._growing = list(range(pool.n_tasks))
        self._scores = np.zeros_like(fold.coordinates)

    def scores(self) -> np.ndarray:
        return self._scores

    def grow(self, gradient: np.ndarray, hessian: np.ndarray) -> None:
        left = None if self._quantiles is None else self._quantiles.at(self.scores())

        def grow_one(task: int) -> None:
            entries, ensemble = self._entries[task], self._ensembles[task]
            if ensemble is not None:
                refit = None if left is None else left.refit(entries)
                ensemble.grow(gradient[entries], hessian[entries], refit)

        apply = map if self._threads is None else self._threads.map
        for _ in apply(grow_one, self._growing):
            pass  # consuming the iterator raises the exceptions of threads
        self._read()

    def _read(self) -> None:
        self._scores = self._scores.copy(order="K")
        for task in self._growing:
            ensemble = self._ensembles[task]
            if ensemble is not None:
                self._scores[self._entries[task]] = ensemble.scores()

    def watched(self, held_out_losses: np.ndarray) -> np.ndarray:
        """Return criteria of each task for wide data; for long data, ids have too few rows.

        The criteria of a task are its loss and the criterion for its number of rounds. The loss
        alone would stop a task with few held-out rows by chance; the other criterion alone would
        stop tasks that improve slowly.
        """
        if self._fold.pool.is_long:
            return super().watched(held_out_losses)
        return np.concatenate([held_out_losses, self._judged(held_out_losses)])

    def _judged(self, held_out_losses: np.ndarray) -> np.ndarray:
        """Return the criterion for the number of rounds of each task, given losses (..., n_tasks).

        It is the loss of the task plus a share of the loss of all tasks, so that a task with few
        held-out rows follows the others.
        """
        return held_out_losses + self._prior * held_out_losses.sum(axis=-1, keepdims=True)

    @cached_property
    def _prior(self) -> float:
        """Weight of the loss of all tasks relative to that of one; 0 without held-out rows."""
        held_out, is_long = self._fold.held_out, self._fold.pool.is_long
        if not held_out.any():
            return 0.0
        # Weights have an arbitrary unit, and the prior is in rows.
        rows = _PRIOR_ROWS_LONG if is_long else _PRIOR_ROWS_WIDE
        return float(rows * held_out[held_out > 0].mean() / held_out.sum())

    def retire(self, spent: np.ndarray) -> None:
        if not self._fold.pool.is_long:  # which has no criteria by task
            ended = spent.reshape(2, -1).all(axis=0)
            self._growing = np.flatnonzero(~ended).tolist()

    def finish(self, course: Course) -> tuple[TaskTrees, np.ndarray]:
        if self._threads is not None:
            self._threads.shutdown()
        pool = self._fold.pool
        if self._fold.held_out.any():
            rounds = self._judged(np.array(course.held_out_losses)).argmin(axis=0)
        else:
            rounds = np.full(pool.n_tasks, course.best)
        block = TaskTrees(
            [
                self._first(task, n_rounds) if n_rounds else Trees(None, pool.n_trees)
                for task, n_rounds in enumerate(rounds.tolist())
            ]
        )
        # Each task has its own number of rounds, unlike `course.best_scores`.
        scores = block.scores(self._features.matrix, pool.row_tasks(), self._n_jobs, 0, 0)
        column = 0 if pool.is_long else pool.task
        return block, scores[pool.entry_rows(), column]

    def _first(self, task: int, n_rounds: int) -> Trees:
        """Return the trees of a task's first rounds."""
        ensemble, fold = self._ensembles[task], self._fold
        if ensemble is None:
            return Trees(None, fold.pool.n_trees)
        entries = self._entries[task]
        rows = fold.pool.entry_rows()[entries][fold.learnt[entries] > 0]
        return ensemble.first(n_rounds, self._features.gaps(rows))


def _run(entries: np.ndarray) -> np.ndarray | slice:
    """Convert ascending positions to a slice if they are contiguous."""
    if len(entries) and entries[-1] - entries[0] == len(entries) - 1:
        return slice(int(entries[0]), int(entries[-1]) + 1)
    return entries


def _ensemble(
    features: Features, rows: np.ndarray, parameters: dict, n_trees: int
) -> Ensemble | None:
    """Return an empty ensemble, or None if there are too few rows for a split."""
    if len(rows) < max(1, 2 * parameters["min_data_in_leaf"]):
        return None
    return Ensemble(features.of_rows(rows), parameters, n_trees)
