"""The losses of two classes, as functions of one raw score and a label that is 0 or 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, log_expit, logit

if TYPE_CHECKING:
    from torch import Tensor

# No constant is surer than one in a million.
_LEAST_SHARE = 1e-6


@dataclass(frozen=True)
class Logistic:
    r"""The score plus `offset` is the log-odds of label 1.

    With the log-odds of label 1 among all rows as offset, this is the logit-adjusted loss, and
    the score the log-odds in a population in which both labels are equally frequent.
    """

    offset: float = 0.0

    def tensor(self, score: Tensor, label: Tensor) -> Tensor:
        """Losses in torch."""
        from torch.nn.functional import softplus

        score = score + self.offset if self.offset else score
        return softplus(score) - label * score

    def array(self, score: np.ndarray, label: np.ndarray) -> np.ndarray:
        """Losses in numpy."""
        score = score + self.offset
        return np.logaddexp(0, score) - label * score

    def derivatives(self, score: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradient and positive curvature by the score."""
        probability = expit(score + self.offset)
        return probability - label, probability * (1 - probability)

    def constant(self, share: float) -> float:
        """The best score where this share of the labels is 1."""
        return float(logit(np.clip(share, _LEAST_SHARE, 1 - _LEAST_SHARE)) - self.offset)

    def probability(self, score: np.ndarray) -> np.ndarray:
        """The probability of label 1 that `predict_proba` returns for the score."""
        return expit(score)


@dataclass(frozen=True)
class Focal:
    r"""The logistic loss times :math:`(1 - q)^\gamma`, q being ``expit`` of the label's side.

    The loss is not convex. Where its second derivative is below :math:`q (1 - q)^{\gamma + 1}`,
    which is the curvature of the logistic loss times the factor, that one takes its place.
    """

    gamma: float

    # Methods as those of `Logistic`.

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
        """How fast the loss falls towards the label's side."""
        rest = expit(-side)
        return rest**self.gamma * (rest - self.gamma * expit(side) * log_expit(side))

    def constant(self, share: float) -> float:
        share = float(np.clip(share, _LEAST_SHARE, 1 - _LEAST_SHARE))
        widest = float(logit(1 - _LEAST_SHARE))
        return float(brentq(lambda s: self.probability(np.array(s)) - share, -widest, widest))

    def probability(self, score: np.ndarray) -> np.ndarray:
        # At the best score, the slopes to both sides cancel out in proportion to the labels.
        rising, falling = self._slope(-score), self._slope(score)
        return rising / (rising + falling)


BinaryLoss = Logistic | Focal
