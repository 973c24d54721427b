r"""Shifts of raters on several questions, as random effects beside the scores of a model.

The score of a label is :math:`f_q + a_q + b_q f_q + u_{rq}`: that of a model f which knows nothing
of raters, corrected by a line, and the shift u of rater r in question q. The shifts of a rater are
drawn from a normal distribution, whose covariance over the questions is estimated by EM with
Laplace's approximation of the posterior. So questions lend each other strength where raters who
shift one of them shift the others, too. The line takes back what the model has learnt in place of
shifts where raters have not been dealt to rows at random. A loss counts over its dispersion, as in
quasi-likelihood: the mean square of its gradient over that of its curvature.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Derivatives = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]

_MOST_STEPS = 500
# Change of shifts, in the units of scores, at which the search ends.
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
        By a model that knows nothing of raters.
    derivatives : callable
        From what is added to the scores, (n_labels,), to losses and their first and second
        derivatives.
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
    """The shifts of all raters on all questions.

    Newton's method moves shifts and lines together; after each step the covariance of the shifts
    and the dispersions become those of the posterior.
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
    """First and second derivatives of the penalised loss; Q questions have 2 Q numbers of lines.

    Attributes
    ----------
    of_shifts : ndarray of shape (n_raters, Q)
    of_lines : ndarray of shape (2 Q,)
    inverse : ndarray of shape (n_raters, Q, Q)
        Of the second derivatives by the shifts of each rater.
    carried : ndarray of shape (n_raters, Q, 2 Q)
        Change of the best shifts by the lines, but for the sign.
    left : ndarray of shape (2 Q, 2 Q)
        Second derivatives by the lines where shifts follow.
    """

    of_shifts: np.ndarray
    of_lines: np.ndarray
    inverse: np.ndarray
    carried: np.ndarray
    left: np.ndarray

    def steps(self) -> tuple[np.ndarray, np.ndarray]:
        """Newton's steps of the lines and of the shifts."""
        moved = np.einsum("rqi,rq->i", self.carried, self.of_shifts)
        lines = np.linalg.solve(self.left, self.of_lines - moved)
        shifts = np.einsum("rqp,rp->rq", self.inverse, self.of_shifts) - self.carried @ lines
        return lines, shifts

    def variances(self) -> np.ndarray:
        """Covariance of the posterior for each rater, (n_raters, Q, Q)."""
        return self.inverse + self._of_lines(self.carried)

    def errors(self) -> np.ndarray:
        """Standard deviations of the shifts less their mean, (n_raters, Q)."""
        n_raters = len(self.inverse)
        alone = (1 - 2 / n_raters) * self.inverse + self.inverse.sum(axis=0) / n_raters**2
        together = self._of_lines(self.carried - self.carried.mean(axis=0))
        return np.sqrt(np.einsum("rqq->rq", alone + together))

    def label_variances(self, q: int, rater: np.ndarray, design: np.ndarray) -> np.ndarray:
        """Variances of the posterior of what is added to the scores of a question."""
        by_lines = -self.carried[rater, q]
        by_lines[:, 2 * q : 2 * q + 2] += design
        of_lines = np.einsum("ni,ij,nj->n", by_lines, np.linalg.inv(self.left), by_lines)
        return self.inverse[rater, q, q] + of_lines

    def _of_lines(self, carried: np.ndarray) -> np.ndarray:
        """What the uncertainty of the lines adds."""
        return carried @ np.linalg.solve(self.left, carried.swapaxes(1, 2))


class _Search:
    """Lines and shifts on the way to the least penalised loss."""

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
        """Derivatives here, by the precision of the shifts over the questions."""
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
        """Take a step, or a part of it that does not raise the loss; the longest change."""
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
        """Learn dispersions from the residuals that are left."""
        for q, question in enumerate(self._questions):
            _, gradient, hessian = question.derivatives(self._added(q, self.lines, self.shifts))
            variance = curvature.label_variances(q, question.rater, self._designs[q])
            square = question.weight @ (gradient**2 + hessian**2 * variance)
            self._dispersion[q] = max(square / (question.weight @ hessian), _LEAST_DISPERSION)

    def _height(self, precision: np.ndarray, lines: np.ndarray, shifts: np.ndarray) -> float:
        """The penalised loss."""
        penalty = (shifts @ precision * shifts).sum() + (lines**2 * _LINE_PRECISION).sum()
        losses = [
            question.weight
            @ question.derivatives(self._added(q, lines, shifts))[0]
            / self._dispersion[q]
            for q, question in enumerate(self._questions)
        ]
        return float(sum(losses) + penalty / 2)

    def _added(self, q: int, lines: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """What is added to the scores of a question."""
        return self._designs[q] @ lines[q] + shifts[self._questions[q].rater, q]
