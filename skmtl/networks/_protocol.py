"""Protocols of networks for training, for gradient balancing, and for faster balancing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from torch import Tensor, nn

from skmtl.networks._batch import Batch


@dataclass(frozen=True, eq=False)
class NetworkOutput:
    """Raw scores and auxiliary losses.

    Attributes
    ----------
    scores : tensor of shape (batch, members, n_scores)
    auxiliary : mapping of str to tensor of shape ()
        Auxiliary losses by name, such as a load-balancing loss of experts. In training they are
        added to the loss with weight 1; scoring ignores them.
    """

    scores: Tensor
    auxiliary: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SharedOutput:
    """A shared representation and auxiliary losses.

    Attributes
    ----------
    representation : tuple of tensor
        See `SplitNetwork.represent`.
    auxiliary : mapping of str to tensor of shape ()
        Auxiliary losses of the shared layers by name.
    """

    representation: tuple[Tensor, ...]
    auxiliary: Mapping[str, Tensor] = field(default_factory=dict)


class TrainableNetwork(Protocol):
    """What the training loop requires of an ``nn.Module``.

    A network may also have

    - an attribute `n_groups`, the number of known task ids of long data; without it there are
      none, and balancing is between targets;
    - a method `after_training`, which is called after training with a `Batch` of training rows, so
      that the network can store statistics of them in buffers;
    - an attribute `equations` that is not None, and a method `equation_losses`, which returns
      losses by name for a `Batch`. They are added to the losses of the labels, and to the
      objective by which epochs are compared. The method is called without dropout, in float32.

    Attributes
    ----------
    base_scores : tensor of shape (n_scores,)
        A buffer with the best constant prediction, which the network adds to its output.
    """

    base_scores: Tensor

    def forward(self, batch: Batch) -> Tensor | NetworkOutput:
        """Return raw scores of shape (batch, members, n_scores), alone or with auxiliary losses.

        The number of members may be 1. The scores of a row must not depend on other rows.
        """
        ...


class SplitNetwork(TrainableNetwork, Protocol):
    """A network that separates shared layers from target-specific layers.

    ``answer(represent(batch), batch)`` has the same scores as ``forward(batch)``.
    """

    def represent(self, batch: Batch) -> tuple[Tensor, ...] | SharedOutput:
        """Return the shared representation, as tensors of shape (1, batch, ...).

        A tensor may also have the shape (n_targets, batch, ...), with an entry for each target
        that was computed with the same parameters. Gradients at different entries are compared as
        vectors of the same space. `RepMTL` compares them at the first tensor, whose last axis
        holds the channels and whose axes between rows and channels are positions.
        """
        ...

    def answer(self, representation: tuple[Tensor, ...], batch: Batch) -> Tensor | NetworkOutput:
        """Return raw scores (batch, members, n_scores).

        Tensors of the representation may have the shape (n_targets, batch, ...). These entries
        are copies of the output of `represent`, and may differ; the scores of target t must
        depend on the t-th entry only.
        """
        ...


class TowerNetwork(SplitNetwork, Protocol):
    """A split network in which `answer` starts with one linear layer for each target.

    The gradients of all targets at the representation then follow from those at the outputs of
    these layers, which are smaller. The methods are optional: they make `RepMTL` and
    `SharpnessAware` faster.
    """

    def hidden(self, representation: tuple[Tensor, ...]) -> Tensor:
        """Return the linear layers before the nonlinearity, (batch, members, n_targets, size).

        Tensors of the representation have the shape (1 or n_targets, batch, members, channels), or
        (1 or n_targets, batch, channels) if they are the same for all members.
        """
        ...

    def scores_from(self, hidden: Tensor, batch: Batch) -> Tensor:
        """Return raw scores (batch, members, n_scores) from the output of `hidden`."""
        ...

    def maps(self) -> tuple[Tensor, ...]:
        """Return the map from each tensor to the layers, (n_targets, channels, size)."""
        ...


_SPLIT = ("represent", "answer")
_TOWERS = (*_SPLIT, "hidden", "scores_from", "maps")


def trainable_network(network: nn.Module) -> TrainableNetwork:
    """Return the network after checking that it can be trained.

    Raises
    ------
    TypeError
        If it has no `base_scores`.
    """
    if not hasattr(network, "base_scores"):
        raise TypeError(
            f"{type(network).__name__} has no buffer base_scores of shape (n_scores,), the best "
            "constant prediction (see skmtl.networks.TrainableNetwork). Register the buffer, and "
            "add it to the output."
        )
    return cast(TrainableNetwork, network)


def split_network(network: nn.Module, purpose: str) -> SplitNetwork:
    """Return the network after checking that it is a `SplitNetwork`.

    Parameters
    ----------
    network : nn.Module
    purpose : str
        What needs a split network, for the message.

    Raises
    ------
    TypeError
        If it lacks methods of a `SplitNetwork`.
    """
    missing = [name for name in _SPLIT if not hasattr(network, name)]
    if missing:
        raise TypeError(
            f"{purpose} needs a network with the methods represent and answer, but "
            f"{type(network).__name__} has no {' and no '.join(missing)}. Implement them (see "
            "skmtl.networks.SplitNetwork), or balance losses, for example with 'uncertainty'."
        )
    return cast(SplitNetwork, network)


def is_split(network: nn.Module) -> bool:
    """Return whether the network has the methods of a `SplitNetwork`."""
    return all(hasattr(network, name) for name in _SPLIT)


def has_towers(network: nn.Module) -> bool:
    """Return whether the network has the methods of a `TowerNetwork`."""
    return all(hasattr(network, name) for name in _TOWERS)


def n_groups_of(network: nn.Module) -> int:
    """Return the number of known task ids of long data; 0 for wide data."""
    return getattr(network, "n_groups", 0)


def equation_losses_of(network: nn.Module) -> Callable[[Batch], Mapping[str, Tensor]] | None:
    """Return the method that computes losses of equations; None for a network without any."""
    has_some = getattr(network, "equations", None) is not None
    return cast(Any, network).equation_losses if has_some else None


def scores_of(output: Tensor | NetworkOutput) -> Tensor:
    """Return the raw scores in the output of a network."""
    return output.scores if isinstance(output, NetworkOutput) else output
