"""Context from other samples, independent of the other rows of a batch."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from skmtl.networks._layers import Linear, parameter, weight

SampleContext = Literal["prototypes", "memory"]


class ContextAttention(nn.Module):
    """Attention of rows (batch, members, size) to a fixed set of slots (slots, members, size).

    The update is zero at initialisation, so that context is used only where training finds it
    useful.
    """

    def __init__(self, size: int, attention_size: int = 32) -> None:
        super().__init__()
        self.query = Linear(size, attention_size)
        self.key = Linear(size, attention_size)
        self.value = parameter(size, size)

    def forward(self, rows: Tensor, slots: Tensor) -> Tensor:
        query, key = self.query(rows), self.key(slots)
        logits = torch.einsum("bmd,smd->bms", query, key) / query.shape[-1] ** 0.5
        read = torch.einsum("bms,smd->bmd", logits.softmax(dim=-1), slots)
        return rows + read @ self.value


class Prototypes(nn.Module):
    """Learnt slots."""

    def __init__(self, n_slots: int, n_members: int, size: int) -> None:
        super().__init__()
        self.slots = weight(n_slots, 1, size, fan_in=1)
        self.n_members = n_members

    def forward(self) -> Tensor:
        return self.slots.expand(-1, self.n_members, -1)
