"""Random loss weighting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from skmtl._storable import storable
from skmtl.balancing._present import softmax_mean_one
from skmtl.balancing._protocols import LossBalancer, LossWeights


@storable
@dataclass(frozen=True)
class RandomWeights(LossBalancer):
    r"""Random weights in every step: a baseline for balancers.

    .. math:: w = T \, \mathrm{softmax}(z), \qquad z_t \sim N(0, 1)

    over the T tasks that have labels in the batch. On average over many steps all tasks have the
    same weight, with more noise in each step.

    References
    ----------
    B. Lin, F. Ye, Y. Zhang, I. W. Tsang, "Reasonable Effectiveness of Random Weighting: A Litmus
    Test for Multi-Task Learning", TMLR 2022, arXiv:2111.10603.
    """

    def start(self, n_tasks: int, rng: np.random.Generator, device: torch.device) -> LossWeights:
        return _Drawn(n_tasks, rng, device)


class _Drawn(LossWeights):
    def __init__(self, n_tasks: int, rng: np.random.Generator, device: torch.device) -> None:
        self.n_tasks = n_tasks
        self.rng = rng
        self.device = device

    def weights(self, losses: Tensor, present: Tensor) -> Tensor:
        drawn = torch.from_numpy(self.rng.standard_normal(self.n_tasks, dtype=np.float32))
        return softmax_mean_one(drawn.to(self.device), present)
