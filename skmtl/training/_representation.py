"""The gradients of the targets at the shared representation, where the towers start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from skmtl.networks import SharedOutput, SplitNetwork
from skmtl.training._auxiliary import check_auxiliary, detached, with_auxiliary
from skmtl.training._data import Samples
from skmtl.training._device import autocast
from skmtl.training._objective import Objective


class Representation:
    """A forward pass of a batch through the trunk, cut where the towers start.

    Each target continues from a copy, so one backward pass through the towers computes the
    gradients of all targets apart, and another through the trunk takes whatever is made of them.

    Parameters
    ----------
    objective : Objective
        Of a `skmtl.networks.SplitNetwork`.
    samples : Samples

    Attributes
    ----------
    copies : list of tensor of shape (n_targets, batch, ...)
        What the towers read.
    by_row : tensor of shape (batch, n_targets)
        What each row adds to the losses.
    """

    def __init__(self, objective: Objective, samples: Samples) -> None:
        self._objective = objective
        self._samples = samples
        self._shared = shared_output(objective, samples)
        n_targets = objective.n_targets
        self.copies = [
            part.detach().expand(n_targets, *part.shape[1:]).requires_grad_()
            for part in self._shared.representation
        ]
        # Gradients at the copies that no target has: those of auxiliary losses of the towers.
        self._unbalanced: list[Tensor | None] = [None for _ in self.copies]
        self._answer()

    def _answer(self) -> None:
        network = cast(SplitNetwork, self._objective.network)
        with autocast(self._samples.device, self._objective.precision):
            output = network.answer(tuple(self.copies), self._samples.inputs)
        output = self._objective.checked(output, self._samples)
        self.by_row = self._objective.by_row(output.scores, self._samples)
        self._of_towers = output.auxiliary

    @property
    def losses(self) -> Tensor:
        """Losses of the targets."""
        return self.by_row.sum(dim=0)

    @property
    def auxiliary(self) -> dict[str, Tensor]:
        """Auxiliary losses of trunk and towers, detached."""
        return detached(self._shared.auxiliary, self._of_towers)

    @property
    def shared(self) -> tuple[Tensor, ...]:
        """What the copies are copies of, with the graph of the trunk."""
        return self._shared.representation

    def gradients(self, *, create_graph: bool = False) -> list[Tensor]:
        """The targets' gradients at the copies; the towers get none.

        They are those of the losses times their shares. With `create_graph`, functions of the
        gradients can be sent back in their turn.
        """
        loss = (self._objective.share * self.losses).sum()
        return list(torch.autograd.grad(loss, self.copies, create_graph=create_graph))

    def move(self, lengths: Tensor, gradients: Sequence[Tensor]) -> None:
        """Move the copies along these gradients, and compute the losses there.

        Parameters
        ----------
        lengths : tensor of shape (n_targets, batch), or (n_targets, 1)
            Of the moves over those of the gradients.
        gradients : sequence of tensor of shape (n_targets, batch, ...)
        """
        with torch.no_grad():
            moves = (_times(part, lengths).to(part.dtype) for part in gradients)
            moved = [copy + part for copy, part in zip(self.copies, moves, strict=True)]
        self.copies = [part.requires_grad_() for part in moved]
        self._answer()

    def backward_towers(self) -> list[Tensor]:
        """Give the towers their gradients, and return those of the targets at the cut.

        Both are those of the losses times their shares.

        Returns
        -------
        list of tensor of shape (n_targets, batch, n_numbers)
        """
        auxiliary = with_auxiliary(self.by_row.new_zeros(()), self._of_towers)
        if auxiliary.requires_grad:
            auxiliary.backward(retain_graph=True)
            self._unbalanced = [copy.grad for copy in self.copies]
            for copy in self.copies:
                copy.grad = None
        (self._objective.share * self.losses).sum().backward()
        return [cast(Tensor, copy.grad).flatten(2) for copy in self.copies]

    def backward_with(self, loss: Tensor) -> None:
        """Backpropagate a loss that is not balanced through towers and trunk."""
        with_auxiliary(loss, self._of_towers).backward()
        self.backward_trunk(loss.new_ones(self._objective.n_targets, 1))

    def backward_trunk(self, weight: Tensor) -> None:
        """Backpropagate the targets' gradients, and those of auxiliary losses, through the trunk.

        Parameters
        ----------
        weight : tensor of shape (n_targets, batch), or (n_targets, 1)
            What the gradient of each target in each row is multiplied by.
        """
        arriving = []
        for part, copy, unbalanced in zip(self.shared, self.copies, self._unbalanced, strict=True):
            gradient = _arriving(cast(Tensor, copy.grad), weight, part)
            if unbalanced is not None:
                gradient = gradient + unbalanced.sum_to_size(part.shape)
            arriving.append(gradient)
        auxiliary = list(self._shared.auxiliary.values())
        ways = [*zip(self.shared, arriving, strict=True), *((loss, None) for loss in auxiliary)]
        ways = [(end, gradient) for end, gradient in ways if end.requires_grad]
        if ways:
            ends, gradients = zip(*ways, strict=True)
            torch.autograd.backward(ends, gradients)


def shared_output(objective: Objective, samples: Samples) -> SharedOutput:
    """The representation of a network before its towers.

    Raises
    ------
    ValueError
        If it is not a tuple of tensors (1 or n_targets, batch, ..., channels).
    """
    network = cast(SplitNetwork, objective.network)
    with autocast(samples.device, objective.precision):
        output = network.represent(samples.inputs)
    if not isinstance(output, SharedOutput):
        output = SharedOutput(output)
    shapes = _shapes(output.representation)
    n_targets, n_rows = objective.n_targets, len(samples)
    if not shapes or any(
        len(shape) < 3 or shape[0] not in (1, n_targets) or shape[1] != n_rows for shape in shapes
    ):
        raise ValueError(
            f"{type(network).__name__}.represent returned {shapes or 'no tuple of tensors'} for "
            f"{n_rows} rows and {n_targets} targets; it must be a tuple of tensors of shape "
            f"(1, {n_rows}, ..., channels) or ({n_targets}, {n_rows}, ..., channels)."
        )
    check_auxiliary(output.auxiliary, cast(nn.Module, network))
    return output


def _shapes(representation: object) -> list[tuple[int, ...]]:
    """Shapes of a tuple of tensors; none where it is something else."""
    if not isinstance(representation, tuple):
        return []
    return [tuple(part.shape) for part in representation]


def _times(values: Tensor, weight: Tensor) -> Tensor:
    """Values (n_targets, batch, ...) times weights by target and row."""
    return values * weight.view(*weight.shape, *[1] * (values.ndim - 2))


def _arriving(gradient: Tensor, weight: Tensor, part: Tensor) -> Tensor:
    """What arrives at a tensor of the representation from the gradients at its copies."""
    if len(part) == len(gradient):
        return _times(gradient, weight)
    if gradient.ndim == 3:  # without positions: small
        return _times(gradient, weight).sum(dim=0, keepdim=True)
    weight = weight.view(*weight.shape, *[1] * (gradient.ndim - 2))
    # One target at a time, for the products would not fit the cache.
    total = gradient[0] * weight[0]
    for values, weight_of_target in zip(gradient[1:], weight[1:], strict=True):
        total.addcmul_(values, weight_of_target.to(values.dtype))
    return total[None]
