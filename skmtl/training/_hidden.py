"""The gradients of the targets at the hidden layers of their towers.

Up to there the towers are linear, and each target has numbers of its own. So one way back gives
the gradients of all targets at the representation, as the factors of products with the towers'
maps, which are several times smaller than these gradients themselves.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from skmtl.networks import MultiTabNet
from skmtl.training._data import Samples
from skmtl.training._device import autocast
from skmtl.training._objective import Objective


class HiddenLayers:
    """A batch's way to the hidden layers of the towers.

    Parameters
    ----------
    objective : Objective
        Of a network with the methods of `MultiTabNet`.
    batch : Samples

    Attributes
    ----------
    representation : tuple of tensor (rows or None, tokens)
        As `MultiTabNet.represent` gives it.
    values : tensor of shape (batch, members, n_targets, size)
        The hidden layers before their nonlinearity, with the graph of what is before them.
    losses : tensor of shape (n_targets,)
    """

    def __init__(self, objective: Objective, batch: Samples) -> None:
        self.objective = objective
        self.batch = batch
        self._network = cast(MultiTabNet, objective.network)
        with autocast(batch.device, objective.precision):
            self.representation = self._network.represent(batch.inputs)
            self.values = self._network.towers.hidden(*self.representation)
        self.losses = self.losses_from(self.values)

    def losses_from(self, values: Tensor) -> Tensor:
        """Losses of the targets, had the hidden layers these values."""
        with autocast(self.batch.device, self.objective.precision):
            scores = self._network.scores_from(values, self.batch.inputs)
        return self.objective.by_target(scores, self.batch)

    def gradients(self, *, create_graph: bool = False) -> Tensor:
        """Gradient of each row's own loss, (n_targets, batch, members, size), in float32.

        That is the losses with their shares, times the rows of the batch. With `create_graph`,
        functions of the gradients can be sent back in their turn.
        """
        loss = len(self.batch) * (self.objective.share * self.losses).sum()
        (gradient,) = torch.autograd.grad(
            loss, self.values, create_graph=create_graph, retain_graph=create_graph
        )
        return gradient.movedim(2, 0).float()

    def moved(self, gradients: Tensor, times: Tensor) -> Tensor:
        """The hidden layers had each target's representation moved along its gradient.

        Parameters
        ----------
        gradients : tensor of shape (n_targets, batch, members, size)
            As `gradients` gives them.
        times : tensor of shape (n_targets, batch), or (n_targets, 1)
            Length of the move over that of the gradient at the representation.
        """
        parts = times[..., None, None] * self._through(gradients)
        return self.values + parts.movedim(0, 2).to(self.values.dtype)

    def squares(self, gradients: Tensor) -> Tensor:
        """Squared lengths of the gradients at the representation, (batch, n_targets)."""
        with torch.no_grad():
            return (gradients * self._through(gradients)).sum(dim=(2, 3)).T

    def _through(self, gradients: Tensor) -> Tensor:
        """What moves along the gradients at rows and tokens do to the hidden layers.

        The moves are constants, of which the maps' gradients know the second half only.
        """
        from_row, from_token = self._network.towers.maps()
        product = from_token.detach().mT @ from_token
        # All members read the same token.
        through = (gradients.sum(dim=2) @ product)[:, :, None]
        if from_row is None:
            return through
        flat = gradients.flatten(1, 2) @ (from_row.detach().mT @ from_row)
        return through + flat.view_as(gradients)
