r"""Shifts of raters on several questions, as random effects added to the scores of a model.

The score of a label is :math:`f_q + a_q + b_q f_q + u_{rq}`: the score f of a model without
raters, a linear correction of it, and the shift u of rater r in question q. The shifts of a rater
are normally distributed. Their covariance over the questions is estimated by EM with Laplace's
approximation of the posterior, so that questions borrow strength from each other if raters who
shift one of them shift the others as well. If raters are not assigned to rows at random, the model
partly learns their shifts, which the linear correction undoes. A loss is divided by its
dispersion, as in quasi-likelihood: the mean square of its gradient over its mean curvature.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Derivatives = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]

_MOST_STEPS = 500
# Change of shifts, in the units of scores, below which the search ends.
_SETTLED = 3e-4
_LEAST_VARIANCE, _LEAST_DISPERSION = 1e-8, 1e-6
_SHORTEST = 1e-6
# Prior precisions of the constant and of the slope of a line.
_LINE_PRECISION = (1e-9, 1.0)


@dataclass(frozen=True)
class RatedQuestion:
    """The labels of one question.

    Attributes
    ----------
    rater : int ndarray of shape (n_labels,)
    weight : ndarray of shape (n_labels,)
    score : ndarray of shape (n_labels,)
        Scores of a model without raters.
    derivatives : callable
        Returns losses and their first and second derivatives, given the numbers to add to the
        scores, (n_labels,).
    """

    rater: np.ndarray
    weight: np.ndarray
    score: np.ndarray
    derivatives: Derivatives


@dataclass(frozen=True)
class Shifts:
    """Shifts of raters.

    Attributes
    ----------
    values, errors : ndarray of shape (n_raters, n_questions)
        Means and standard deviations of the posterior. Values of a question sum to zero.
    """

    values: np.ndarray
    errors: np.ndarray


def estimate_shifts(questions: Sequence[RatedQuestion], n_raters: int) -> Shifts:
    """Estimate the shifts of all raters on all questions.

    Newton's method updates shifts and lines together. After each step, the covariance of the
    shifts and the dispersions are updated to those of the posterior.
    """
    search = _Search(questions, n_raters)
    covariance = np.eye(len(questions))
    for _ in range(_MOST_STEPS):
        precision = np.linalg.inv(covariance)
        curvature = search.curvature(precision)
        change = search.move(precision, curvature)
        search.spread_out(curvature)
        spread = search.shifts.T @ search.shifts + curvature.variances().sum(axis=0)
        covariance = spread / n_raters + _LEAST_VARIANCE * np.eye(len(questions))
        if change < _SETTLED:
            break
    return Shifts(search.shifts - search.shifts.mean(axis=0), curvature.errors())


@dataclass(frozen=True)
class _ShiftCurvature:
    """First and second derivatives of the penalised loss; Q questions have 2 Q line parameters.

    Attributes
    ----------
    of_shifts : ndarray of shape (n_raters, Q)
    of_lines : ndarray of shape (2 Q,)
    inverse : ndarray of shape (n_raters, Q, Q)
        Inverse of the second derivatives by the shifts of each rater.
    carried : ndarray of shape (n_raters, Q, 2 Q)
        Minus the derivative of the optimal shifts by the lines.
    left : ndarray of shape (2 Q, 2 Q)
        Second derivatives by the lines, with optimal shifts (the Schur complement).
    """

    of_shifts: np.ndarray
    of_lines: np.ndarray
    inverse: np.ndarray
    carried: np.ndarray
    left: np.ndarray

    def steps(self) -> tuple[np.ndarray, np.ndarray]:
        """Return Newton's steps of the lines and of the shifts."""
        moved = np.einsum("rqi,rq->i", self.carried, self.of_shifts)
        lines = np.linalg.solve(self.left, self.of_lines - moved)
        shifts = np.einsum("rqp,rp->rq", self.inverse, self.of_shifts) - self.carried @ lines
        return lines, shifts

    def variances(self) -> np.ndarray:
        """Return the posterior covariance for each rater, (n_raters, Q, Q)."""
        return self.inverse + self._of_lines(self.carried)

    def errors(self) -> np.ndarray:
        """Return the standard deviations of the shifts minus their mean, (n_raters, Q)."""
        n_raters = len(self.inverse)
        alone = (1 - 2 / n_raters) * self.inverse + self.inverse.sum(axis=0) / n_raters**2
        together = self._of_lines(self.carried - self.carried.mean(axis=0))
        return np.sqrt(np.einsum("rqq->rq", alone + together))

    def label_variances(self, q: int, rater: np.ndarray, design: np.ndarray) -> np.ndarray:
        """Return the posterior variances of the numbers added to the scores of a question."""
        by_lines = -self.carried[rater, q]
        by_lines[:, 2 * q : 2 * q + 2] += design
        of_lines = np.einsum("ni,ij,nj->n", by_lines, np.linalg.inv(self.left), by_lines)
        return self.inverse[rater, q, q] + of_lines

    def _of_lines(self, carried: np.ndarray) -> np.ndarray:
        """Return the part of the covariance due to the uncertainty of the lines."""
        return carried @ np.linalg.solve(self.left, carried.swapaxes(1, 2))


