"""The gradients of the targets where their ways part: at the shared representation."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from skmtl.networks import MultiTabNet
from skmtl.training._data import Samples
from skmtl.training._device import autocast
from skmtl.training._objective import Objective


class Representation:
    """A batch's way through the trunk, cut where the towers begin.

    Each tower goes on from a copy of its own, so one way back through the towers gives the
    gradients of all targets apart, and another through the trunk takes whatever is made of them.

    Parameters
    ----------
    objective : Objective
        Of a network with the methods `represent` and `answer` of `MultiTabNet`.
    batch : Samples

    Attributes
    ----------
    copies : list of tensor
        Rows (n_targets, batch, members, size) unless there is no row path, and tokens
        (batch, n_targets, size): what the towers read.
    by_row : tensor of shape (batch, n_targets)
        What each row adds to the losses.
    """

    def __init__(self, objective: Objective, batch: Samples) -> None:
        self.objective = objective
        self.batch = batch
        self._network = cast(MultiTabNet, objective.network)
        self._n_targets = len(objective.share)
        with autocast(batch.device, objective.precision):
            rows, tokens = self._network.represent(batch.inputs)
        self._trunk = [tokens] if rows is None else [rows, tokens]
        copies = [tokens.detach().expand(-1, self._n_targets, -1)]
        if rows is not None:
            copies.insert(0, rows.detach().expand(self._n_targets, -1, -1, -1))
        self.copies = [part.requires_grad_() for part in copies]
        self.by_row = self.losses_from(self.copies)

    def losses_from(self, copies: list[Tensor]) -> Tensor:
        """Losses (batch, n_targets) of towers that read these copies."""
        *rows, tokens = copies
        with autocast(self.batch.device, self.objective.precision):
            scores = self._network.answer((rows[0] if rows else None, tokens), self.batch.inputs)
        return self.objective.by_row(scores, self.batch)

    @property
    def losses(self) -> Tensor:
        """Losses of the targets."""
        return self.by_row.sum(dim=0)

    def gradients(self, *, create_graph: bool = False) -> list[Tensor]:
        """As `backward_towers`, but leaves the towers without gradients.

        With `create_graph`, functions of the gradients can be sent back in their turn.
        """
        loss = (self.objective.share * self.losses).sum()
        parts = torch.autograd.grad(loss, self.copies, create_graph=create_graph)
        return _by_target(list(parts))

    def backward_towers(self) -> list[Tensor]:
        """Give the towers their gradients, and the gradients of the targets at the cut.

        Both are those of the losses times their shares.

        Returns
        -------
        list of tensor of shape (n_targets, batch, n_numbers)
            At the rows and at the tokens. (Task tokens have all come through the same maps, so
            the gradients at different tokens are taken as vectors of one space.)
        """
        (self.objective.share * self.losses).sum().backward()
        return _by_target([cast(Tensor, part.grad) for part in self.copies])

    def backward_trunk(self, weight: Tensor) -> None:
        """Send the targets' gradients on through the trunk.

        Parameters
        ----------
        weight : tensor of shape (n_targets, batch), or (n_targets, 1)
            What the gradient of each target in each row is multiplied by.
        """
        *rows, tokens = [cast(Tensor, part.grad) for part in self.copies]
        tokens = tokens * weight.T[..., None]
        if self._trunk[-1].shape[1] < self._n_targets:
            tokens = tokens.sum(dim=1, keepdim=True)
        arriving = [_weighted_sum(part, weight[..., None, None]) for part in rows]
        torch.autograd.backward(self._trunk, [*arriving, tokens])


def _by_target(parts: list[Tensor]) -> list[Tensor]:
    """Values at copies of the representation, each as (n_targets, batch, n_numbers)."""
    *rows, tokens = parts
    return [*(part.flatten(2) for part in rows), tokens.transpose(0, 1)]


def _weighted_sum(values: Tensor, weight: Tensor) -> Tensor:
    """Sum over the first axis; one at a time, for the products would not fit the cache."""
    total = values[0] * weight[0]
    for value, own in zip(values[1:], weight[1:], strict=True):
        total.addcmul_(value, own.to(value.dtype))
    return total
