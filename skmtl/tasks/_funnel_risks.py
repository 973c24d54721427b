r"""The losses of a funnel, which differ in their treatment of rows that did not reach a step.

Step j has the score :math:`s_j`, the log-odds that a row takes this step if it has taken all
previous ones: :math:`p_j = \sigma(s_j)`. A row takes all steps up to j with probability
:math:`P_j = p_1 \cdots p_j`. A label has the number of steps taken, and the number of steps for
which it is known whether they were taken.

Each risk is implemented twice: in torch for networks, and in numpy with derivatives for other
engines.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

if TYPE_CHECKING:
    from torch import Tensor

Parts = tuple[np.ndarray, np.ndarray, np.ndarray]
# Lower limit of the curvature, because boosting divides by it.
_TINY = 1e-7


@dataclass(frozen=True)
class Risk(ABC):
    """A loss per row as a function of the scores of the steps.

    Attributes
    ----------
    n_steps : int
    least_propensity : float
        Lower limit of the probability of reaching a step.
    """

    n_steps: int
    least_propensity: float

    @property
    def n_scores(self) -> int:
        return self.n_steps

    @abstractmethod
    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        """See `Kind.loss`. The target (..., 2) has the numbers of steps taken and of known steps.

        If more steps are known than were taken, the row ended there, and took no later step.
        """

    @abstractmethod
    def evaluate(self, scores: np.ndarray, target: np.ndarray) -> Parts:
        """See `Kind.losses_and_derivatives`."""

    def initial_scores(self, by_step: np.ndarray, loss_by_step: np.ndarray) -> np.ndarray:
        """Return the raw scores of the best constant.

        Parameters
        ----------
        by_step : ndarray of shape (n_steps,)
            Log-odds of each step among the rows that reached it.
        loss_by_step : ndarray of shape (n_steps,)
            Mean log loss of these rows at these log-odds.
        """
        return by_step


class StepLikelihood(Risk):
    """The likelihood: the log loss of each step over the rows that reached it."""

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        taken, at_risk = _step_masks(target, self.n_steps)
        return (at_risk * _log_loss(scores, taken)).sum(dim=-1)

    def evaluate(self, scores: np.ndarray, target: np.ndarray) -> Parts:
        taken, at_risk = _steps(target, self.n_steps)
        chance = expit(scores)
        losses = at_risk * (np.logaddexp(0, scores) - taken * scores)
        return (
            losses.sum(axis=1),
            at_risk * (chance - taken),
            np.maximum(at_risk * chance * (1 - chance), _TINY),
        )


class EntireSpace(Risk):
    r"""The log loss of :math:`P_j` for every step j over all rows (ESMM).

    `evaluate` returns the Fisher information instead of the second derivative, which can be
    negative.
    """

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        import torch
        from torch.nn.functional import softplus

        taken, at_risk = _step_masks(target, self.n_steps)
        known = at_risk | (target[..., 1:] > target[..., :1])
        least = torch.finfo(scores.dtype).tiny
        surprise = softplus(-scores).cumsum(dim=-1).clamp_min(least)  # -log P_j
        rest = -torch.log(-torch.expm1(-surprise))
        return (known * torch.where(taken, surprise, rest)).sum(dim=-1)

    def evaluate(self, scores: np.ndarray, target: np.ndarray) -> Parts:
        taken, at_risk = _steps(target, self.n_steps)
        known = at_risk | (target[:, 1:] > target[:, :1])
        least = np.finfo(scores.dtype).tiny
        surprise = np.maximum(np.logaddexp(0, -scores).cumsum(axis=1), least)
        rest = -np.log(-np.expm1(-surprise))
        missed = expit(-scores)
        # (1 - p_i) P_j / (1 - P_j) for i <= j, of shape (n, i, j): at most 1.
        log_missed = -np.logaddexp(0, scores)
        odds = np.exp(log_missed[:, :, None] + (rest - surprise)[:, None, :])
        moves = known[:, None, :] * np.triu(np.ones((self.n_steps, self.n_steps)))
        failed = ~taken[:, None, :]
        gradient = (moves * np.where(failed, odds, -missed[:, :, None])).sum(axis=2)
        hessian = missed * (moves * odds).sum(axis=2)
        losses = (known * np.where(taken, surprise, rest)).sum(axis=1)
        return losses, gradient, np.maximum(hessian, _TINY)


class InversePropensity(Risk):
    r"""The likelihood with the weight :math:`1 / P_{j-1}` for rows at step j.

    The weights have no gradient: they are treated as constants in all derivatives.
    """

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        taken, at_risk = _step_masks(target, self.n_steps)
        steps = scores[..., : self.n_steps]
        return (at_risk * self._weights(steps) * _log_loss(steps, taken)).sum(dim=-1)

    def _weights(self, steps: Tensor) -> Tensor:
        import torch
        from torch.nn.functional import softplus

        reach = torch.exp(-softplus(-steps.detach()[..., :-1]).cumsum(dim=-1))
        weights = 1 / reach.clamp_min(self.least_propensity)
        return torch.cat([torch.ones_like(steps[..., :1]), weights], dim=-1)

    def evaluate(self, scores: np.ndarray, target: np.ndarray) -> Parts:
        taken, at_risk = _steps(target, self.n_steps)
        steps = scores[:, : self.n_steps]
        weight = at_risk * self._weights_of(steps)
        chance = expit(steps)
        losses = weight * (np.logaddexp(0, steps) - taken * steps)
        return (
            losses.sum(axis=1),
            weight * (chance - taken),
            np.maximum(weight * chance * (1 - chance), _TINY),
        )

    def _weights_of(self, steps: np.ndarray) -> np.ndarray:
        reach = np.exp(-np.logaddexp(0, -steps[:, :-1]).cumsum(axis=1))
        weights = 1 / np.maximum(reach, self.least_propensity)
        return np.hstack([np.ones_like(steps[:, :1]), weights])


class DoublyRobust(InversePropensity):
    r"""The imputed loss of all rows, corrected by inverse propensity if a step was reached.

    Each step except the first has an additional score, whose softplus e estimates its log loss d.
    With the weight w of `InversePropensity`, the risk of the step is
    :math:`e + w (d - e) + w (d - e)^2`; rows that did not reach the step only have the first term.
    `evaluate` omits negative parts of the second derivatives.
    """

    @property
    def n_scores(self) -> int:
        return 2 * self.n_steps - 1

    def initial_scores(self, by_step: np.ndarray, loss_by_step: np.ndarray) -> np.ndarray:
        imputed = np.maximum(loss_by_step[1:], 1e-6)
        return np.concatenate([by_step, np.log(np.expm1(imputed))])

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        import torch
        from torch.nn.functional import softplus

        taken, at_risk = _step_masks(target, self.n_steps)
        counts = (at_risk | (target[..., 1:] > target[..., :1]))[..., 1:]
        steps = scores[..., : self.n_steps]
        losses = _log_loss(steps, taken)
        imputed = softplus(scores[..., self.n_steps :])
        error = losses[..., 1:] - imputed
        weight = at_risk[..., 1:] * self._weights(steps)[..., 1:]
        later = counts * (imputed + weight * (error + error**2))
        return torch.cat([at_risk[..., :1] * losses[..., :1], later], dim=-1).sum(dim=-1)

    def evaluate(self, scores: np.ndarray, target: np.ndarray) -> Parts:
        taken, at_risk = _steps(target, self.n_steps)
        counts = (at_risk | (target[:, 1:] > target[:, :1]))[:, 1:]
        steps, extra = scores[:, : self.n_steps], scores[:, self.n_steps :]
        chance, slope = expit(steps), expit(extra)
        log_loss = np.logaddexp(0, steps) - taken * steps
        imputed = np.logaddexp(0, extra)
        error = log_loss[:, 1:] - imputed
        weight = at_risk[:, 1:] * self._weights_of(steps)[:, 1:]
        losses = counts * (imputed + weight * (error + error**2))
        # Derivatives by the log loss of a step, and by its estimate.
        push = np.hstack([at_risk[:, :1], weight * (1 + 2 * error)])
        bend = np.hstack([np.zeros((len(scores), 1)), 2 * weight])
        by_imputed = counts * (1 - weight - 2 * weight * error)
        residual = chance - taken
        curved = np.maximum(push, 0) * chance * (1 - chance) + bend * residual**2
        of_imputed = np.maximum(by_imputed, 0) * slope * (1 - slope) + 2 * weight * slope**2
        return (
            at_risk[:, 0] * log_loss[:, 0] + losses.sum(axis=1),
            np.hstack([push * residual, by_imputed * slope]),
            np.maximum(np.hstack([curved, of_imputed]), _TINY),
        )


RISKS: dict[str, type[Risk]] = {
    "observed": StepLikelihood,
    "entire_space": EntireSpace,
    "inverse_propensity": InversePropensity,
    "doubly_robust": DoublyRobust,
}


def _steps(target: np.ndarray, n_steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return masks (n, n_steps) of the steps taken, and of the steps reached with a label."""
    step = np.arange(n_steps)
    return step < target[:, :1], step < target[:, 1:]


def _step_masks(target: Tensor, n_steps: int) -> tuple[Tensor, Tensor]:
    """Return these masks in torch."""
    import torch

    step = torch.arange(n_steps, device=target.device)
    return step < target[..., :1], step < target[..., 1:]


def _log_loss(scores: Tensor, taken: Tensor) -> Tensor:
    from torch.nn.functional import softplus

    return softplus(scores) - taken * scores
