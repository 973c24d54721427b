"""Infit and outfit, which measure how well ratings agree with the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from skmtl.rasch._fit import RaschSolution
from skmtl.rasch._likelihood import locations

# Lower bound of variances, so that certain ratings do not lead to a division by zero.
_LEAST_VARIANCE = 1e-10


@dataclass(frozen=True)
class MeanSquares:
    """Squared residuals and variance of each label, averaged over the measure of its item.

    Attributes
    ----------
    residual, variance, standardised, weight : ndarray of shape (n_labels,)
        Expectations of (y - E)^2, of Var(y) and of (y - E)^2 / Var(y), and the label's weight.
    """

    residual: np.ndarray
    variance: np.ndarray
    standardised: np.ndarray
    weight: np.ndarray

    def by(self, place: np.ndarray, n_places: int) -> tuple[np.ndarray, np.ndarray]:
        """Return infit and outfit of the labels of each place; NaN for a place without labels."""

        def total(values: np.ndarray) -> np.ndarray:
            return np.bincount(place, self.weight * values, n_places)

        with np.errstate(invalid="ignore", divide="ignore"):
            infit = total(self.residual) / total(self.variance)
            outfit = total(self.standardised) / total(np.ones(len(place)))
        return infit, outfit


def mean_squares(solution: RaschSolution) -> MeanSquares:
    """Return squared residuals of all labels, averaged over the posterior of each item's measure.

    Unlike with a point estimate of the measure, both mean squares then have expectation one, even
    for items with few ratings.
    """
    ratings, likelihood = solution.ratings, solution.likelihood
    location = locations(ratings, likelihood.nodes, solution.parameters)
    mean, square = np.zeros_like(location), np.zeros_like(location)
    for question, thresholds in enumerate(solution.thresholds):
        chosen = np.flatnonzero(ratings.question == question)
        for level, threshold in enumerate(thresholds):
            higher = expit(location[chosen] - threshold)
            mean[chosen] += higher
            square[chosen] += (2 * level + 1) * higher
    variance = np.maximum(square - mean**2, _LEAST_VARIANCE)
    residual = (ratings.level[:, None] - mean) ** 2
    posterior = likelihood.posterior[ratings.item_of_label]
    return MeanSquares(
        (posterior * residual).sum(axis=1),
        (posterior * variance).sum(axis=1),
        (posterior * residual / variance).sum(axis=1),
        ratings.weight,
    )
