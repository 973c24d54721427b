"""Smooth Tchebycheff scalarisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from skmtl._storable import storable
from skmtl.balancing._checks import check_number
from skmtl.balancing._epoch_means import EpochMeans
from skmtl.balancing._present import PositiveLosses, softmax_mean_one
from skmtl.balancing._protocols import LossBalancer, LossWeights

_MEMORY = 0.9
"""Decay of the running means of the losses: about the last ten batches count."""


@storable
@dataclass(frozen=True)
class SmoothTchebycheff(LossBalancer):
    r"""Minimise a smooth maximum of the relative losses.

    .. math:: L = \mu \log \sum_t \exp \frac{f_t}{\mu}, \quad f_t = \frac{L_t}{N_t}, \qquad
              w_t \propto \frac{1}{N_t} \mathrm{softmax}_t \frac{f_t}{\mu}

    where :math:`N_t` is the mean loss in the first epoch, which has equal weights. The smallest
    possible loss, the ideal point of the paper, is assumed to be 0. Losses in the weights are
    running means over about ten batches: with few labels in a batch, the worst task would be
    decided by chance. The weights are scaled to a mean of 1.

    Attributes
    ----------
    smoothing : float, default=0.2
        :math:`\mu`; near 0 only the worst task is learnt, large values mean equal weights of the
        relative losses. With 0.2, if the relative loss of one task is lower than that of another
        one by 0.2, its weight is lower by a factor of e.

    References
    ----------
    X. Lin, X. Zhang, Z. Yang, F. Liu, Z. Wang, Q. Zhang, "Smooth Tchebycheff Scalarization for
    Multi-Objective Optimization", ICML 2024, arXiv:2402.19078.
    """

    smoothing: float = 0.2

    def __post_init__(self) -> None:
        check_number(self, "smoothing", 0, open_low=True)

    def start(self, n_tasks: int, rng: np.random.Generator, device: torch.device) -> LossWeights:
        return _TchebycheffWeights(self, n_tasks, device)


class _TchebycheffWeights(LossWeights):
    def __init__(self, parameters: SmoothTchebycheff, n_tasks: int, device: torch.device) -> None:
        self.smoothing = parameters.smoothing
        self.epoch = EpochMeans(n_tasks, device)
        self.first: Tensor | None = None
        self.positive = PositiveLosses(n_tasks, device)

    def weights(self, losses: Tensor, present: Tensor) -> Tensor:
        if self.first is None:
            self.epoch.add(losses, present)
            return torch.ones_like(losses)
        # Including absent tasks, with a loss of 0, because losses are scaled by the average number
        # of labels.
        self.running.lerp_(torch.where(self.seen, losses, 0.0), 1 - _MEMORY)
        first = self.positive(self.first, self.seen)
        relative = self.positive(self.running, self.seen) / first
        return softmax_mean_one(relative / self.smoothing - first.log(), self.seen)

    def after_epoch(self) -> None:
        if self.first is None:
            self.first, self.seen = self.epoch.take()
            self.running = self.first.clone()
