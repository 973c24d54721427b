"""The parameters that the tasks share (the trunk), and the tasks' gradients at them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from skmtl.networks import is_split
from skmtl.training._data import Samples
from skmtl.training._objective import Objective
from skmtl.training._representation import shared_output


def trunk_parameters(objective: Objective, samples: Samples) -> list[Tensor]:
    """Return the parameters that the shared representation depends on, in the network's order.

    For a network that is not a `SplitNetwork`, these are the parameters that the scores of at
    least two targets depend on, or of the only target.

    Raises
    ------
    ValueError
        If there are none.
    """
    network = objective.network
    parameters: list[Tensor] = [made for made in network.parameters() if made.requires_grad]
    was_training = network.training
    network.eval()  # so that no dropout is drawn
    reach = _reached_by_representation if is_split(network) else _reached_by_two_targets
    trunk = reach(objective, samples, parameters)
    network.train(was_training)
    if not trunk:
        raise ValueError(
            f"{type(network).__name__} has no parameter that its targets share, so there is "
            "nothing to balance at the trunk."
        )
    return trunk


def _reached_by_representation(
    objective: Objective, samples: Samples, parameters: list[Tensor]
) -> list[Tensor]:
    shared = shared_output(objective, samples).representation
    total = torch.stack([part.float().sum() for part in shared]).sum()
    if not total.requires_grad:
        return []
    gradients = torch.autograd.grad(total, parameters, allow_unused=True)
    return [
        parameter
        for parameter, gradient in zip(parameters, gradients, strict=True)
        if gradient is not None
    ]


def _reached_by_two_targets(
    objective: Objective, samples: Samples, parameters: list[Tensor]
) -> list[Tensor]:
    scores = objective.scores(samples).float()
    n_targets = torch.zeros(len(parameters), dtype=torch.long)
    for target in range(objective.n_targets):
        # NaN propagates through zero weights, and only to parameters that the target depends on.
        of_target = objective.losses.task_of_score == target
        probe = torch.where(of_target, torch.nan, torch.zeros_like(scores))
        gradients = torch.autograd.grad(
            scores, parameters, probe, retain_graph=True, allow_unused=True
        )
        n_targets += torch.tensor(
            [gradient is not None and bool(gradient.isnan().any()) for gradient in gradients]
        )
    least = min(2, objective.n_targets)
    return [made for made, n in zip(parameters, n_targets.tolist(), strict=True) if n >= least]


def trunk_gradients(losses: Tensor, trunk: Sequence[Tensor]) -> Tensor:
    """Return the gradient of each loss at the trunk, (n_losses, n_parameters).

    There is a backward pass for each loss.
    """
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
    """Return all losses after a trial step of the trunk for each task (Fifty et al. 2021).

    The parameters are restored afterwards.

    Parameters
    ----------
    losses : callable
        Returns the current losses (n_losses,), without dropout, whose noise would be mistaken for
        an effect of the step.
    trunk : sequence of tensor
    gradients : tensor of shape (n_tasks, n_parameters)
    rate : float
        Ratio of the step to the gradient in length.

    Returns
    -------
    tensor of shape (n_tasks, n_losses)
        Row i holds the losses after a step for task i.
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
