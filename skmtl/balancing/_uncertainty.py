"""Weighting by homoscedastic uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from skmtl._adam import Adam
from skmtl._storable import storable
from skmtl.balancing._checks import check_number
from skmtl.balancing._present import PositiveLosses, mean_one
from skmtl.balancing._protocols import LossBalancer, LossWeights


@storable
@dataclass(frozen=True)
class Uncertainty(LossBalancer):
    r"""Divide losses by learnt variances, so that tasks whose loss stays large count less.

    The log variances :math:`s_t` minimise

    .. math:: \sum_t e^{-s_t} L_t + s_t

    by Adam, together with the network, starting at 0. If a loss is constant, :math:`s_t` tends to
    :math:`\log L_t` and the weight :math:`e^{-s_t}` to :math:`1 / L_t`. The weights are scaled to
    a mean of 1, so that the length of a step does not grow while the losses fall.

    Attributes
    ----------
    learning_rate : float, default=0.005
        Learning rate of the log variances; the default is that of the networks, because both are
        learnt together in the paper.

    Notes
    -----
    The paper has a factor of 1/2 before the loss of a regression and 1 before that of a
    classification; here both have 1, which moves :math:`s_t` by a constant. With the best
    :math:`s_t` for each batch instead of learnt ones this is `GeometricMean`. Losses that may be
    negative, for which the minimum above would not exist, are shifted. Early stopping uses the
    geometric mean of the validation losses, to which the sum above reduces with the best
    :math:`s_t`.

    References
    ----------
    A. Kendall, Y. Gal, R. Cipolla, "Multi-Task Learning Using Uncertainty to Weigh Losses for
    Scene Geometry and Semantics", CVPR 2018, arXiv:1705.07115, section 3.
    """

    lowers_product: ClassVar[bool] = True

    learning_rate: float = 0.005

    def __post_init__(self) -> None:
        check_number(self, "learning_rate", 0)

    def start(self, n_tasks: int, rng: np.random.Generator, device: torch.device) -> LossWeights:
        return _UncertaintyWeights(self, n_tasks, device)


class _UncertaintyWeights(LossWeights):
    def __init__(self, parameters: Uncertainty, n_tasks: int, device: torch.device) -> None:
        self.log_variance = torch.zeros(n_tasks, device=device, requires_grad=True)
        self.optimizer = Adam([self.log_variance], parameters.learning_rate)
        self.positive = PositiveLosses(n_tasks, device)

    def weights(self, losses: Tensor, present: Tensor) -> Tensor:
        precision = (-self.log_variance.detach()).exp()
        # A batch without labels of the task counts with a loss of 0: the scaling makes up for it.
        loss = torch.where(present, self.positive(losses, present), 0.0)
        self.log_variance.grad = 1 - precision * loss
        self.optimizer.step()
        return mean_one(precision, present)
