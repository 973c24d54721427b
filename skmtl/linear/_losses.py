"""Losses for descents: their sum, with a continuous gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from skmtl.tasks import Kind, ProportionalHazards

# Width of the smoothed kink of the pinball loss, in the units of the labels. The minimum differs
# from that of the pinball loss by the order of its square.
_BEND = 0.01


WeightedLoss = Callable[[np.ndarray], tuple[float, np.ndarray]]


def weighted_loss(head: Kind, target: np.ndarray, weight: np.ndarray) -> WeightedLoss:
    """Return a function from raw scores (n_rows, n_scores) to the total loss and its gradient.

    A pinball loss has no gradient at zero and is smoothed there. A partial likelihood compares
    rows, so weights enter each row's loss as well.
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
    r"""Return the mean over levels of :math:`(\tau - 1/2) r + \sqrt{r^2 + h^2} / 2`.

    For errors r far from zero it is the pinball loss :math:`\max(\tau r, (\tau - 1) r)`.
    """

    def losses(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        error = target - scores
        size = np.hypot(error, _BEND)
        values = ((levels - 0.5) * error + size / 2).mean(axis=1)
        gradient = -((levels - 0.5) + error / (2 * size)) / len(levels)
        return values, gradient

    return losses
