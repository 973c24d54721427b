"""The losses of two classes, as functions of one raw score and a label that is 0 or 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, log_expit, logit

if TYPE_CHECKING:
    from torch import Tensor

# Shares of a class are clipped to at least this for the best constant score.
_LEAST_SHARE = 1e-6


@dataclass(frozen=True)
class Logistic:
    r"""The score plus `offset` is the log-odds of label 1.

    With the log-odds of label 1 among all rows as offset, this is the logit-adjusted loss, and
    the score the log-odds in a population in which both labels are equally frequent.
    """

    offset: float = 0.0

    def tensor(self, score: Tensor, label: Tensor) -> Tensor:
        """Return the losses in torch."""
        from torch.nn.functional import softplus

        score = score + self.offset if self.offset else score
        return softplus(score) - label * score

    def array(self, score: np.ndarray, label: np.ndarray) -> np.ndarray:
        """Return the losses in numpy."""
        score = score + self.offset
        return np.logaddexp(0, score) - label * score

    def derivatives(self, score: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradient and a positive curvature by the score."""
        probability = expit(score + self.offset)
        return probability - label, probability * (1 - probability)

    def constant(self, share: float) -> float:
        """Return the best constant score if this share of the labels is 1."""
        return float(logit(np.clip(share, _LEAST_SHARE, 1 - _LEAST_SHARE)) - self.offset)

    def probability(self, score: np.ndarray) -> np.ndarray:
        """Return the probability of label 1 for `predict_proba`."""
        return expit(score)


@dataclass(frozen=True)
class Focal:
    r"""The logistic loss times :math:`(1 - q)^\gamma`, where q is ``expit`` of the signed score.

    The sign is positive for label 1 and negative for label 0. The loss is not convex. The
    curvature is its second derivative, but at least :math:`q (1 - q)^{\gamma + 1}`, which is the
    curvature of the logistic loss times the factor.
    """

    gamma: float

    # See `Logistic` for the methods.

    def tensor(self, score: Tensor, label: Tensor) -> Tensor:
        from torch.nn.functional import softplus

        side = (2 * label - 1) * score
        return (-self.gamma * softplus(side)).exp() * softplus(-side)

    def array(self, score: np.ndarray, label: np.ndarray) -> np.ndarray:
        side = (2 * label - 1) * score
        return np.exp(self.gamma * log_expit(-side)) * -log_expit(side)

    def derivatives(self, score: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        gamma, sign = self.gamma, 2 * label - 1
        side = sign * score
        q, rest, loss = expit(side), expit(-side), -log_expit(side)
        factor, slope = rest**gamma, self._slope(side)
        second = gamma * q * slope + q * rest * factor * (1 + gamma - gamma * loss)
        return -sign * slope, np.maximum(second, q * rest * factor)

    def _slope(self, side: np.ndarray) -> np.ndarray:
        """Return the decrease of the loss per unit of the signed score."""
        rest = expit(-side)
        return rest**self.gamma * (rest - self.gamma * expit(side) * log_expit(side))

    def constant(self, share: float) -> float:
        share = float(np.clip(share, _LEAST_SHARE, 1 - _LEAST_SHARE))
        widest = float(logit(1 - _LEAST_SHARE))
        return float(brentq(lambda s: self.probability(np.array(s)) - share, -widest, widest))

    def probability(self, score: np.ndarray) -> np.ndarray:
        # At the best score, the slopes for both labels, weighted by their shares, cancel out.
        rising, falling = self._slope(-score), self._slope(score)
        return rising / (rising + falling)


BinaryLoss = Logistic | Focal
