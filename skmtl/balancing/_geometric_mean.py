"""The geometric mean of the losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from skmtl._storable import storable
from skmtl.balancing._present import PositiveLosses, mean_one
from skmtl.balancing._protocols import LossBalancer, LossWeights


@storable
@dataclass(frozen=True)
class GeometricMean(LossBalancer):
    r"""Minimise the geometric mean of the losses instead of their arithmetic mean.

    .. math:: L = \prod_t L_t^{a_t}, \qquad \nabla L \propto \sum_t a_t \frac{\nabla L_t}{L_t}

    with the shares :math:`a_t` of `task_weight`. The step does not depend on the losses' scales.
    The weights :math:`1 / L_t` are scaled to a mean of 1. Early stopping uses the geometric mean
    of the validation losses.

    References
    ----------
    S. Chennupati, G. Sistu, S. Yogamani, S. A. Rawashdeh, "MultiNet++: Multi-Stream Feature
    Aggregation and Geometric Loss Strategy for Multi-Task Learning", CVPR Workshops 2019,
    arXiv:1904.08492.
    """

    lowers_product: ClassVar[bool] = True

    def start(self, n_tasks: int, rng: np.random.Generator, device: torch.device) -> LossWeights:
        return _GeometricWeights(n_tasks, device)


class _GeometricWeights(LossWeights):
    def __init__(self, n_tasks: int, device: torch.device) -> None:
        self.positive = PositiveLosses(n_tasks, device)

    def weights(self, losses: Tensor, present: Tensor) -> Tensor:
        return mean_one(1 / self.positive(losses, present), present)