class _Search:
    """The state of the minimisation of the penalised loss by lines and shifts."""

    def __init__(self, questions: Sequence[RatedQuestion], n_raters: int) -> None:
        self._questions = questions
        self._designs = [
            np.column_stack(
                [
                    np.ones(len(question.score)),
                    question.score - np.average(question.score, weights=question.weight),
                ]
            )
            for question in questions
        ]
        self._dispersion = np.ones(len(questions))
        self.lines = np.zeros((len(questions), 2))
        self.shifts = np.zeros((n_raters, len(questions)))

    def curvature(self, precision: np.ndarray) -> _ShiftCurvature:
        """Return the derivatives, given the precision of the shifts over the questions."""
        n_raters, n_questions = self.shifts.shape
        of_shifts = self.shifts @ precision
        by_shifts = np.tile(precision, (n_raters, 1, 1))
        of_lines = (self.lines * _LINE_PRECISION).ravel()
        by_lines = np.diag(np.tile(_LINE_PRECISION, n_questions))
        by_both = np.zeros((n_raters, n_questions, 2 * n_questions))
        for q, question in enumerate(self._questions):
            design, line = self._designs[q], slice(2 * q, 2 * q + 2)
            _, gradient, hessian = question.derivatives(self._added(q, self.lines, self.shifts))
            weight = question.weight / self._dispersion[q]
            first, second = weight * gradient, weight * hessian
            of_lines[line] += design.T @ first
            by_lines[line, line] += design.T @ (second[:, None] * design)
            of_shifts[:, q] += np.bincount(question.rater, first, n_raters)
            of_design = [np.bincount(question.rater, second * x, n_raters) for x in design.T]
            by_shifts[:, q, q] += of_design[0]
            by_both[:, q, line] = np.column_stack(of_design)
        inverse = np.linalg.inv(by_shifts)
        carried = inverse @ by_both
        left = by_lines - np.einsum("rqi,rqj->ij", by_both, carried)
        return _ShiftCurvature(of_shifts, of_lines, inverse, carried, left)

    def move(self, precision: np.ndarray, curvature: _ShiftCurvature) -> float:
        """Take a step, shortened until the loss does not increase; return the largest change."""
        of_lines, of_shifts = curvature.steps()
        of_lines = of_lines.reshape(self.lines.shape)
        height = self._height(precision, self.lines, self.shifts)
        length = 1.0
        while length > _SHORTEST:
            lines, shifts = self.lines - length * of_lines, self.shifts - length * of_shifts
            if self._height(precision, lines, shifts) <= height + 1e-12 * abs(height):
                self.lines, self.shifts = lines, shifts
                break
            length /= 2
        return float(np.abs(of_shifts).max())

    def spread_out(self, curvature: _ShiftCurvature) -> None:
        """Update the dispersions from the residuals."""
        for q, question in enumerate(self._questions):
            _, gradient, hessian = question.derivatives(self._added(q, self.lines, self.shifts))
            variance = curvature.label_variances(q, question.rater, self._designs[q])
            square = question.weight @ (gradient**2 + hessian**2 * variance)
            self._dispersion[q] = max(square / (question.weight @ hessian), _LEAST_DISPERSION)

    def _height(self, precision: np.ndarray, lines: np.ndarray, shifts: np.ndarray) -> float:
        """Return the penalised loss."""
        penalty = (shifts @ precision * shifts).sum() + (lines**2 * _LINE_PRECISION).sum()
        losses = [
            question.weight
            @ question.derivatives(self._added(q, lines, shifts))[0]
            / self._dispersion[q]
            for q, question in enumerate(self._questions)
        ]
        return float(sum(losses) + penalty / 2)

    def _added(self, q: int, lines: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """Return the numbers to add to the scores of a question."""
        return self._designs[q] @ lines[q] + shifts[self._questions[q].rater, q]
