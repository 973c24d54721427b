"""Task tokens and attention of several networks of MultiTab."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from skmtl.networks._batch import Batch
from skmtl.networks._multitab import MultiTabNet


def task_tokens(networks: Iterable[MultiTabNet], batch: Batch) -> Tensor:
    """Return the concatenated task tokens of the networks, (batch, n_tokens, networks * size)."""
    tokens = [network.row_input(batch).tasks.transpose(0, 1) for network in networks]
    return torch.cat(tokens, dim=-1)


def task_attention(networks: Iterable[MultiTabNet], batch: Batch) -> Tensor:
    """Return the attention of task tokens to features, mean over heads and networks."""
    return torch.stack([network.task_attention(batch) for network in networks]).mean(dim=0)
