r"""Ridge regression in closed form, for all strengths and targets with the same labelled rows.

With the spectrum :math:`X^\top W X = V D V^\top` of the centred rows, the coefficients of
strength :math:`\alpha` are :math:`V (D + \alpha)^{-1} V^\top X^\top W y`.
"""

from __future__ import annotations

import numpy as np

from skmtl.linear._design import Design
from skmtl.linear._spectrum import Spectrum

# A row with leverage 1 determines its prediction alone, so it cannot be left out.
_LARGEST_LEVERAGE = 1 - 1e-10


class RidgePath:
    """Ridge regressions of several targets on the same weighted rows, for any strength.

    The constant is not penalised.

    Parameters
    ----------
    design : Design
    target : ndarray of shape (n_rows, n_targets)
    weight : ndarray of shape (n_rows,)
        Positive.
    """

    def __init__(self, design: Design, target: np.ndarray, weight: np.ndarray) -> None:
        self._design, self._target, self._weight = design, target, weight
        self.spectrum = Spectrum.of(design, weight)
        self.centre = weight @ target / weight.sum()
        weighted = weight[:, None] * (target - self.centre)
        self._moments = self.spectrum.moments(design, weighted)

    def along_axes(self, alphas: np.ndarray) -> np.ndarray:
        """Return coefficients along the axes by strength, (n_alphas, n_axes, n_targets)."""
        return self._moments / (self.spectrum.values[:, None] + alphas[:, None, None])

    def rotated(self, alphas: np.ndarray, axes: np.ndarray) -> np.ndarray:
        """Return coefficients along the axes, (n_axes, n_targets), for rotated targets.

        Parameters
        ----------
        alphas : ndarray of shape (n_targets,)
            Strength for each linear combination of targets.
        axes : ndarray of shape (n_targets, n_targets)
            Orthogonal matrix with a column for each combination.
        """
        return (self._moments @ axes) / (self.spectrum.values[:, None] + alphas) @ axes.T

    def coef(self, alphas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the solution of each target at a separate strength.

        Parameters
        ----------
        alphas : ndarray of shape (n_targets,)

        Returns
        -------
        intercept : ndarray of shape (n_targets,)
        coef : ndarray of shape (n_columns, n_targets)
        """
        coef = self.spectrum.axes @ (self._moments / (self.spectrum.values[:, None] + alphas))
        return self.centre - self.spectrum.mean @ coef, coef

    def scores(self, design: Design, alphas: np.ndarray) -> np.ndarray:
        """Return predictions for some rows by strength, (n_alphas, n_rows, n_targets)."""
        return self.spectrum.coordinates(design) @ self.along_axes(alphas) + self.centre

    def left_out_scores(self, alphas: np.ndarray) -> np.ndarray:
        r"""Return leave-one-out predictions by strength, (n_alphas, n_rows, n_targets).

        In closed form (Allen's PRESS): the error :math:`e_i` of a row with leverage :math:`h_i`
        becomes :math:`e_i / (1 - h_i)` if the row is left out.

        References
        ----------
        D. M. Allen, "The Relationship between Variable Selection and Data Augmentation and a
        Method for Prediction", Technometrics 16 (1974), 125-127.
        """
        scores = np.empty((len(alphas), *self._target.shape))
        along = self.along_axes(alphas)
        shrinkage = 1 / (self.spectrum.values + alphas[:, None])
        total = self._weight.sum()
        for part, block in self._design.blocks():
            rows = self.spectrum.coordinates(Design(block))
            weight, target = self._weight[part], self._target[part]
            leverage = weight * ((rows**2) @ shrinkage.T + 1 / total).T
            leverage = np.minimum(leverage, _LARGEST_LEVERAGE)
            error = target - (rows @ along + self.centre)
            scores[:, part] = target - error / (1 - leverage)[..., None]
        return scores
