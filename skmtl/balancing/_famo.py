"""Fast adaptive multitask optimization."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
class FAMO(LossBalancer):
    r"""Make all losses fall at about the same relative rate.

    With :math:`z = \mathrm{softmax}(\xi)` the step follows :math:`\sum_t z_t \nabla \log L_t`,
    so the loss of task t has a weight in proportion to :math:`z_t / L_t`. After the step

    .. math:: \xi \leftarrow \xi - \beta \bigl(J_z^\top \delta + \gamma \xi\bigr), \qquad
              \delta_t = \log L_t^\text{before} - \log L_t^\text{after},

    by Adam: a task whose loss fell more than the others' gets less weight. The losses after the
    step are computed for the same batch with the same dropout, which takes another forward pass.

    Attributes
    ----------
    learning_rate : float, default=0.025
        :math:`\beta`, as published.
    decay : float, default=0.001
        :math:`\gamma`, which pulls the weights back to equal ones; as published.

    References
    ----------
    B. Liu, Y. Feng, P. Stone, Q. Liu, "FAMO: Fast Adaptive Multitask Optimization", NeurIPS 2023,
    arXiv:2306.03792.
    """

    learning_rate: float = 0.025
    decay: float = 0.001

    def __post_init__(self) -> None:
        check_number(self, "learning_rate", 0)
        check_number(self, "decay", 0)

    def start(self, n_tasks: int, rng: np.random.Generator, device: torch.device) -> LossWeights:
        return _FAMOWeights(self, n_tasks, device)


class _FAMOWeights(LossWeights):
    def __init__(self, parameters: FAMO, n_tasks: int, device: torch.device) -> None:
        self.logits = torch.zeros(n_tasks, device=device, requires_grad=True)
        self.optimizer = Adam(
            [self.logits], parameters.learning_rate, weight_decay=parameters.decay
        )
        self.positive = PositiveLosses(n_tasks, device)

    def weights(self, losses: Tensor, present: Tensor) -> Tensor:
        self.present = present
        self.before = self.positive(losses, present)
        return mean_one(self.logits.detach().softmax(dim=0) / self.before, present)

    def after_step(self, losses: Callable[[], Tensor]) -> None:
        # Shift both by the same offset, which the new losses may change.
        after = losses() - 2 * self.positive.lowest
        fall = self.before.log() - after.clamp_min(1e-8).log()
        # Compare only present tasks: a change of 0 of the others would seem the slowest.
        shares = self.logits.masked_fill(~self.present, -torch.inf).softmax(dim=0)
        self.logits.grad = None
        shares.backward(torch.where(self.present, fall, 0.0))
        self.optimizer.step()
