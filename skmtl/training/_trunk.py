"""The parameters that the tasks share, and each task's gradient at them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor

from skmtl.networks import MultiTabNet
from skmtl.training._data import Samples
from skmtl.training._objective import Objective


def trunk_parameters(objective: Objective, batch: Samples) -> list[Tensor]:
    """The parameters that the shared representation hangs on, in the network's order."""
    network = cast(MultiTabNet, objective.network)
    parameters = list(network.parameters())
    was_training = network.training
    network.eval()  # so that looking draws no dropout
    rows, tokens = network.represent(batch.inputs)
    network.train(was_training)
    reached = tokens.sum() if rows is None else tokens.sum() + rows.sum()
    found = torch.autograd.grad(reached, parameters, allow_unused=True)
    return [p for p, grad in zip(parameters, found, strict=True) if grad is not None]


def trunk_gradients(losses: Tensor, trunk: Sequence[Tensor]) -> Tensor:
    """Gradient of each loss at the trunk, (n_losses, n_parameters): a way back for each."""
    gradients = losses.new_empty(len(losses), sum(parameter.numel() for parameter in trunk))
    for loss, gradient in zip(losses, gradients, strict=True):
        parts = torch.autograd.grad(
            loss, trunk, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        torch.cat([part.flatten() for part in parts], out=gradient)
    return gradients


@torch.no_grad()
def look_ahead(
    losses: Callable[[], Tensor], trunk: Sequence[Tensor], gradients: Tensor, rate: float
) -> Tensor:
    """What a step of the trunk for each task does to all losses (Fifty et al. 2021).

    The parameters are afterwards what they were before.

    Parameters
    ----------
    losses : callable
        Gives the losses (n_losses,) as of now, without dropout, which would pass for an effect
        of the step.
    trunk : sequence of tensor
    gradients : tensor of shape (n_tasks, n_parameters)
    rate : float
        Length of the step over the gradient.

    Returns
    -------
    tensor of shape (n_tasks, n_losses)
        In row i the losses after a step for task i.
    """
    start = [parameter.clone() for parameter in trunk]
    after = []
    for gradient in gradients:
        move(trunk, gradient, -rate)
        after.append(losses())
        for parameter, value in zip(trunk, start, strict=True):
            parameter.copy_(value)
    return torch.stack(after) if after else gradients.new_empty(0, len(losses()))


@torch.no_grad()
def move(parameters: Sequence[Tensor], direction: Tensor, length: float) -> None:
    """Move parameters along a flat direction, (n_parameters,)."""
    parts = direction.split([parameter.numel() for parameter in parameters])
    for parameter, part in zip(parameters, parts, strict=True):
        parameter.add_(part.view_as(parameter), alpha=length)
