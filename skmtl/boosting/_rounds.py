"""Round after round until the rows that are held out say stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from skmtl.boosting._block import FittedBlock
from skmtl.boosting._pool import Fold


class Grower(Protocol):
    """A block that is being fitted."""

    def scores(self) -> np.ndarray:
        """What it adds to the coordinates so far; (n_entries, n_trees)."""
        ...

    def grow(self, gradient: np.ndarray, hessian: np.ndarray) -> None:
        """Add a round, from the weighted derivatives (n_entries, n_trees) at `scores`."""
        ...

    def finish(self, course: Course) -> tuple[FittedBlock, np.ndarray]:
        """The block with the rounds to keep, and what it adds; (n_entries, n_trees)."""
        ...

    def watched(self, held_out_losses: np.ndarray) -> np.ndarray:
        """Of the tasks' losses in validation (n_tasks,), the numbers of which one must still fall.

        Their sum by default: what all tasks share is judged by all of them together.
        """
        return held_out_losses.sum(keepdims=True)

    def retire(self, spent: np.ndarray) -> None:
        """Told which of the watched numbers have not fallen for as many rounds as patience has."""
        return


class Switch:
    """Whether the user has interrupted the fit."""

    off = False


@dataclass
class Course:
    """What happened round by round.

    Attributes
    ----------
    losses : list of float
        Mean training loss before the first round, after it, and so on.
    held_out_losses : list of float ndarray of shape (n_tasks,)
        The same in validation, as sums over the weighted entries of each task.
    best : int
        Number of rounds after which a watched loss was last at its least.
    best_scores : ndarray of shape (n_entries, n_trees)
        What these rounds add.
    """

    losses: list[float] = field(default_factory=list)
    held_out_losses: list[np.ndarray] = field(default_factory=list)
    best: int = 0
    best_scores: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))


def run_rounds(grower: Grower, fold: Fold, n_rounds: int, patience: int, switch: Switch) -> Course:
    """Grow a block for at most `n_rounds`; without held-out rows for exactly as many.

    Raises
    ------
    FloatingPointError
        When a loss becomes NaN or infinite.
    KeyboardInterrupt
        When the user interrupts before there is anything to keep; later, the switch goes off.
    """
    course = Course()
    try:
        _grow(course, grower, fold, n_rounds, patience, switch)
    except KeyboardInterrupt:
        if not course.losses:
            raise
        switch.off = True
    return course


def _grow(
    course: Course, grower: Grower, fold: Fold, n_rounds: int, patience: int, switch: Switch
) -> None:
    weight = fold.learnt[:, None].astype(fold.pool.precision)
    validated = bool(fold.held_out.any())
    least, fell = np.array([np.inf]), np.zeros(1, dtype=np.intp)
    for done in range(n_rounds + 1):
        added = grower.scores()
        losses, gradient, hessian = fold.losses_and_derivatives(added)
        _record(course, fold, losses, done)
        watched = grower.watched(course.held_out_losses[-1])
        if not validated or (watched < least).any():
            course.best, course.best_scores = done, added
        fell = np.where(watched < least, done, fell)
        least = np.minimum(least, watched)
        if done == n_rounds or done - course.best >= patience or switch.off:
            break
        if validated:
            grower.retire(done - fell >= patience)
        grower.grow(gradient * weight, hessian * weight)


def _record(course: Course, fold: Fold, losses: np.ndarray, done: int) -> None:
    learnt, held_out = (
        np.where(weight > 0, losses, 0.0) * weight for weight in (fold.learnt, fold.held_out)
    )
    mean = float(learnt.sum() / max(fold.learnt.sum(), 1e-300))
    if not np.isfinite(mean):
        task = fold.pool.task[int(np.argmin(np.isfinite(learnt)))]
        raise FloatingPointError(
            f"The loss of task {fold.pool.names[task]!r} became NaN or infinite in round {done} "
            "of a block. Lower learning_rate, or look for extreme labels."
        )
    by_task = np.bincount(fold.pool.task, held_out, fold.pool.n_tasks)
    # Together, so that an interrupt leaves both or neither.
    course.held_out_losses.append(by_task)
    course.losses.append(mean)
