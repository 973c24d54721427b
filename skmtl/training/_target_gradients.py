"""Gradients of the targets at the representation, for steps that need functions of them.

`WholeGradients` computes them directly. `HiddenLayers` represents them as products: if towers
start with a linear layer, the gradients at the representation are the gradients at the outputs of
these layers times the towers' maps. The factors are several times smaller than the gradients, and
one backward pass computes them for all targets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

import torch
from torch import Tensor

from skmtl.networks import TowerNetwork, has_towers
from skmtl.training._auxiliary import detached, with_auxiliary
from skmtl.training._data import Samples
from skmtl.training._device import autocast
from skmtl.training._objective import Objective
from skmtl.training._representation import Representation, shared_output


class TargetGradients(Protocol):
    """A forward pass of a batch, with access to the gradients at the representation.

    Gradients have a type that depends on the implementation. They are gradients of the loss of
    each row, that is, of the losses times their shares times the number of rows in the batch.

    Attributes
    ----------
    losses : tensor of shape (n_targets,)
        With the graph.
    representation : tuple of tensor of shape (1 or n_targets, batch, ...)
    auxiliary : mapping of str to tensor
        Auxiliary losses, detached.
    """

    losses: Tensor

    @property
    def representation(self) -> tuple[Tensor, ...]: ...

    @property
    def auxiliary(self) -> Mapping[str, Tensor]: ...

    def saliency(self) -> tuple[Tensor, Tensor | None]:
        """Return the arguments of `SaliencyPenalty.penalty`, with the graph.

        They are the gradients at the first tensor of the representation.
        """
        ...

    def gradients(self) -> Any:
        """Return the gradients at all tensors, without the graph."""
        ...

    def squares(self, gradients: Any) -> Tensor:
        """Return the squared lengths of the gradients, (batch, n_targets)."""
        ...

    def losses_at(self, lengths: Tensor, gradients: Any) -> Tensor:
        """Return the targets' losses after moving each one's representation along its gradient.

        `lengths` are ratios of moves to gradients in length, (n_targets, batch) or (n_targets, 1).
        """
        ...

    def backward(self, loss: Tensor) -> None:
        """Backpropagate a function of the results of this object, plus the auxiliary losses."""
        ...


def target_gradients(objective: Objective, samples: Samples) -> TargetGradients:
    """Return the fastest implementation that the network supports."""
    if has_towers(objective.network):
        return HiddenLayers(objective, samples)
    return WholeGradients(objective, samples)


class WholeGradients:
    """Gradients of any `skmtl.networks.SplitNetwork`."""

    def __init__(self, objective: Objective, samples: Samples) -> None:
        self._n_rows = len(samples)
        self._cut = Representation(objective, samples)
        self.losses = self._cut.losses

    @property
    def representation(self) -> tuple[Tensor, ...]:
        return self._cut.shared

    @property
    def auxiliary(self) -> Mapping[str, Tensor]:
        return self._cut.auxiliary

    def saliency(self) -> tuple[Tensor, Tensor | None]:
        first, *_ = self._of_rows(create_graph=True)
        return first.reshape(*first.shape[:2], -1, first.shape[-1]), None

    def gradients(self) -> list[Tensor]:
        return self._of_rows(create_graph=False)

    def _of_rows(self, *, create_graph: bool) -> list[Tensor]:
        gradients = self._cut.gradients(create_graph=create_graph)
        return [self._n_rows * gradient.float() for gradient in gradients]

    def squares(self, gradients: list[Tensor]) -> Tensor:
        by_part = [gradient.square().flatten(2).sum(dim=2) for gradient in gradients]
        return torch.stack(by_part).sum(dim=0).T

    def losses_at(self, lengths: Tensor, gradients: list[Tensor]) -> Tensor:
        self._cut.move(lengths, gradients)
        return self._cut.losses

    def backward(self, loss: Tensor) -> None:
        self._cut.backward_with(loss)


class HiddenLayers:
    """Gradients of a `skmtl.networks.TowerNetwork`, represented as products."""

    def __init__(self, objective: Objective, samples: Samples) -> None:
        self._objective = objective
        self._samples = samples
        self._network = cast(TowerNetwork, objective.network)
        self._shared = shared_output(objective, samples)
        with autocast(samples.device, objective.precision):
            self._values = self._network.hidden(self.representation)
        self.losses = self._losses_from(self._values)

    @property
    def representation(self) -> tuple[Tensor, ...]:
        return self._shared.representation

    @property
    def auxiliary(self) -> Mapping[str, Tensor]:
        return detached(self._shared.auxiliary)

    def saliency(self) -> tuple[Tensor, Tensor | None]:
        to_hidden = self._network.maps()[0]
        gradients = self._at_hidden_layers(create_graph=True)
        if _read_by_all_members(self.representation[0]):
            gradients = gradients.sum(dim=2, keepdim=True)
        return gradients, to_hidden

    def gradients(self) -> Tensor:
        """Return the gradients at the hidden layers, (n_targets, batch, members, size)."""
        return self._at_hidden_layers(create_graph=False)

    def squares(self, gradients: Tensor) -> Tensor:
        with torch.no_grad():
            return (gradients * self._through(gradients)).sum(dim=(2, 3)).T

    def losses_at(self, lengths: Tensor, gradients: Tensor) -> Tensor:
        moves = lengths[..., None, None] * self._through(gradients)
        return self._losses_from(self._values + moves.movedim(0, 2).to(self._values.dtype))

    def backward(self, loss: Tensor) -> None:
        with_auxiliary(loss, self._shared.auxiliary).backward()

    def _losses_from(self, values: Tensor) -> Tensor:
        """Return the losses of the targets for these values of the hidden layers."""
        with autocast(self._samples.device, self._objective.precision):
            scores = self._network.scores_from(values, self._samples.inputs)
        output = self._objective.checked(scores, self._samples)
        return self._objective.by_target(output.scores, self._samples)

    def _at_hidden_layers(self, *, create_graph: bool) -> Tensor:
        loss = len(self._samples) * (self._objective.share * self.losses).sum()
        (gradient,) = torch.autograd.grad(
            loss, self._values, create_graph=create_graph, retain_graph=create_graph
        )
        return gradient.movedim(2, 0).float()

    def _through(self, gradients: Tensor) -> Tensor:
        """Return the changes of the hidden layers when the representation moves along gradients.

        The moves are treated as constants: only the second factor of the product has a gradient.
        """
        total: Tensor | None = None
        for part, to_hidden in zip(self.representation, self._network.maps(), strict=True):
            product = to_hidden.detach().mT @ to_hidden
            if _read_by_all_members(part):
                moved = (gradients.sum(dim=2) @ product)[:, :, None]
            else:
                moved = (gradients.flatten(1, 2) @ product).view_as(gradients)
            total = moved if total is None else total + moved
        return cast(Tensor, total)


def _read_by_all_members(part: Tensor) -> bool:
    """Return whether a tensor of the representation lacks the axis of members."""
    return part.ndim == 3
