"""Losses on held-out rows by strength, and the strength that they speak for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

# Labels for which the curve of all targets counts in that of each. A target with few held-out
# labels follows the others.
_COMMON_LABELS = 50.0


@dataclass
class LossCurves:
    """Held-out losses of the targets, summed up over splits.

    Attributes
    ----------
    factors : ndarray of shape (n_alphas,)
        The strengths, from strong to weak.
    task_weight : ndarray of shape (n_targets,)
    sums : ndarray of shape (n_alphas, n_targets)
        Weighted sums of losses; infinite where a strength was not tried in some split.
    constant : ndarray of shape (n_targets,)
        The same of the best constants.
    weights, labels : ndarray of shape (n_targets,)
        Sums of the weights, and numbers, of the held-out labels.
    """

    factors: np.ndarray
    task_weight: np.ndarray
    sums: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        n_targets = len(self.task_weight)
        self.sums = np.zeros((len(self.factors), n_targets))
        self.constant, self.weights, self.labels = np.zeros((3, n_targets))

    def add(self, target: int, weight: np.ndarray, losses: Sequence, constant: np.ndarray) -> None:
        """Add the losses of held-out rows.

        Parameters
        ----------
        target : int
        weight : ndarray of shape (n_rows,)
        losses : sequence of ndarrays of shape (n_rows,)
            By strength; those that are left out at the end were not tried.
        constant : ndarray of shape (n_rows,)
            The losses of the best constant.
        """
        tried = len(losses)
        self.sums[:tried, target] += [weight @ values for values in losses]
        self.sums[tried:, target] = np.inf
        self.constant[target] += weight @ constant
        self.weights[target] += weight.sum()
        self.labels[target] += len(weight)

    def relative(self) -> np.ndarray:
        """Losses over those of the best constants, (n_alphas, n_targets); NaN without labels."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.sums / self.constant

    def best(self) -> np.ndarray:
        """Position of the strength of each target, (n_targets,)."""
        relative = self.relative()
        counts = (self.constant > 0) & (self.task_weight > 0)
        if not counts.any():
            return np.full(len(self.constant), len(self.factors) // 2)
        common = np.average(relative[:, counts], axis=1, weights=self.task_weight[counts])
        common = common[:, None]
        own = np.where(self.constant > 0, relative, common)
        labels = np.where(self.constant > 0, self.labels, 0.0)
        if counts.sum() > 1:
            own = (labels * own + _COMMON_LABELS * common) / (labels + _COMMON_LABELS)
        return np.argmin(own, axis=0)

    def score(self) -> float:
        """Mean over the targets of the relative losses at their strengths."""
        counts = (self.constant > 0) & (self.task_weight > 0)
        if not counts.any():
            return np.nan
        chosen = self.relative()[self.best(), np.arange(len(self.constant))]
        return float(np.average(chosen[counts], weights=self.task_weight[counts]))
