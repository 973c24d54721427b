"""Context from other samples that does not depend on who else is in the batch."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from skmtl.networks._layers import Linear, parameter, weight

SampleContext = Literal["prototypes", "memory"]


class ContextAttention(nn.Module):
    """Rows read a fixed set of slots: (batch, members, size) and (slots, members, size).

    The update starts at zero, so that the context has to earn its place.
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
    """Slots that are learnt."""

    def __init__(self, n_slots: int, n_members: int, size: int) -> None:
        super().__init__()
        self.slots = weight(n_slots, 1, size, fan_in=1)
        self.n_members = n_members

    def forward(self) -> Tensor:
        return self.slots.expand(-1, self.n_members, -1)
