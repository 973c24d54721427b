"""Networks of one shape side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn

from skmtl.networks._multitab import MultiTabNet


class Bag(nn.Module):
    """Several networks as one: the members of all of them are its members.

    Parameters
    ----------
    networks : iterable of MultiTabNet
        Of the same configuration; each has weights of its own.
    """

    def __init__(self, networks: Iterable[MultiTabNet]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, numeric: Tensor, codes: Tensor, group: Tensor | None = None) -> Tensor:
        """Raw scores (batch, members of all networks, sum of n_scores)."""
        return torch.cat([network(numeric, codes, group) for network in self.networks], dim=1)

    def task_tokens(self, numeric: Tensor, codes: Tensor, group: Tensor | None) -> Tensor:
        """The networks' task tokens side by side, (batch, n_tokens, networks * size)."""
        tokens = [network.represent(numeric, codes, group)[1] for network in self.each()]
        return torch.cat(tokens, dim=-1)

    def task_attention(self, numeric: Tensor, codes: Tensor, group: Tensor | None) -> Tensor:
        """Attention of task tokens to features, mean over heads and networks."""
        weights = [network.task_attention(numeric, codes, group) for network in self.each()]
        return torch.stack(weights).mean(dim=0)

    def each(self) -> list[MultiTabNet]:
        """The networks."""
        return [cast(MultiTabNet, network) for network in self.networks]
