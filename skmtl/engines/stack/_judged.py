"""The held-out labels of a task, with the scores of all members."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skmtl.tasks import Kind


@dataclass(frozen=True)
class JudgedTask:
    """Raw scores of all members for the held-out labels of one task.

    Attributes
    ----------
    head : Kind
    scores : ndarray of shape (n_members, n_labels, n_scores)
    target : encoded labels
    weight : ndarray of shape (n_labels,)
        Weights of the labels, which sum to 1.
    unit : float
        Loss of the best constant.
    n_labels : float
        Effective number of labels.
    block : int64 ndarray of shape (n_labels,)
        Number of the block of similar rows that a label belongs to.
    """

    head: Kind
    scores: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    unit: float
    n_labels: float
    block: np.ndarray

    def loss(self, weights: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the relative loss of averaged scores and its gradient in the weights."""
        mean = np.tensordot(weights, self.scores, axes=1)
        losses, gradient, _ = self.head.losses_and_derivatives(mean, self.target)
        slope = np.einsum("mns,ns,n->m", self.scores, gradient, self.weight)
        return float(self.weight @ losses) / self.unit, slope / self.unit

    def row_losses(self, weights: np.ndarray) -> np.ndarray:
        """Return the relative loss of each label for averaged scores."""
        mean = np.tensordot(weights, self.scores, axes=1)
        return self.head.losses(mean, self.target) / self.unit

    def by_block(self, values: np.ndarray, n_blocks: int) -> np.ndarray:
        """Return the weighted sums of values (n_labels,) by block."""
        return np.bincount(self.block, self.weight * values, minlength=n_blocks)

    def member_losses(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the relative loss of each member alone and its standard error."""
        losses = np.array([self.head.losses(scores, self.target) for scores in self.scores])
        means = losses @ self.weight
        variance = (self.weight * (losses - means[:, None]) ** 2).sum(axis=1)
        return means / self.unit, np.sqrt(variance / max(self.n_labels - 1, 1)) / self.unit
