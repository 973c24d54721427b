"""The labels of one boosting model, over all its tasks."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np

from skmtl.boosting._score_space import ScoreSpace
from skmtl.tasks import Kind

# Raw scores to compute at a time. Memory then does not grow with rows times raw scores, and
# intermediate results stay in the cache.
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
        """Map from the outputs of trees to the head's raw scores."""
        return ScoreSpace.from_head(self.head)


@dataclass(frozen=True)
class Pool:
    """Entries, each of which is the observed label of one task in one row.

    In long data an entry is a row, and all tasks have the same head. In wide data the entries of
    the first task come first, then those of the second, and each task has its own head. All tasks
    of a pool have the same number of trees per round, because shared trees add to all of them.

    Trees predict *coordinates*, which the space of a head maps to raw scores. The raw scores of an
    entry are the constant of its task plus the mapped coordinates.

    Attributes
    ----------
    segments : sequence of Segment
        The heads and the entries of each.
    task : int ndarray of shape (n_entries,)
    target : float64 ndarray of shape (n_entries, target_width)
        Encoded labels, padded with zeros to the widest head.
    weight : float64 ndarray of shape (n_entries,)
        Weight of the row times weight of the task.
    row : int ndarray of shape (n_entries,) or None
        Row of each entry; None if entry i is row i.
    n_rows : int
    names : sequence of hashable
        Names of the tasks.
    is_long : bool
        Whether there is one head for all tasks, and each row has one task.
    """

    segments: Sequence[Segment]
    task: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    row: np.ndarray | None
    n_rows: int
    names: Sequence[Hashable]
    is_long: bool

    def of_tasks(self, tasks: np.ndarray) -> tuple[np.ndarray, Pool]:
        """Return positions of the entries of some tasks of wide data, and the pool of these."""
        segments = [self.segments[task] for task in tasks.tolist()]
        parts = [np.arange(segment.part.start, segment.part.stop) for segment in segments]
        ends = np.cumsum([len(part) for part in parts]).tolist()
        entries = np.concatenate(parts)
        some = replace(
            self,
            segments=[
                Segment(segment.head, slice(end - len(part), end))
                for segment, part, end in zip(segments, parts, ends, strict=True)
            ],
            task=np.repeat(np.arange(len(parts)), [len(part) for part in parts]),
            target=self.target[entries],
            weight=self.weight[entries],
            row=self.entry_rows()[entries],
            names=[self.names[task] for task in tasks.tolist()],
        )
        return entries, some

    @property
    def n_tasks(self) -> int:
        return len(self.names)

    @property
    def n_trees(self) -> int:
        """Number of trees per round, which is the number of coordinates of an entry."""
        return self.segments[0].space.n_trees

    @property
    def has_series(self) -> bool:
        """Whether coordinates are coefficients of waves over raw scores that form series."""
        return self.segments[0].head.n_series > 0

    @property
    def has_quantiles(self) -> bool:
        """Whether some raw scores are quantiles of the labels."""
        return any(bool(segment.head.score_levels) for segment in self.segments)

    @property
    def mean_weight(self) -> float:
        """Mean weight of the entries with positive weight; 1 if there are none."""
        weight = self.weight[self.weight > 0]
        return float(weight.mean()) if len(weight) else 1.0

    @property
    def n_scores(self) -> int:
        """Maximum number of raw scores of a head."""
        return max(segment.head.n_scores for segment in self.segments)

    @property
    def spaces(self) -> tuple[ScoreSpace, ...]:
        """Map from coordinates to raw scores for each head."""
        return tuple(segment.space for segment in self.segments)

    def losses_and_derivatives(
        self, coordinates: np.ndarray, constants: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return unweighted losses of the entries, with gradient and Hessian by coordinates.

        Parameters
        ----------
        coordinates : ndarray of shape (n_entries, n_trees)
        constants : ndarray of shape (at least n_tasks, n_scores)
            Raw scores of the tasks' constants; heads with fewer scores use the first ones.

        Returns
        -------
        ndarray of shape (n_entries,), two ndarray of shape (n_entries, n_trees)
        """
        losses = np.empty(len(coordinates))
        gradient, hessian = np.empty_like(coordinates), np.empty_like(coordinates)
        for segment, rows, labels in self._blocks(coordinates):
            scores = self._raw(segment, rows, coordinates, constants)
            # If a loss overflows, `run_rounds` raises an error that names the task.
            with np.errstate(over="ignore", invalid="ignore"):
                losses[rows], *by_scores = segment.head.losses_and_derivatives(scores, labels)
            gradient[rows], hessian[rows] = segment.space.derivatives(*by_scores)
        return losses, gradient, hessian

    def losses(self, coordinates: np.ndarray, constants: np.ndarray) -> np.ndarray:
        """Return the losses of `losses_and_derivatives`."""
        losses = np.empty(len(coordinates))
        for segment, rows, labels in self._blocks(coordinates):
            scores = self._raw(segment, rows, coordinates, constants)
            losses[rows] = segment.head.losses(scores, labels)
        return losses

    def derivatives(
        self, coordinates: np.ndarray, constants: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradient and the Hessian of `losses_and_derivatives`."""
        gradient, hessian = np.empty_like(coordinates), np.empty_like(coordinates)
        for segment, rows, labels in self._blocks(coordinates):
            scores = self._raw(segment, rows, coordinates, constants)
            by_scores = segment.head.gradient_hessian(scores, labels)
            gradient[rows], hessian[rows] = segment.space.derivatives(*by_scores)
        return gradient, hessian

    @property
    def precision(self) -> type[np.floating]:
        """Type of losses and derivatives.

        For series it is float32, the type of LightGBM's derivatives. Most of a round's work is on
        the raw scores of all bins, and takes half the time in float32.
        """
        return np.float32 if self.has_series else np.float64

    def _blocks(self, coordinates: np.ndarray) -> Iterable[tuple[Segment, slice, Any]]:
        """Yield entries to process at a time, with labels prepared by the head."""
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
        """Return raw scores (n, n_scores) in column-major order, as the coordinates are."""
        raw = segment.space.raw(coordinates[rows].T, axis=0)
        start = constants.astype(raw.dtype, copy=False).T[: segment.head.n_scores, self.task[rows]]
        return (raw + start).T

    def by_row(self, values: np.ndarray) -> np.ndarray:
        """Sum values (n_entries, k) over the entries of each row, (n_rows, k)."""
        if self.row is None:
            return values
        if self._is_complete:  # summed in the order of `_sums`
            by_task = values.T.reshape(-1, self.n_tasks, self.n_rows)
            return by_task.sum(axis=1).T
        return _sums(self.row, values, self.n_rows)

    def by_task(self, values: np.ndarray) -> np.ndarray:
        """Sum values (n_entries, k) over the entries of each task, (n_tasks, k)."""
        return _sums(self.task, values, self.n_tasks)

    def of_rows(self, values: np.ndarray) -> np.ndarray:
        """Return the values (n_rows, ...) of each entry's row, (n_entries, ...)."""
        return values if self.row is None else values[self.row]

    @cached_property
    def _is_complete(self) -> bool:
        """Whether every task has an entry in every row, with rows in ascending order."""
        if self.row is None or self.is_long or len(self.row) != self.n_tasks * self.n_rows:
            return False
        rows = self.row.reshape(self.n_tasks, self.n_rows)
        return bool((rows == np.arange(self.n_rows)).all())

    def entry_rows(self) -> np.ndarray:
        """Return the row of each entry."""
        return np.arange(self.n_rows) if self.row is None else self.row

    def row_tasks(self) -> np.ndarray | None:
        """Return the task of each row of long data, -1 without an entry; None for wide data."""
        if not self.is_long or self.row is None:
            return self.task if self.is_long else None
        tasks = np.full(self.n_rows, -1)
        tasks[self.row] = self.task
        return tasks

    def entries_of_tasks(self) -> list[np.ndarray]:
        """Return positions of the entries of each task, with rows in ascending order."""
        order = np.argsort(self.task, kind="stable")
        return np.split(order, np.cumsum(np.bincount(self.task, minlength=self.n_tasks))[:-1])


def _sums(index: np.ndarray, values: np.ndarray, n: int) -> np.ndarray:
    return np.column_stack([np.bincount(index, column, n) for column in values.T])


def _with_equal_losses(segments: Sequence[Segment]) -> Iterator[Segment]:
    """Yield the segments, with adjacent segments merged if their loss is the same function.

    Many small tasks then cost as little as one large task. Heads whose trees learn waves are not
    merged, because the rounding of matrix products depends on their size.
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
    """Training entries, held-out entries and current scores of one bag.

    Attributes
    ----------
    pool : Pool
    learnt, held_out : float64 ndarray of shape (n_entries,)
        Weights of the entries in training and in validation. Held-out rows stay in LightGBM's data
        with zero gradients, so that their scores are computed at no extra cost.
    constants : float64 ndarray of shape (n_tasks + 1, n_scores)
        Raw scores of the tasks' constants.
    coordinates : float64 ndarray of shape (n_entries, n_trees)
        Sum of the outputs of the blocks so far. In column-major order like LightGBM's scores, so
        that operations on a coordinate run over contiguous entries.
    sample : float64 ndarray of shape (n_entries,), optional
        Weights for everything that is learnt besides the trees, instead of `learnt`. With several
        workers, these are weights of entries that all workers have.
    """

    pool: Pool
    learnt: np.ndarray
    held_out: np.ndarray
    constants: np.ndarray
    coordinates: np.ndarray
    sample: np.ndarray | None = None

    @property
    def learnt_rows(self) -> np.ndarray:
        """Positions of the training rows."""
        return np.unique(self.pool.entry_rows()[self.learnt > 0])

    @property
    def beside_trees(self) -> np.ndarray:
        """Weights of the entries for everything that is learnt besides the trees."""
        return self.learnt if self.sample is None else self.sample

    def plus(self, added: np.ndarray) -> Fold:
        """Return the fold after adding the coordinates of a block."""
        return replace(self, coordinates=self.coordinates + added)

    def losses_and_derivatives(
        self, added: np.ndarray | float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return losses (n_entries,) and `derivatives` when a block adds these coordinates."""
        return self.pool.losses_and_derivatives(self._at(added), self.constants)

    def losses(self, added: np.ndarray | float) -> np.ndarray:
        """Return losses (n_entries,) when a block adds these coordinates."""
        return self.pool.losses(self._at(added), self.constants)

    def derivatives(self, added: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """Return gradient and Hessian (n_entries, n_trees) when a block adds these coordinates."""
        return self.pool.derivatives(self._at(added), self.constants)

    def _at(self, added: np.ndarray | float) -> np.ndarray:
        return (self.coordinates + added).astype(self.pool.precision, copy=False)
