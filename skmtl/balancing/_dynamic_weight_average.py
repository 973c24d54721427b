"""Dynamic weight average."""

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


@storable
@dataclass(frozen=True)
class DynamicWeightAverage(LossBalancer):
    r"""Give tasks whose loss falls slowly more weight in the next epoch.

    In epoch :math:`e`, with the mean losses :math:`L_t` of the two previous epochs and T tasks,

    .. math:: w_t = T \, \mathrm{softmax}_t (r_t / \tau), \qquad
              r_t = \frac{L_t^{(e-1)}}{L_t^{(e-2)}},

    and equal weights in the first two epochs.

    Attributes
    ----------
    temperature : float, default=2.0
        :math:`\tau`, as published; larger values make the weights more equal.

    References
    ----------
    S. Liu, E. Johns, A. J. Davison, "End-to-End Multi-Task Learning with Attention", CVPR 2019,
    arXiv:1803.10704.
    """

    temperature: float = 2.0

    def __post_init__(self) -> None:
        check_number(self, "temperature", 0, open_low=True)

    def start(self, n_tasks: int, rng: np.random.Generator, device: torch.device) -> LossWeights:
        return _DynamicWeights(self, n_tasks, device)


class _DynamicWeights(LossWeights):
    def __init__(self, parameters: DynamicWeightAverage, n_tasks: int, device: torch.device):
        self.temperature = parameters.temperature
        self.current = torch.ones(n_tasks, device=device)
        self.epoch = EpochMeans(n_tasks, device)
        self.before: Tensor | None = None
        self.positive = PositiveLosses(n_tasks, device)

    def weights(self, losses: Tensor, present: Tensor) -> Tensor:
        self.epoch.add(losses, present)
        return self.current

    def after_epoch(self) -> None:
        newest, seen = self.epoch.take()
        losses = self.positive(newest, seen)
        if self.before is not None:
            # Shift both by the same offset, which the newest losses may have changed.
            ratio = losses / self.positive(self.before, seen)
            self.current = softmax_mean_one(ratio / self.temperature, seen)
        self.before = newest
