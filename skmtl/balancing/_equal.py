"""Equal weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from skmtl._storable import storable
from skmtl.balancing._protocols import LossBalancer, LossWeights


@storable
@dataclass(frozen=True)
class Equal(LossBalancer):
    r"""Every loss counts the same: :math:`L = \sum_t a_t L_t`.

    :math:`a_t` is the share of the task according to `task_weight`. Targets are put on a common
    scale before they reach the loss, which has most of the effect of balancing; on many benchmarks
    other methods are not better (Kurin et al. 2022; Xin et al. 2022).

    References
    ----------
    V. Kurin, A. De Palma, I. Kostrikov, S. Whiteson, M. P. Kumar, "In Defense of the Unitary
    Scalarization for Deep Multi-Task Learning", NeurIPS 2022, arXiv:2201.04122.

    D. Xin, B. Ghorbani, J. Gilmer, A. Garg, O. Firat, "Do Current Multi-Task Optimization Methods
    in Deep Learning Even Help?", NeurIPS 2022, arXiv:2209.11379.
    """

    def start(self, n_tasks: int, rng: np.random.Generator, device: torch.device) -> LossWeights:
        return _Constant(torch.ones(n_tasks, device=device))


@storable
@dataclass(frozen=True)
class FixedWeights(LossBalancer):
    r"""Fixed weights of the losses: :math:`L = \sum_t a_t w_t L_t`.

    Unlike `task_weight` they do not affect the choice of the best epoch: a task may have more
    weight in training than in validation.

    Attributes
    ----------
    weights : tuple of float
        One for each task; only the ratios matter.
    """

    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        try:
            values = tuple(float(weight) for weight in self.weights)
        except (TypeError, ValueError):
            raise ValueError(
                "FixedWeights: weights must be a sequence of numbers, one for each task, got "
                f"{self.weights!r}. Weights by name go to an estimator: balance={{name: weight}}."
            ) from None
        if not (np.isfinite(values).all() and min(values) >= 0 and sum(values) > 0):
            raise ValueError(
                f"FixedWeights: weights={self.weights!r} must be finite, not negative and "
                "positive for some task."
            )
        object.__setattr__(self, "weights", values)

    def start(self, n_tasks: int, rng: np.random.Generator, device: torch.device) -> LossWeights:
        if len(self.weights) != n_tasks:
            raise ValueError(
                f"FixedWeights has {len(self.weights)} weights, but there are {n_tasks} tasks to "
                "balance."
            )
        weights = torch.tensor(self.weights, device=device)
        return _Constant(weights / weights.mean())


class _Constant(LossWeights):
    def __init__(self, weights: Tensor) -> None:
        self.constant = weights

    def weights(self, losses: Tensor, present: Tensor) -> Tensor:
        return self.constant
