"""Common parts of the loss weightings: absent tasks, and losses that may be negative."""

from __future__ import annotations

import torch
from torch import Tensor


def mean_one(weights: Tensor, present: Tensor) -> Tensor:
    """Weights whose mean over the present tasks is 1; 0 for the others."""
    weights = torch.where(present, weights, 0.0)
    return weights * (present.sum() / weights.sum().clamp_min(torch.finfo(weights.dtype).tiny))


def softmax_mean_one(logits: Tensor, present: Tensor) -> Tensor:
    """Weights in proportion to exp(logits), with a mean of 1 over the present tasks."""
    return logits.masked_fill(~present, -torch.inf).softmax(dim=0) * present.sum()


class PositiveLosses:
    """Shifts losses that may be negative, so that they have a logarithm.

    Most losses are at least 0 and are not changed. Log-likelihoods may be negative: such losses
    are measured from twice the lowest value so far, so they keep their size.
    """

    def __init__(self, n_tasks: int, device: torch.device) -> None:
        self.lowest = torch.zeros(n_tasks, device=device)

    def __call__(self, losses: Tensor, present: Tensor) -> Tensor:
        """Positive losses of the present tasks, 1 for the others."""
        self.lowest = torch.where(present, torch.minimum(self.lowest, losses), self.lowest)
        return torch.where(present, (losses - 2 * self.lowest).clamp_min(1e-8), 1.0)
