"""Losses as a descent needs them: summed up, and with a gradient that does not jump."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from skmtl.tasks import Kind, ProportionalHazards

# Errors of about this size, in the units of the labels, lie on the bend of a smoothed pinball
# loss: its minimum is that of the pinball loss up to the square of this.
_BEND = 0.01


WeightedLoss = Callable[[np.ndarray], tuple[float, np.ndarray]]


def weighted_loss(head: Kind, target: np.ndarray, weight: np.ndarray) -> WeightedLoss:
    """From raw scores (n_rows, n_scores) to the weighted sum of the losses, and its gradient.

    A pinball loss has no gradient at zero; it is smoothed there. A partial likelihood compares
    rows, so that weights count within the losses, too.
    """
    if isinstance(head, ProportionalHazards):
        return _partial_likelihood(head, head.weighted(target, weight), weight)
    if head.score_levels:
        losses = _smooth_pinball(np.array(head.score_levels), target)
    else:
        losses = _plain(head, head.prepared(target, np.float64))

    def total(scores: np.ndarray) -> tuple[float, np.ndarray]:
        values, gradient = losses(scores)
        return float(weight @ values), weight[:, None] * gradient

    return total


def _partial_likelihood(
    head: ProportionalHazards, target: np.ndarray, weight: np.ndarray
) -> WeightedLoss:
    def total(scores: np.ndarray) -> tuple[float, np.ndarray]:
        values, gradient, _ = head.losses_and_derivatives(scores, target)
        return float(weight @ values), gradient

    return total


def _plain(head: Kind, prepared: Any) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    def losses(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, gradient, _ = head.losses_and_derivatives(scores, prepared)
        return values, gradient

    return losses


def _smooth_pinball(
    levels: np.ndarray, target: np.ndarray
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    r"""The mean over levels of :math:`(\tau - 1/2) r + \sqrt{r^2 + h^2} / 2`.

    Of errors r far from zero that is the pinball loss :math:`\max(\tau r, (\tau - 1) r)`.
    """

    def losses(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        error = target - scores
        size = np.hypot(error, _BEND)
        values = ((levels - 0.5) * error + size / 2).mean(axis=1)
        gradient = -((levels - 0.5) + error / (2 * size)) / len(levels)
        return values, gradient

    return losses
