"""Units that make the losses of targets comparable in training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skmtl.networks import trainable_network
from skmtl.training._data import TrainingRows
from skmtl.training._device import summing_dtype
from skmtl.training._loss import TaskLosses

# Below this constant loss there is no unit: a constant predicts every label exactly, or its
# density is above 1, so that the loss is negative.
_LEAST = 1e-6
# Chosen by held-out losses on a feed with six classes of .1 to 44 % and 17,000 rows. Their mean
# relative to constants is .948 without units, .940 with 0 here, .936 with 300, and .933 with 850.
_UNSURE = 850.0
# About the rows of a step, for kinds that compare rows with each other.
_ROWS = 1024


def unsure_loss(n_rows: int) -> float:
    """Return the number to add to constant losses in nats per row before they are compared.

    A class with a few rows in ten thousand has a constant loss near zero, but its gradients are
    mostly noise. Divided by that loss alone, it would dominate the other targets.
    """
    return _UNSURE / n_rows


@torch.no_grad()
def loss_units(
    network: nn.Module, losses: TaskLosses, training: TrainingRows, share: Tensor
) -> Tensor:
    """Return divisors of the targets' losses, (n_targets,), so that none dominates the others.

    The loss of a rare class is small from the start, because even a constant predicts it well.
    A unit is the loss of the best constant prediction, `base_scores`, plus `unsure_loss`, times a
    common factor. With this factor, the unit of a single target is 1, and so are those of targets
    with equal constant losses: their steps are as long as without units.

    Parameters
    ----------
    network : nn.Module
        A `skmtl.networks.TrainableNetwork`.
    losses : TaskLosses
    training : TrainingRows
    share : tensor of shape (n_targets,)
        Shares of the targets in the loss; they sum to 1.
    """
    rows = training.in_memory().to(training.device)
    constant = trainable_network(network).base_scores.to(rows.device)
    dtype = summing_dtype(rows.device)
    n_parts = -(-len(rows) // _ROWS)
    total = torch.zeros_like(share, dtype=dtype)
    for first in range(n_parts):
        part = rows.take(slice(first, None, n_parts))
        by_row = losses.weighted(constant.expand(len(part), 1, -1), part)
        total += by_row.sum(dim=0, dtype=dtype)
    mean = total / rows.weight.sum(dim=0, dtype=dtype).clamp_min(1e-12)
    unit = torch.where(mean > _LEAST, mean, 1.0) + unsure_loss(len(training))
    return (unit * (share / unit).sum()).to(share.dtype)
