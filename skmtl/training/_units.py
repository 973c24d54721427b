"""The units in which the losses of targets are comparable while a network learns."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skmtl.networks import trainable_network
from skmtl.training._data import TrainingRows
from skmtl.training._device import summing_dtype
from skmtl.training._loss import TaskLosses

# With a constant that predicts every label exactly, or a density above 1, there is no unit.
_LEAST = 1e-6
# By the losses of held-out rows of a feed with six classes of .1 to 44 %, at 17,000 rows: relative
# to constants .948 in the mean without units, .940 with 0 here, .936 with 300, .933 with 850.
_UNSURE = 850.0
# Kinds that compare rows with each other see about as many as in a step.
_ROWS = 1024


def unsure_loss(n_rows: int) -> float:
    """What is added to the constant losses of targets, in nats a row, before they are compared.

    A class of a few rows in ten thousand has a constant loss near zero, but its steps are nearly
    all noise: in units of that loss alone it would drown the others in its turn.
    """
    return _UNSURE / n_rows


@torch.no_grad()
def loss_units(
    network: nn.Module, losses: TaskLosses, training: TrainingRows, share: Tensor
) -> Tensor:
    """What to divide the losses of the targets by, (n_targets,), so that none drowns another.

    The loss of a rare class is small from the start, because even a constant predicts it well.
    A unit is the loss of the best constant prediction, `base_scores`, plus `unsure_loss`, times a
    number that all targets have in common. With that number a target alone has the unit 1, and so
    have targets of one constant loss: their steps are as long as without units.

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
