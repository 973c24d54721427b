"""Penalised linear functions for any loss, by L-BFGS in whitened coordinates."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning

from skmtl.linear._losses import WeightedLoss, weighted_loss
from skmtl.tasks import Kind, ProportionalHazards

_MOST_STEPS = 500
# Relative decrease of the objective, and size of the gradient, at which a descent ends.
EXACT, _GRADIENT = 1e-12, 1e-7
# A larger tolerance for strengths that are only compared on held-out rows.
ROUGH = 1e-6


class Rows(Protocol):
    """Centred rows with nearly orthogonal columns, as a linear map."""

    @property
    def n_columns(self) -> int: ...

    def __len__(self) -> int: ...

    def dot(self, coef: np.ndarray) -> np.ndarray:
        """Multiply the rows with (n_columns, k)."""

    def transposed_dot(self, values: np.ndarray) -> np.ndarray:
        """Multiply the transposed rows with (n_rows, k)."""

    def squares(self, weight: np.ndarray) -> np.ndarray:
        """Return the weighted sum of squares of each column, (n_columns,)."""


@dataclass(frozen=True)
class DenseRows:
    """A matrix as `Rows`.

    Attributes
    ----------
    matrix : ndarray of shape (n_rows, n_columns)
    """

    matrix: np.ndarray

    @property
    def n_columns(self) -> int:
        return self.matrix.shape[1]

    def __len__(self) -> int:
        return len(self.matrix)

    def dot(self, coef: np.ndarray) -> np.ndarray:
        return self.matrix @ coef

    def transposed_dot(self, values: np.ndarray) -> np.ndarray:
        return self.matrix.T @ values

    def squares(self, weight: np.ndarray) -> np.ndarray:
        return np.einsum("n,nc,nc->c", weight, self.matrix, self.matrix, optimize=True)


@dataclass(frozen=True)
class ObservedLabels:
    """The observed labels of one head.

    Attributes
    ----------
    head : Kind
    rows : int ndarray of shape (n_labels,)
        Positions of the labelled rows.
    target : ndarray of shape (n_labels, target_width)
    weight : ndarray of shape (n_labels,)
        Positive.
    """

    head: Kind
    rows: np.ndarray
    target: np.ndarray
    weight: np.ndarray

    def renumbered(self) -> ObservedLabels:
        """Return the same labels for a table of the labelled rows only."""
        return self.weighted(1.0, np.arange(len(self.rows)))

    def weighted(self, factor: float, rows: np.ndarray) -> ObservedLabels:
        """Return the same labels at other positions, with their weights multiplied by a factor."""
        return ObservedLabels(self.head, rows, self.target, factor * self.weight)

    def loss(self) -> WeightedLoss:
        """Return total loss and gradient as a function of raw scores (n_labels, n_scores)."""
        return weighted_loss(self.head, self.target, self.weight)

    def constant(self) -> np.ndarray:
        """Return the raw scores (n_scores,) of the best constant."""
        return self.head.initial_scores(self.target, self.weight)

    def curvature(self, constant: np.ndarray) -> np.ndarray:
        """Return the sums of the second derivatives at constant raw scores (n_scores,)."""
        scores = np.tile(constant, (len(self.rows), 1))
        if isinstance(self.head, ProportionalHazards):
            target = self.head.weighted(self.target, self.weight)
            return self.head.gradient_hessian(scores, target)[1].sum(axis=0)
        return self.weight @ self.head.gradient_hessian(scores, self.target)[1]

    def losses_at(self, scores: np.ndarray) -> np.ndarray:
        """Return the loss of each label, given raw scores (n_rows, n_scores) of all rows."""
        return self.head.losses(scores[self.rows], self.target)


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
    r"""Minimises weighted losses plus :math:`\frac12 \sum_{ij} \alpha_i B_{ij}^2`.

    Parameters
    ----------
    rows : Rows
    observed : sequence of ObservedLabels
        Labels of the heads, whose raw scores are concatenated.
    """

    def __init__(self, rows: Rows, observed: Sequence[ObservedLabels]) -> None:
        self._rows, self._observed = rows, observed
        self._losses = [labels.loss() for labels in observed]
        constants = [labels.constant() for labels in observed]
        ends = np.cumsum([len(constant) for constant in constants])
        self._parts = [
            slice(end - len(constant), end)
            for end, constant in zip(ends.tolist(), constants, strict=True)
        ]
        self.start = np.concatenate(constants)
        curvature = [
            labels.curvature(constant)
            for labels, constant in zip(observed, constants, strict=True)
        ]
        self._curvature = np.concatenate(curvature)
        weight = np.zeros(len(self._rows))
        for labels in observed:
            weight[labels.rows] += labels.weight
        self._spread = self._rows.squares(weight) / weight.sum()  # mean squares over all labels
        # L-BFGS compares small objectives with 1, so they must not depend on the weights' unit.
        n_labels = sum(len(labels.rows) for labels in observed)
        self._unit = min(1.0, float(weight.sum()) / n_labels)

    def line(
        self,
        penalty: np.ndarray,
        directions: np.ndarray,
        start: Line | None = None,
        tolerance: float = EXACT,
    ) -> Line:
        """Find the minimum.

        Parameters
        ----------
        penalty : ndarray of shape (n_columns,)
            Strength of the penalty by column.
        directions : ndarray of shape (n_directions, n_scores)
        start : Line, optional
            Where to start; by default at the best constants.
        tolerance : float
            Relative decrease of the objective at which the descent ends.
        """
        n_scores, shape = len(self.start), (self._rows.n_columns, len(directions))
        strength = penalty[:, None]
        of_coef = np.outer(self._spread, (directions**2) @ self._curvature) + strength
        units = np.sqrt(np.concatenate([self._curvature, of_coef.ravel()]) / self._unit)
        units[units == 0] = 1.0

        def objective(whitened: np.ndarray) -> tuple[float, np.ndarray]:
            values = whitened / units
            constant, coef = values[:n_scores], values[n_scores:].reshape(shape)
            loss, by_score = self._total(constant + self._rows.dot(coef) @ directions)
            by_coef = self._rows.transposed_dot(by_score @ directions.T) + strength * coef
            gradient = np.concatenate([by_score.sum(axis=0), by_coef.ravel()])
            total = loss + 0.5 * float((strength * coef**2).sum())
            return total / self._unit, gradient / self._unit / units

        if start is None:
            start = Line(self.start, np.zeros(shape))
        result = minimize(
            objective,
            np.concatenate([start.constant, start.coef.ravel()]) * units,
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": _MOST_STEPS, "ftol": tolerance, "gtol": _GRADIENT, "maxcor": 10},
        )
        if result.nit >= _MOST_STEPS and tolerance == EXACT:
            names = ", ".join(repr(labels.head.task) for labels in self._observed)
            warnings.warn(
                f"The coefficients of {names} were still moving after {_MOST_STEPS} "
                "steps. They are not finite for linearly separable classes. Set a larger alpha.",
                ConvergenceWarning,
                stacklevel=2,
            )
        values = result.x / units
        return Line(values[:n_scores], values[n_scores:].reshape(shape))

    def _total(self, scores: np.ndarray) -> tuple[float, np.ndarray]:
        total, gradient = 0.0, np.zeros_like(scores)
        for labels, losses, part in zip(self._observed, self._losses, self._parts, strict=True):
            loss, gradient[labels.rows, part] = losses(scores[labels.rows, part])
            total += loss
        return total, gradient
