"""Gradients of the targets at the shared representation, the input of the towers."""

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
    """A forward pass of a batch, with the graph cut at the representation.

    Each target has its own copy of the representation. One backward pass through the towers then
    computes separate gradients of all targets, and a second one through the trunk propagates their
    combination.

    Parameters
    ----------
    objective : Objective
        Objective of a `skmtl.networks.SplitNetwork`.
    samples : Samples

    Attributes
    ----------
    copies : list of tensor of shape (n_targets, batch, ...)
        Input of the towers.
    by_row : tensor of shape (batch, n_targets)
        Contribution of each row to the losses.
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
        # Gradients of the towers' auxiliary losses at the copies, which are not balanced.
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
        """Losses of the targets, (n_targets,)."""
        return self.by_row.sum(dim=0)

    @property
    def auxiliary(self) -> dict[str, Tensor]:
        """Auxiliary losses of trunk and towers, detached."""
        return detached(self._shared.auxiliary, self._of_towers)

    @property
    def shared(self) -> tuple[Tensor, ...]:
        """The representation before copying, with the graph of the trunk."""
        return self._shared.representation

    def gradients(self, *, create_graph: bool = False) -> list[Tensor]:
        """Return the targets' gradients at the copies, without adding to those of the towers.

        They are gradients of the losses times their shares. With `create_graph`, functions of the
        gradients can be differentiated.
        """
        loss = (self._objective.share * self.losses).sum()
        return list(torch.autograd.grad(loss, self.copies, create_graph=create_graph))

    def move(self, lengths: Tensor, gradients: Sequence[Tensor]) -> None:
        """Move the copies along these gradients, and recompute the losses.

        Parameters
        ----------
        lengths : tensor of shape (n_targets, batch), or (n_targets, 1)
            Ratios of moves to gradients in length.
        gradients : sequence of tensor of shape (n_targets, batch, ...)
        """
        with torch.no_grad():
            moves = (_times(part, lengths).to(part.dtype) for part in gradients)
            moved = [copy + part for copy, part in zip(self.copies, moves, strict=True)]
        self.copies = [part.requires_grad_() for part in moved]
        self._answer()

    def backward_towers(self) -> list[Tensor]:
        """Add to the towers' gradients, and return the targets' gradients at the copies.

        Both are gradients of the losses times their shares.

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
        """Backpropagate a loss through towers and trunk, without balancing."""
        with_auxiliary(loss, self._of_towers).backward()
        self.backward_trunk(loss.new_ones(self._objective.n_targets, 1))

    def backward_trunk(self, weight: Tensor) -> None:
        """Backpropagate the targets' gradients, and those of auxiliary losses, through the trunk.

        Parameters
        ----------
        weight : tensor of shape (n_targets, batch), or (n_targets, 1)
            Factor of the gradient of each target in each row.
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
    """Return the shared representation of the rows, with auxiliary losses.

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
    """Return the shapes of a tuple of tensors, or an empty list for any other object."""
    if not isinstance(representation, tuple):
        return []
    return [tuple(part.shape) for part in representation]


def _times(values: Tensor, weight: Tensor) -> Tensor:
    """Multiply values (n_targets, batch, ...) by weights of targets and rows."""
    return values * weight.view(*weight.shape, *[1] * (values.ndim - 2))


def _arriving(gradient: Tensor, weight: Tensor, part: Tensor) -> Tensor:
    """Return the weighted sum of the gradients at the copies, in the shape of `part`."""
    if len(part) == len(gradient):
        return _times(gradient, weight)
    if gradient.ndim == 3:  # without positions: small
        return _times(gradient, weight).sum(dim=0, keepdim=True)
    weight = weight.view(*weight.shape, *[1] * (gradient.ndim - 2))
    # One target at a time, because the products of all targets would not fit the cache.
    total = gradient[0] * weight[0]
    for values, weight_of_target in zip(gradient[1:], weight[1:], strict=True):
        total.addcmul_(values, weight_of_target.to(values.dtype))
    return total[None]
