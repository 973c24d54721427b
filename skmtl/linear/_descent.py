"""Penalised linear models of any kind, by L-BFGS in coordinates of about equal curvature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

from skmtl.linear._smooth import smooth_losses
from skmtl.tasks import Kind

_MOST_STEPS = 500
# Relative fall of the objective, and size of the gradient by whitened coordinates, at which the
# descent ends.
_TOLERANCE = 1e-12
_GRADIENT = 1e-7


@dataclass(frozen=True)
class ObservedLabels:
    """The labels of one head in the rows of a matrix.

    Attributes
    ----------
    head : Kind
    target : ndarray of shape (n_rows, target_width)
    weight : ndarray of shape (n_rows,)
        Positive.
    """

    head: Kind
    target: np.ndarray
    weight: np.ndarray

    def losses(self) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
        """From raw scores to the weighted sum of the losses, and its gradient."""
        losses = smooth_losses(self.head, self.target)

        def total(scores: np.ndarray) -> tuple[float, np.ndarray]:
            values, gradient = losses(scores)
            return float(self.weight @ values), self.weight[:, None] * gradient

        return total

    def curvature(self, scores: np.ndarray) -> np.ndarray:
        """Sums over the rows of the second derivatives at constant raw scores (n_scores,)."""
        at = np.broadcast_to(scores, (len(self.weight), len(scores)))
        return self.weight @ self.head.gradient_hessian(np.ascontiguousarray(at), self.target)[1]


@dataclass(frozen=True)
class Line:
    """Raw scores as a linear function: ``constant + (rows @ coef) @ directions``.

    Attributes
    ----------
    constant : ndarray of shape (n_scores,)
    coef : ndarray of shape (n_columns, n_directions)
    """

    constant: np.ndarray
    coef: np.ndarray


class Descent:
    r"""The minimum of weighted losses plus :math:`\frac{\alpha}{2} \|B\|^2`, for any strength.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns)
        Centred, such as coordinates along principal axes, whose products nearly vanish.
    observed : ObservedLabels
    directions : ndarray of shape (n_directions, n_scores)
    penalty : ndarray of shape (n_columns,), optional
        Factor of the strength by column, 1 by default.
    """

    def __init__(
        self,
        rows: Any,
        observed: ObservedLabels,
        directions: np.ndarray,
        penalty: np.ndarray | None = None,
    ) -> None:
        self._rows, self._directions = rows, directions
        self._losses = observed.losses()
        self._penalty = np.ones(rows.shape[1]) if penalty is None else penalty
        self.start = observed.head.initial_scores(observed.target, observed.weight)
        by_score = observed.curvature(self.start)
        self._of_constant = np.sqrt(np.maximum(by_score, 1e-12 * observed.weight.sum()))
        share = observed.weight / observed.weight.sum()
        spread = share @ (rows**2)
        self._of_coef = np.outer(spread, (directions**2) @ by_score)

    def line(self, alpha: float, start: Line | None = None) -> Line:
        """The minimum, searched from another one."""
        n_scores, shape = len(self.start), self._of_coef.shape
        penalty = (alpha * self._penalty)[:, None]
        unit = np.sqrt(self._of_coef + penalty)
        unit = np.where(unit > 0, unit, 1.0)
        units = np.concatenate([self._of_constant, unit.ravel()])

        def objective(whitened: np.ndarray) -> tuple[float, np.ndarray]:
            values = whitened / units
            constant, coef = values[:n_scores], values[n_scores:].reshape(shape)
            scores = constant + (self._rows @ coef) @ self._directions
            loss, by_score = self._losses(scores)
            by_coef = self._rows.T @ (by_score @ self._directions.T) + penalty * coef
            gradient = np.concatenate([by_score.sum(axis=0), by_coef.ravel()]) / units
            return loss + 0.5 * float((penalty * coef**2).sum()), gradient

        if start is None:
            start = Line(self.start, np.zeros(shape))
        result = minimize(
            objective,
            np.concatenate([start.constant, start.coef.ravel()]) * units,
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": _MOST_STEPS, "ftol": _TOLERANCE, "gtol": _GRADIENT, "maxcor": 20},
        )
        values = result.x / units
        return Line(values[:n_scores], values[n_scores:].reshape(shape))
