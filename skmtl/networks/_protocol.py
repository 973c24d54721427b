"""What a network has to offer: to be trained, to be balanced, and to be balanced faster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from torch import Tensor, nn

from skmtl.networks._batch import Batch


@dataclass(frozen=True, eq=False)
class NetworkOutput:
    """Raw scores with losses beside those of the tasks.

    Attributes
    ----------
    scores : tensor of shape (batch, members, n_scores)
    auxiliary : mapping of str to tensor of shape ()
        Auxiliary losses by name, such as that of an uneven load of experts. In training they are
        added to the loss as they are; scoring ignores them.
    """

    scores: Tensor
    auxiliary: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SharedOutput:
    """A shared representation with losses beside those of the tasks.

    Attributes
    ----------
    representation : tuple of tensor
        As `SplitNetwork.represent` returns it.
    auxiliary : mapping of str to tensor of shape ()
        Auxiliary losses by name that arise before the targets' ways part.
    """

    representation: tuple[Tensor, ...]
    auxiliary: Mapping[str, Tensor] = field(default_factory=dict)


class TrainableNetwork(Protocol):
    """What the training loop asks of an ``nn.Module``.

    A network may have an attribute `n_groups` as well, the number of ids of long data that it
    knows; without it there are none, and targets are what is balanced. If it has a method
    `after_training`, that is called with training rows, a `Batch`, when it has been trained, so
    that it can keep in buffers what it makes of them. If it has an attribute `equations` that is
    not None, the losses that its method `equation_losses` returns for a `Batch`, by name, are
    added to those of the labels, and to the objective by which epochs are compared. The method is
    called without dropout, and in float32.

    Attributes
    ----------
    base_scores : tensor of shape (n_scores,)
        A buffer with the best constant prediction, which the network adds to its output.
    """

    base_scores: Tensor

    def forward(self, batch: Batch) -> Tensor | NetworkOutput:
        """Raw scores of shape (batch, members, n_scores), alone or with auxiliary losses.

        Members may be 1. Every row is handled by itself.
        """
        ...


class SplitNetwork(TrainableNetwork, Protocol):
    """A network that says where the ways of its targets part.

    ``answer(represent(batch), batch)`` has the scores of ``forward(batch)``.
    """

    def represent(self, batch: Batch) -> tuple[Tensor, ...] | SharedOutput:
        """What the targets share, as tensors of shape (1, batch, ...).

        A tensor of shape (n_targets, batch, ...) has an entry for each target that has come
        through the same parameters. Gradients at different entries are compared as vectors of
        one space. `RepMTL` compares them at the first tensor, whose last axis it takes for the
        channels and all between the rows and these for positions.
        """
        ...

    def answer(self, representation: tuple[Tensor, ...], batch: Batch) -> Tensor | NetworkOutput:
        """Raw scores (batch, members, n_scores) from tensors of shape (n_targets, batch, ...).

        The scores of target t follow from the t-th entry alone: these are copies of what
        `represent` returned, and may differ from each other.
        """
        ...


class TowerNetwork(SplitNetwork, Protocol):
    """A split network whose answers begin with one linear layer for each target.

    The gradients of all targets at the representation then follow from those at these layers,
    which are smaller. The methods are optional: they make `RepMTL` and `SharpnessAware` faster.
    """

    def hidden(self, representation: tuple[Tensor, ...]) -> Tensor:
        """The layers before their nonlinearity, (batch, members, n_targets, size).

        Tensors of the representation are of shape (1 or n_targets, batch, members, channels), or
        (1 or n_targets, batch, channels) where all members read the same.
        """
        ...

    def scores_from(self, hidden: Tensor, batch: Batch) -> Tensor:
        """Raw scores (batch, members, n_scores) from what `hidden` returns."""
        ...

    def maps(self) -> tuple[Tensor, ...]:
        """The map from each tensor to the layers, (n_targets, channels, size)."""
        ...


_SPLIT = ("represent", "answer")
_TOWERS = (*_SPLIT, "hidden", "scores_from", "maps")


def trainable_network(network: nn.Module) -> TrainableNetwork:
    """The network as one that can be trained.

    Raises
    ------
    TypeError
        If it has no `base_scores`.
    """
    if not hasattr(network, "base_scores"):
        raise TypeError(
            f"{type(network).__name__} has no buffer base_scores of shape (n_scores,), the best "
            "constant prediction (see skmtl.networks.TrainableNetwork). Register it, and add it "
            "to the output."
        )
    return cast(TrainableNetwork, network)


def split_network(network: nn.Module, purpose: str) -> SplitNetwork:
    """The network as one that says where its targets' ways part.

    Parameters
    ----------
    network : nn.Module
    purpose : str
        What needs that, for the error.

    Raises
    ------
    TypeError
        If it has not the methods for it.
    """
    missing = [name for name in _SPLIT if not hasattr(network, name)]
    if missing:
        raise TypeError(
            f"{purpose} needs a network with the methods represent and answer, but "
            f"{type(network).__name__} has no {' and no '.join(missing)}. Write them as "
            "skmtl.networks.SplitNetwork says, or balance losses, as with 'uncertainty'."
        )
    return cast(SplitNetwork, network)


def is_split(network: nn.Module) -> bool:
    """Whether it has the methods of a `SplitNetwork`."""
    return all(hasattr(network, name) for name in _SPLIT)


def has_towers(network: nn.Module) -> bool:
    """Whether it has the methods of a `TowerNetwork`."""
    return all(hasattr(network, name) for name in _TOWERS)


def n_groups_of(network: nn.Module) -> int:
    """Number of ids of long data that the network knows; 0 for wide data."""
    return getattr(network, "n_groups", 0)


def equation_losses_of(network: nn.Module) -> Callable[[Batch], Mapping[str, Tensor]] | None:
    """The method with the losses of equations, of a network that has some."""
    has_some = getattr(network, "equations", None) is not None
    return cast(Any, network).equation_losses if has_some else None


def scores_of(output: Tensor | NetworkOutput) -> Tensor:
    """The raw scores of what a network has returned."""
    return output.scores if isinstance(output, NetworkOutput) else output
