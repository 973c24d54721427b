"""The labels that one boosting model learns together."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np

from skmtl.boosting._score_space import ScoreSpace
from skmtl.tasks import Kind

# Raw scores that are computed at a time: memory does not grow with rows times raw scores, and
# what is computed on the way stays near the processor.
_SCORES_AT_ONCE = 2**16


@dataclass(frozen=True)
class Segment:
    """The entries of one head.

    Attributes
    ----------
    head : Kind
    part : slice
    """

    head: Kind
    part: slice

    @cached_property
    def space(self) -> ScoreSpace:
        """What trees add to the head's raw scores."""
        return ScoreSpace.from_head(self.head)


@dataclass(frozen=True)
class Pool:
    """Entries: one observed label of one task in one row each.

    In long data an entry is a row, and one head serves all tasks. In wide data the entries of
    the first task come first, then those of the second, each with its own head. All tasks of a
    pool have the same number of trees per round, for those they share add to all of them.

    Trees predict *coordinates*, which a head's space turns into raw scores: these are the task's
    constant and what the coordinates add to it.

    Attributes
    ----------
    segments : sequence of Segment
        The heads, and the entries of each.
    task : int ndarray of shape (n_entries,)
    target : float64 ndarray of shape (n_entries, target_width)
        A head whose labels are encoded in fewer numbers than another's has zeros behind them.
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
    def n_trees(self) -> int:
        """Trees per round: the coordinates of an entry."""
        return self.segments[0].space.n_trees

    @property
    def has_series(self) -> bool:
        """Whether coordinates are waves over raw scores in series."""
        return self.segments[0].head.n_series > 0

    @property
    def mean_weight(self) -> float:
        """Of the entries that have any; 1 without."""
        weight = self.weight[self.weight > 0]
        return float(weight.mean()) if len(weight) else 1.0

    @property
    def n_scores(self) -> int:
        """Raw scores of the head that has most."""
        return max(segment.head.n_scores for segment in self.segments)

    @property
    def spaces(self) -> tuple[ScoreSpace, ...]:
        """What coordinates mean for each head."""
        return tuple(segment.space for segment in self.segments)

    def losses_and_derivatives(
        self, coordinates: np.ndarray, constants: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Loss of each entry, and gradient and Hessian by the coordinates, all unweighted.

        Parameters
        ----------
        coordinates : ndarray of shape (n_entries, n_trees)
        constants : ndarray of shape (at least n_tasks, n_scores)
            Raw scores that the tasks start from; a head with fewer reads the first ones.

        Returns
        -------
        ndarray of shape (n_entries,), two ndarray of shape (n_entries, n_trees)
        """
        losses = np.empty(len(coordinates))
        gradient, hessian = np.empty_like(coordinates), np.empty_like(coordinates)
        for segment, rows, labels in self._blocks(coordinates):
            scores = self._raw(segment, rows, coordinates, constants)
            # `run_rounds` stops where a loss overflows, and says in which task.
            with np.errstate(over="ignore", invalid="ignore"):
                losses[rows], *by_scores = segment.head.losses_and_derivatives(scores, labels)
            gradient[rows], hessian[rows] = segment.space.derivatives(*by_scores)
        return losses, gradient, hessian

    def losses(self, coordinates: np.ndarray, constants: np.ndarray) -> np.ndarray:
        """The first of `losses_and_derivatives`."""
        losses = np.empty(len(coordinates))
        for segment, rows, labels in self._blocks(coordinates):
            scores = self._raw(segment, rows, coordinates, constants)
            losses[rows] = segment.head.losses(scores, labels)
        return losses

    def derivatives(
        self, coordinates: np.ndarray, constants: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The others of `losses_and_derivatives`."""
        gradient, hessian = np.empty_like(coordinates), np.empty_like(coordinates)
        for segment, rows, labels in self._blocks(coordinates):
            scores = self._raw(segment, rows, coordinates, constants)
            by_scores = segment.head.gradient_hessian(scores, labels)
            gradient[rows], hessian[rows] = segment.space.derivatives(*by_scores)
        return gradient, hessian

    @property
    def precision(self) -> type[np.floating]:
        """What losses and derivatives are taken in.

        Of series they are float32, as LightGBM takes derivatives: raw scores in all bins are most
        of a round's work, which takes half the time then.
        """
        return np.float32 if self.has_series else np.float64

    def _blocks(self, coordinates: np.ndarray) -> Iterable[tuple[Segment, slice, Any]]:
        """Entries that are worked on at a time, and their labels as the head takes them."""
        dtype = coordinates.dtype.type
        return self._kept_blocks if dtype is self.precision else self._prepared_blocks(dtype)

    @cached_property
    def _kept_blocks(self) -> list[tuple[Segment, slice, Any]]:
        return list(self._prepared_blocks(self.precision))

    def _prepared_blocks(self, dtype: type[np.floating]) -> Iterator[tuple[Segment, slice, Any]]:
        for segment in _with_equal_losses(self.segments):
            size = max(1, _SCORES_AT_ONCE // segment.head.n_scores)
            for start in range(segment.part.start, segment.part.stop, size):
                rows = slice(start, min(start + size, segment.part.stop))
                target = self.target[rows, : segment.head.target_width]
                yield segment, rows, segment.head.prepared(target, dtype)

    def _raw(
        self, segment: Segment, rows: slice, coordinates: np.ndarray, constants: np.ndarray
    ) -> np.ndarray:
        """Raw scores (n, n_scores), column by column as coordinates are."""
        raw = segment.space.raw(coordinates[rows].T, axis=0)
        start = constants.astype(raw.dtype, copy=False).T[: segment.head.n_scores, self.task[rows]]
        return (raw + start).T

    def by_row(self, values: np.ndarray) -> np.ndarray:
        """Sum over the entries of each row; (n_entries, k) to (n_rows, k)."""
        if self.row is None:
            return values
        if self._is_complete:  # task after task, as `_sums` would add them up
            by_task = values.T.reshape(-1, self.n_tasks, self.n_rows)
            return by_task.sum(axis=1).T
        return _sums(self.row, values, self.n_rows)

    def by_task(self, values: np.ndarray) -> np.ndarray:
        """Sum over the entries of each task; (n_entries, k) to (n_tasks, k)."""
        return _sums(self.task, values, self.n_tasks)

    def of_rows(self, values: np.ndarray) -> np.ndarray:
        """The row's values at each entry; (n_rows, ...) to (n_entries, ...)."""
        return values if self.row is None else values[self.row]

    @cached_property
    def _is_complete(self) -> bool:
        """Whether every task has an entry in every row, rows ascending."""
        if self.row is None or self.is_long or len(self.row) != self.n_tasks * self.n_rows:
            return False
        rows = self.row.reshape(self.n_tasks, self.n_rows)
        return bool((rows == np.arange(self.n_rows)).all())

    def entry_rows(self) -> np.ndarray:
        """Row of each entry."""
        return np.arange(self.n_rows) if self.row is None else self.row

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


def _with_equal_losses(segments: Sequence[Segment]) -> Iterator[Segment]:
    """The segments, of which neighbours whose losses are the same function are one.

    Many small tasks cost as little as one large task. Heads whose trees learn waves stay apart:
    products of matrices may round in another way where they are larger.
    """

    def key(segment: Segment) -> tuple:
        head = segment.head
        return ("series", segment.part.start) if head.n_series else (head.stack_key, head.n_scores)

    for _, equal in groupby(segments, key):
        first, *others = equal
        stop = others[-1].part.stop if others else first.part.stop
        yield Segment(first.head, slice(first.part.start, stop))


@dataclass(frozen=True)
class Fold:
    """What one bag learns from, and what stops it.

    Attributes
    ----------
    pool : Pool
    learnt, held_out : float64 ndarray of shape (n_entries,)
        Weights of the entries in training and in validation. Rows that are held out stay in
        LightGBM's data with gradients of zero: their scores come along at no cost.
    constants : float64 ndarray of shape (n_tasks + 1, n_scores)
        Raw scores that the tasks start from.
    coordinates : float64 ndarray of shape (n_entries, n_trees)
        What the blocks so far add. It lies in memory column by column, as LightGBM's scores do:
        what is done for each coordinate or raw score is done along many entries at a time.
    sample : float64 ndarray of shape (n_entries,), optional
        Weights in what is learnt beside the trees, if not `learnt`: where other workers have other
        rows, of entries that all of them have.
    """

    pool: Pool
    learnt: np.ndarray
    held_out: np.ndarray
    constants: np.ndarray
    coordinates: np.ndarray
    sample: np.ndarray | None = None

    @property
    def learnt_rows(self) -> np.ndarray:
        """Positions of the rows that are learnt from."""
        return np.unique(self.pool.entry_rows()[self.learnt > 0])

    @property
    def beside_trees(self) -> np.ndarray:
        """Weights of the entries in whatever is learnt beside the trees."""
        return self.learnt if self.sample is None else self.sample

    def plus(self, added: np.ndarray) -> Fold:
        """The same after a block has added to the coordinates."""
        return replace(self, coordinates=self.coordinates + added)

    def losses_and_derivatives(
        self, added: np.ndarray | float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Loss of each entry (n_entries,) and its `derivatives` where a block adds these."""
        return self.pool.losses_and_derivatives(self._at(added), self.constants)

    def losses(self, added: np.ndarray | float) -> np.ndarray:
        """Loss of each entry (n_entries,) where a block adds these coordinates."""
        return self.pool.losses(self._at(added), self.constants)

    def derivatives(self, added: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """Derivatives by the coordinates (n_entries, n_trees) where a block adds these."""
        return self.pool.derivatives(self._at(added), self.constants)

    def _at(self, added: np.ndarray | float) -> np.ndarray:
        return (self.coordinates + added).astype(self.pool.precision, copy=False)
