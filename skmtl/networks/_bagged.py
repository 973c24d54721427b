"""Several networks of the same configuration as one module."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar, cast

import torch
from torch import Tensor, nn

from skmtl.networks._batch import Batch
from skmtl.networks._protocol import scores_of

Network = TypeVar("Network", bound=nn.Module)


class BaggedNetworks(nn.Module, Generic[Network]):
    """Several networks as one, whose members are the members of all of them.

    Parameters
    ----------
    networks : iterable of nn.Module
        Called as ``network(batch)``. They share a configuration and differ in their weights.
    """

    def __init__(self, networks: Iterable[Network]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def __len__(self) -> int:
        return len(self.networks)

    def __iter__(self) -> Iterator[Network]:
        return (cast(Network, network) for network in self.networks)

    def forward(self, batch: Batch) -> Tensor:
        """Return raw scores, (batch, members of all networks, sum of n_scores)."""
        return torch.cat([scores_of(network(batch)) for network in self.networks], dim=1)
