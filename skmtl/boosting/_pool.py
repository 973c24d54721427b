"""The labels that one boosting model learns together."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from skmtl.tasks import Kind

Segment = tuple[Kind, slice]


@dataclass(frozen=True)
class Pool:
    """Entries: one observed label of one task in one row each.

    In long data an entry is a row, and one head serves all tasks. In wide data the entries of
    the first task come first, then those of the second, each with its own head. All tasks of a
    pool have the same number of raw scores, for the trees they share add to all of them.

    Attributes
    ----------
    segments : sequence of (Kind, slice)
        The heads, and the entries of each.
    task : int ndarray of shape (n_entries,)
    target : float64 ndarray of shape (n_entries, target_width)
    weight : float64 ndarray of shape (n_entries,)
        Weight of the row times that of the task.
    row : int ndarray of shape (n_entries,) or None
        Row of each entry; None where entry i is row i.
    n_rows : int
    names : sequence of hashable
        The tasks.
    is_long : bool
        Whether one head serves all tasks and the row tells which it is.
    """

    segments: Sequence[Segment]
    task: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    row: np.ndarray | None
    n_rows: int
    names: Sequence[Hashable]
    is_long: bool

    @property
    def n_tasks(self) -> int:
        return len(self.names)

    @property
    def n_scores(self) -> int:
        return self.segments[0][0].n_scores

    def losses(self, scores: np.ndarray) -> np.ndarray:
        """Loss of each entry, unweighted; scores (n_entries, n_scores) to (n_entries,)."""
        import torch

        parts = [
            head.loss(torch.from_numpy(scores[part]), torch.from_numpy(self.target[part]))
            for head, part in self.segments
        ]
        return np.concatenate([part.numpy() for part in parts])

    def derivatives(self, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradient and Hessian by the raw scores, unweighted; both (n_entries, n_scores)."""
        if len(self.segments) == 1:
            return self.segments[0][0].gradient_hessian(scores, self.target)
        parts = [
            head.gradient_hessian(scores[part], self.target[part]) for head, part in self.segments
        ]
        gradients, hessians = zip(*parts, strict=True)
        return np.concatenate(gradients), np.concatenate(hessians)

    def by_row(self, values: np.ndarray) -> np.ndarray:
        """Sum over the entries of each row; (n_entries, k) to (n_rows, k)."""
        return values if self.row is None else _sums(self.row, values, self.n_rows)

    def by_task(self, values: np.ndarray) -> np.ndarray:
        """Sum over the entries of each task; (n_entries, k) to (n_tasks, k)."""
        return _sums(self.task, values, self.n_tasks)

    def of_rows(self, values: np.ndarray) -> np.ndarray:
        """The row's values at each entry; (n_rows, ...) to (n_entries, ...)."""
        return values if self.row is None else values[self.row]

    def row_tasks(self) -> np.ndarray | None:
        """Task of each row of long data, -1 where it has no entry; None in wide data."""
        if not self.is_long or self.row is None:
            return self.task if self.is_long else None
        tasks = np.full(self.n_rows, -1)
        tasks[self.row] = self.task
        return tasks

    def entries_of_tasks(self) -> list[np.ndarray]:
        """Positions of each task's entries, rows ascending."""
        order = np.argsort(self.task, kind="stable")
        return np.split(order, np.cumsum(np.bincount(self.task, minlength=self.n_tasks))[:-1])


def _sums(index: np.ndarray, values: np.ndarray, n: int) -> np.ndarray:
    return np.column_stack([np.bincount(index, column, n) for column in values.T])


@dataclass(frozen=True)
class Fold:
    """What one bag learns from, and what stops it.

    Attributes
    ----------
    pool : Pool
    learnt, held_out : float64 ndarray of shape (n_entries,)
        Weights of the entries in training and in validation. Rows that are held out stay in
        LightGBM's data with gradients of zero: their scores come along at no cost.
    scores : float64 ndarray of shape (n_entries, n_scores)
        Raw scores so far.
    sample : float64 ndarray of shape (n_entries,), optional
        Weights in what is learnt beside the trees, if not `learnt`: where other workers have other
        rows, of entries that all of them have.
    """

    pool: Pool
    learnt: np.ndarray
    held_out: np.ndarray
    scores: np.ndarray
    sample: np.ndarray | None = None

    @property
    def known(self) -> np.ndarray:
        """Weights of the entries in whatever is learnt beside the trees."""
        return self.learnt if self.sample is None else self.sample

    def plus(self, added: np.ndarray) -> Fold:
        """The same after a block has added to the scores."""
        return replace(self, scores=self.scores + added)
