"""Boosting rounds with early stopping on held-out rows."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from skmtl.boosting._block import FittedBlock
from skmtl.boosting._pool import Fold


class Grower(Protocol):
    """A block that is being fitted."""

    def scores(self) -> np.ndarray:
        """Return the coordinates added by the block so far, (n_entries, n_trees)."""
        ...

    def grow(self, gradient: np.ndarray, hessian: np.ndarray) -> None:
        """Add a round from the weighted derivatives (n_entries, n_trees) at `scores`."""
        ...

    def finish(self, course: Course) -> tuple[FittedBlock, np.ndarray]:
        """Return the block with the best rounds, and its coordinates (n_entries, n_trees)."""
        ...

    def watched(self, held_out_losses: np.ndarray) -> np.ndarray:
        """Return the criteria for early stopping, given validation losses (n_tasks,).

        Training goes on while at least one criterion improves. The default is the sum of the
        losses, for blocks that are shared by all tasks.
        """
        return held_out_losses.sum(keepdims=True)

    def retire(self, spent: np.ndarray) -> None:
        """Called with the criteria that have not improved for `patience` rounds."""
        return


class Switch:
    """Whether a fit should end with what is ready.

    Parameters
    ----------
    seconds : float, default=infinity
        Time limit of the fit.

    Attributes
    ----------
    interrupted : bool
        Whether the user has interrupted the fit.
    """

    def __init__(self, seconds: float = math.inf) -> None:
        self.interrupted = False
        self._deadline = time.monotonic() + seconds

    @property
    def off(self) -> bool:
        """Whether the user has interrupted the fit, or its time is over."""
        return self.interrupted or time.monotonic() > self._deadline


@dataclass
class Course:
    """Losses by round, and the best round.

    Attributes
    ----------
    losses : list of float
        Mean training losses before the first round and after each round.
    held_out_losses : list of float ndarray of shape (n_tasks,)
        Validation losses, as weighted sums over the entries of each task.
    best : int
        Number of rounds up to the last improvement of a criterion.
    best_scores : ndarray of shape (n_entries, n_trees)
        Coordinates after these rounds.
    """

    losses: list[float] = field(default_factory=list)
    held_out_losses: list[np.ndarray] = field(default_factory=list)
    best: int = 0
    best_scores: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))


def run_rounds(grower: Grower, fold: Fold, n_rounds: int, patience: int, switch: Switch) -> Course:
    """Grow a block for at most `n_rounds`, or exactly `n_rounds` without held-out rows.

    Raises
    ------
    FloatingPointError
        If a loss becomes NaN or infinite.
    KeyboardInterrupt
        If the user interrupts before there is a result. Later, an interrupt turns the switch off.
    """
    course = Course()
    try:
        _grow(course, grower, fold, n_rounds, patience, switch)
    except KeyboardInterrupt:
        if not course.losses:
            raise
        switch.interrupted = True
    return course


def _grow(
    course: Course, grower: Grower, fold: Fold, n_rounds: int, patience: int, switch: Switch
) -> None:
    weight = fold.learnt[:, None].astype(fold.pool.precision)
    learnt, held_out = _Judges.of(fold, fold.learnt), _Judges.of(fold, fold.held_out)
    validated = len(held_out.entries) > 0
    least, fell = np.array([np.inf]), np.zeros(1, dtype=np.intp)
    for done in range(n_rounds + 1):
        added = grower.scores()
        losses, gradient, hessian = fold.losses_and_derivatives(added)
        _record(course, fold, learnt, held_out, losses, done)
        watched = grower.watched(course.held_out_losses[-1])
        if not validated or (watched < least).any():
            course.best, course.best_scores = done, added
        fell = np.where(watched < least, done, fell)
        least = np.minimum(least, watched)
        if done == n_rounds or done - course.best >= patience or switch.off:
            break
        if validated:
            grower.retire(done - fell >= patience)
        gradient *= weight
        hessian *= weight
        grower.grow(gradient, hessian)


@dataclass(frozen=True)
class _Judges:
    """The entries of a fold with positive weight, with their weights and tasks."""

    entries: np.ndarray
    weight: np.ndarray
    task: np.ndarray

    @classmethod
    def of(cls, fold: Fold, weight: np.ndarray) -> _Judges:
        entries = np.flatnonzero(weight > 0)
        return cls(entries, weight[entries], fold.pool.task[entries])


def _record(
    course: Course,
    fold: Fold,
    learnt: _Judges,
    held_out: _Judges,
    losses: np.ndarray,
    done: int,
) -> None:
    learnt_losses = losses[learnt.entries]
    mean = float(learnt.weight @ learnt_losses / max(learnt.weight.sum(), 1e-300))
    if not np.isfinite(mean):
        task = learnt.task[int(np.argmin(np.isfinite(learnt_losses)))]
        raise FloatingPointError(
            f"The loss of task {fold.pool.names[task]!r} became NaN or infinite in round {done} "
            "of a block. Lower learning_rate, or look for extreme labels."
        )
    weighted = losses[held_out.entries] * held_out.weight
    by_task = np.bincount(held_out.task, weighted, fold.pool.n_tasks)
    # Appended together, so that an interrupt leaves both or neither.
    course.held_out_losses.append(by_task)
    course.losses.append(mean)
