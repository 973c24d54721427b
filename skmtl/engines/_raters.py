"""Fits in which raters shift the raw scores of their labels, whatever the engine."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skmtl._storable import storable
from skmtl.engines._progress import FitProgress
from skmtl.engines._protocol import Engine, Problem
from skmtl.engines._weights import weights_in_rows
from skmtl.rasch import RatedQuestion, Shifts, estimate_shifts
from skmtl.reading import EncodedRows
from skmtl.tables import TaskIds
from skmtl.tasks import Kind, Labels, Shifted, TaskSet

# Fits before the last one, by which shifts are estimated.
_PRELIMINARY_FITS = 1


@storable
@dataclass(frozen=True)
class Severities:
    """How strict raters are on each question.

    Attributes
    ----------
    rater_ids : list of hashable
    values, errors : ndarray of shape (n_raters, n_questions)
        In units of raw scores, or of labels where the link is linear, with standard errors.
    n_ratings : ndarray of shape (n_raters, n_questions)
    """

    rater_ids: list[Hashable]
    values: np.ndarray
    errors: np.ndarray
    n_ratings: np.ndarray


def fit_rated(
    engine: Engine,
    problem: Problem,
    column: Hashable | None,
    random_state: np.random.RandomState,
    progress: FitProgress,
    previous: Any = None,
) -> tuple[Any, Severities | None]:
    """What the engine has learnt, and the severities of the raters if there is a column of them.

    Raises
    ------
    ValueError
        Where there is one rater, a row has none, or a rater cannot shift the labels of a target.
    """
    if column is None:
        return engine.fit(problem, random_state, progress, previous), None
    check_rated(problem.tasks)
    if problem.streamed is not None:
        raise ValueError(
            f"rater_column={column!r} is for rows in memory: severities are learnt from all "
            "ratings at once. Read the table into a DataFrame."
        )
    return _RatedFit(engine, problem, column).run(random_state, progress)


def check_rated(tasks: TaskSet) -> None:
    """Raise for targets whose labels a rater cannot shift."""
    for name, head in tasks.varying.by_name.items():
        if head.score_sign == 0 or head.score_levels or head.learns_residuals:
            raise ValueError(
                f"Target {name!r} ({head!r}) has no severity of raters: there is no single raw "
                "score with a second derivative that shifts its labels, or their scale is not "
                "that of predictions. Leave it out of y, or rater_column. Severities are those of "
                "binary targets without focal loss, of ordinal and count targets, and of "
                "regression with squared or Huber loss and without transform."
            )


class _RatedFit:
    """A fit of any engine that takes severities out of the labels.

    Parameters
    ----------
    engine : Engine
    problem : Problem
        With the raters of its rows.
    column : hashable
        Of the raters, for messages.
    """

    def __init__(self, engine: Engine, problem: Problem, column: Hashable) -> None:
        self._engine = engine
        self._problem = problem
        self._column = column
        self._ids = TaskIds().fit(self._raters(problem.rows))
        if len(self._ids.ids_) < 2:
            raise ValueError(
                f"rater_column={column!r} names one rater only, {self._ids.ids_[0]!r}: a "
                "severity is a difference between raters. Leave rater_column out."
            )

    def run(
        self, random_state: np.random.RandomState, progress: FitProgress
    ) -> tuple[Any, Severities]:
        """What the engine has learnt, and the severities."""
        tasks, rows = self._problem.tasks, self._problem.rows
        shifts = np.zeros((len(self._ids.ids_), len(tasks)))
        for _ in range(_PRELIMINARY_FITS):
            problem = self._shifted(shifts)
            silent = _Silent()
            fitted = self._engine.fit(problem, copy.deepcopy(random_state), silent)
            shifts = self._estimate(problem, fitted).values
        problem = self._shifted(shifts)
        fitted = self._engine.fit(problem, random_state, progress)
        estimated = self._estimate(problem, fitted)
        units = np.array([_unit(head) for head in tasks.heads])
        signs = np.array([head.score_sign for head in tasks.heads])
        counts = [
            np.bincount(self._codes(rows)[rows.weight[:, task] > 0], minlength=len(shifts))
            for task in range(len(tasks))
        ]
        return fitted, Severities(
            self._ids.ids_,
            -signs * units * estimated.values,
            units * estimated.errors,
            np.column_stack(counts),
        )

    def _shifted(self, shifts: np.ndarray) -> Problem:
        """The problem with labels that know their shifts, (n_raters, n_tasks)."""
        problem = self._problem
        tasks = TaskSet({name: Shifted(head) for name, head in problem.tasks.by_name.items()})
        judged = problem.eval_rows
        return replace(
            problem,
            tasks=tasks,
            rows=self._with_shifts(problem.rows, shifts),
            eval_rows=None if judged is None else self._with_shifts(judged, shifts),
        )

    def _with_shifts(self, rows: EncodedRows, shifts: np.ndarray) -> EncodedRows:
        parts, labels = self._problem.tasks.target_slices, rows.labels
        # The last row is that of raters who are not known.
        by_row = np.vstack([shifts, np.zeros(shifts.shape[1])])[self._codes(rows)] * labels.mask
        columns = [
            np.column_stack([labels.target[:, part], by_row[:, task]])
            for task, part in enumerate(parts)
        ]
        return replace(rows, labels=Labels(np.hstack(columns), labels.mask, labels.weight))

    def _estimate(self, problem: Problem, fitted: Any) -> Shifts:
        """Shifts of all raters, by labels that were held out wherever there are any."""
        plain, rows = self._problem.tasks, self._problem.rows
        learnt = held_out = self._engine.raw_scores(fitted, problem.rows, problem.tasks)
        if any(len(positions) for _, positions in problem.splits):
            held_out = self._engine.held_out_scores(fitted, problem)
        is_held_out = np.isfinite(held_out).all(axis=1)
        raters, weight = self._codes(rows), rows.weight.astype(np.float64)
        questions = []
        for task, head in enumerate(plain.heads):
            scores, labelled = held_out, np.flatnonzero(is_held_out & (weight[:, task] > 0))
            if len(labelled) == 0:  # too few to hold any out
                scores, labelled = learnt, np.flatnonzero(weight[:, task] > 0)
            of_task = scores[labelled, plain.score_slices[task]]
            target = rows.labels.target[labelled, plain.target_slices[task]]
            questions.append(
                RatedQuestion(
                    rater=raters[labelled],
                    weight=weights_in_rows(weight[labelled, task]),
                    score=of_task[:, 0],
                    derivatives=_derivatives(head, of_task, target),
                )
            )
        return estimate_shifts(questions, len(self._ids.ids_))

    def _codes(self, rows: EncodedRows) -> np.ndarray:
        return self._ids.transform(rows.raters)

    def _raters(self, rows: EncodedRows) -> Any:
        raters = rows.raters
        assert raters is not None  # the estimator has named the column
        missing = np.flatnonzero(raters.isna())
        if len(missing):
            raise ValueError(
                f"{len(missing)} rows have no rater in column {self._column!r} (the first at "
                f"positions {missing[:5].tolist()} of the labelled rows): drop these rows, or "
                "give them an id."
            )
        return raters


def _derivatives(head: Kind, scores: np.ndarray, target: np.ndarray) -> Callable[..., Any]:
    """Losses and derivatives by what is added to the first raw score."""

    def at(added: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        moved = scores.copy()
        moved[:, 0] += added
        losses, gradient, hessian = head.losses_and_derivatives(moved, target)
        return losses, gradient[:, 0], hessian[:, 0]

    return at


def _unit(head: Kind) -> float:
    return 1.0 if head.linear_link is None else head.linear_link[1]


class _Silent(FitProgress):
    """Progress of a fit that is not reported."""

    def __init__(self) -> None:
        return

    def start(self, n_epochs: int | None) -> None:
        return

    def begin(self) -> None:
        return

    def end(self, report: dict[str, Any], fitted: Callable[[], Any] | None = None) -> bool:
        return False
