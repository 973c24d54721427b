r"""The losses of a funnel, which differ in their treatment of rows that did not reach a step.

Step j has the score :math:`s_j`, the log-odds that a row takes this step if it has taken all
previous ones: :math:`p_j = \sigma(s_j)`. A row takes all steps up to j with probability
:math:`P_j = p_1 \cdots p_j`. A label has the number of steps taken, and the number of the step up
to which one was missed; see `FunnelLevels`.

Each risk is implemented twice: in torch for networks, and in numpy with derivatives for other
engines.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

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
        """See `Kind.loss`. The target (..., 2) has `taken` and `limit` of `FunnelLevels`."""

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
    """The likelihood: the log loss of each step over the rows that reached it.

    A row that missed one of several steps has the log loss of taking all of them.
    """

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        import torch
        from torch.nn.functional import softplus

        taken, at_step, spread, *_ = _step_masks(target, self.n_steps)
        losses = (at_step * _log_loss(scores, taken)).sum(dim=-1)
        least = torch.finfo(scores.dtype).tiny
        surprise = (spread * softplus(-scores)).sum(dim=-1).clamp_min(least)
        return losses - spread.any(dim=-1) * torch.log(-torch.expm1(-surprise))

    def evaluate(self, scores: np.ndarray, target: np.ndarray) -> Parts:
        taken, at_step, spread, *_ = _steps(target, self.n_steps)
        chance = expit(scores)
        losses = (at_step * (np.logaddexp(0, scores) - taken * scores)).sum(axis=1)
        gradient = at_step * (chance - taken)
        hessian = at_step * chance * (1 - chance)
        rows = spread.any(axis=1)
        if rows.any():
            at, steps = scores[rows], spread[rows]
            least = np.finfo(scores.dtype).tiny
            surprise = np.maximum((steps * np.logaddexp(0, -at)).sum(axis=1), least)
            rest = -np.log(-np.expm1(-surprise))
            pull = steps * np.exp((rest - surprise)[:, None] - np.logaddexp(0, at))
            losses[rows] += rest
            gradient[rows] += pull
            hessian[rows] += pull * expit(-at)
        return losses, gradient, np.maximum(hessian, _TINY)


class EntireSpace(Risk):
    r"""The log loss of :math:`P_j` for every step j over all rows (ESMM).

    `evaluate` returns the Fisher information instead of the second derivative, which can be
    negative.
    """

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        import torch
        from torch.nn.functional import softplus

        labels = _step_masks(target, self.n_steps)
        least = torch.finfo(scores.dtype).tiny
        surprise = softplus(-scores).cumsum(dim=-1).clamp_min(least)  # -log P_j
        rest = -torch.log(-torch.expm1(-surprise))
        return (labels.known * torch.where(labels.taken, surprise, rest)).sum(dim=-1)

    def evaluate(self, scores: np.ndarray, target: np.ndarray) -> Parts:
        labels = _steps(target, self.n_steps)
        least = np.finfo(scores.dtype).tiny
        surprise = np.maximum(np.logaddexp(0, -scores).cumsum(axis=1), least)
        rest = -np.log(-np.expm1(-surprise))
        missed = expit(-scores)
        # (1 - p_i) P_j / (1 - P_j) for i <= j, of shape (n, i, j): at most 1.
        log_missed = -np.logaddexp(0, scores)
        odds = np.exp(log_missed[:, :, None] + (rest - surprise)[:, None, :])
        moves = labels.known[:, None, :] * np.triu(np.ones((self.n_steps, self.n_steps)))
        failed = ~labels.taken[:, None, :]
        gradient = (moves * np.where(failed, odds, -missed[:, :, None])).sum(axis=2)
        hessian = missed * (moves * odds).sum(axis=2)
        losses = (labels.known * np.where(labels.taken, surprise, rest)).sum(axis=1)
        return losses, gradient, np.maximum(hessian, _TINY)


class InversePropensity(Risk):
    r"""The likelihood with the weight :math:`1 / P_{j-1}` for rows at step j.

    The weights have no gradient: they are treated as constants in all derivatives.
    """

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        labels = _step_masks(target, self.n_steps)
        steps = scores[..., : self.n_steps]
        losses = _log_loss(steps, labels.taken)
        return (labels.at_step * self._weights(steps) * losses).sum(dim=-1)

    def _weights(self, steps: Tensor) -> Tensor:
        import torch
        from torch.nn.functional import softplus

        reach = torch.exp(-softplus(-steps.detach()[..., :-1]).cumsum(dim=-1))
        weights = 1 / reach.clamp_min(self.least_propensity)
        return torch.cat([torch.ones_like(steps[..., :1]), weights], dim=-1)

    def evaluate(self, scores: np.ndarray, target: np.ndarray) -> Parts:
        taken, at_step, *_ = _steps(target, self.n_steps)
        steps = scores[:, : self.n_steps]
        weight = at_step * self._weights_of(steps)
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

        labels = _step_masks(target, self.n_steps)
        steps = scores[..., : self.n_steps]
        losses = _log_loss(steps, labels.taken)
        imputed = softplus(scores[..., self.n_steps :])
        error = losses[..., 1:] - imputed
        weight = labels.at_step[..., 1:] * self._weights(steps)[..., 1:]
        later = labels.known[..., 1:] * (imputed + weight * (error + error**2))
        first = labels.at_step[..., :1] * losses[..., :1]
        return torch.cat([first, later], dim=-1).sum(dim=-1)

    def evaluate(self, scores: np.ndarray, target: np.ndarray) -> Parts:
        labels = _steps(target, self.n_steps)
        taken, at_step, counts = labels.taken, labels.at_step, labels.known[:, 1:]
        steps, extra = scores[:, : self.n_steps], scores[:, self.n_steps :]
        chance, slope = expit(steps), expit(extra)
        log_loss = np.logaddexp(0, steps) - taken * steps
        imputed = np.logaddexp(0, extra)
        error = log_loss[:, 1:] - imputed
        weight = at_step[:, 1:] * self._weights_of(steps)[:, 1:]
        losses = counts * (imputed + weight * (error + error**2))
        # Derivatives by the log loss of a step, and by its estimate.
        push = np.hstack([at_step[:, :1], weight * (1 + 2 * error)])
        bend = np.hstack([np.zeros((len(scores), 1)), 2 * weight])
        by_imputed = counts * (1 - weight - 2 * weight * error)
        residual = chance - taken
        curved = np.maximum(push, 0) * chance * (1 - chance) + bend * residual**2
        of_imputed = np.maximum(by_imputed, 0) * slope * (1 - slope) + 2 * weight * slope**2
        return (
            at_step[:, 0] * log_loss[:, 0] + losses.sum(axis=1),
            np.hstack([push * residual, by_imputed * slope]),
            np.maximum(np.hstack([curved, of_imputed]), _TINY),
        )


class Counterfactual(InversePropensity):
    r"""Inverse propensity, and a model of the rows that did not reach a step (DCMT).

    Each step but the first has one more score, the log-odds of :math:`q_j`, the probability that
    a row would not take the step. It is learnt from rows that did not reach the step, as if they
    would not have taken it, with the weights :math:`1 / (1 - P_{j-1})`. The term
    :math:`(1 - p_j - q_j)^2` for all rows ties both models; the paper has the absolute value.
    `evaluate` leaves the parts of the second derivatives out that may be negative.
    """

    @property
    def n_scores(self) -> int:
        return 2 * self.n_steps - 1

    def initial_scores(self, by_step: np.ndarray, loss_by_step: np.ndarray) -> np.ndarray:
        return np.concatenate([by_step, -by_step[1:]])

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        import torch
        from torch.nn.functional import softplus

        labels = _step_masks(target, self.n_steps)
        steps, refusals = scores[..., : self.n_steps], scores[..., self.n_steps :]
        stay = 1 - torch.exp(-softplus(-steps.detach()[..., :-1]).cumsum(dim=-1))
        weight = labels.unreached[..., 1:] / stay.clamp_min(self.least_propensity)
        gap = 1 - torch.sigmoid(steps[..., 1:]) - torch.sigmoid(refusals)
        ties = labels.known[..., 1:] * gap**2
        return super().loss(scores, target) + (weight * softplus(-refusals) + ties).sum(dim=-1)

    def evaluate(self, scores: np.ndarray, target: np.ndarray) -> Parts:
        labels = _steps(target, self.n_steps)
        steps, refusals = scores[:, : self.n_steps], scores[:, self.n_steps :]
        losses, gradient, hessian = super().evaluate(scores, target)
        stay = -np.expm1(-np.logaddexp(0, -steps[:, :-1]).cumsum(axis=1))
        weight = labels.unreached[:, 1:] / np.maximum(stay, self.least_propensity)
        known = labels.known[:, 1:]
        chance, refusal = expit(steps[:, 1:]), expit(refusals)
        slope, slope_refusal = chance * (1 - chance), refusal * (1 - refusal)
        gap = known * (1 - chance - refusal)
        first = np.zeros((len(scores), 1))
        tie = np.hstack([first, -2 * gap * slope])
        bend = np.hstack([first, 2 * known * slope**2])
        of_refusals = -weight * (1 - refusal) - 2 * gap * slope_refusal
        bend_refusals = weight * slope_refusal + 2 * known * slope_refusal**2
        return (
            losses + (weight * np.logaddexp(0, -refusals) + gap**2).sum(axis=1),
            np.hstack([gradient + tie, of_refusals]),
            np.maximum(np.hstack([hessian + bend, bend_refusals]), _TINY),
        )


RISKS: dict[str, type[Risk]] = {
    "observed": StepLikelihood,
    "entire_space": EntireSpace,
    "inverse_propensity": InversePropensity,
    "doubly_robust": DoublyRobust,
    "counterfactual": Counterfactual,
}
# These weight by whether a row reached a step, which must therefore be known.
WEIGHTED = ("inverse_propensity", "doubly_robust", "counterfactual")


class _Steps(NamedTuple):
    """What is known of each step of each row, (..., n_steps), in numpy or torch.

    Attributes
    ----------
    taken : bool
        The step was taken.
    at_step : bool
        The row reached the step, and it is known whether it took it.
    spread : bool
        The row missed at least one of these steps, which may be any of them.
    known : bool
        It is known whether the step was taken; it was not if it was not reached.
    """

    taken: Any
    at_step: Any
    spread: Any
    known: Any

    @property
    def unreached(self) -> Any:
        """The row did not reach the step."""
        return self.known & ~self.at_step

    @classmethod
    def read(cls, target: Any, step: Any) -> _Steps:
        """From `taken` and `limit` of `FunnelLevels`, and the numbers of the steps from 0."""
        taken, limit = target[..., :1], target[..., 1:]
        spread = (step >= taken) & (step < limit) & (limit > taken + 1)
        known = (step < taken) | (limit > taken) & (step >= limit - 1)
        return cls(step < taken, (step < limit) & ~spread, spread, known)


def _steps(target: np.ndarray, n_steps: int) -> _Steps:
    return _Steps.read(target, np.arange(n_steps))


def _step_masks(target: Tensor, n_steps: int) -> _Steps:
    """Return these steps in torch."""
    import torch

    return _Steps.read(target, torch.arange(n_steps, device=target.device))


def _log_loss(scores: Tensor, taken: Tensor) -> Tensor:
    from torch.nn.functional import softplus

    return softplus(scores) - taken * scores
