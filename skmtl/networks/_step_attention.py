"""Attention between steps of series, and the low frequency band of series."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skmtl.networks._layers import FeedForward, LayerNorm, Linear


class StepAttention(nn.Module):
    """Attention of some steps (batch, n_queries, channels) to all (batch, n_steps, channels).

    If `readable` (batch, n_queries, n_steps) is given, only steps that it marks are attended to.
    """

    def __init__(self, channels: int, n_heads: int, dropout: float) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norm, self.norm_steps = LayerNorm(channels), LayerNorm(channels)
        self.query = Linear(channels, channels)
        self.key_value = Linear(channels, 2 * channels)
        self.out = Linear(channels, channels)
        self.feedforward = FeedForward(channels, 2 * channels, dropout)

    def forward(self, some: Tensor, steps: Tensor, readable: Tensor | None = None) -> Tensor:
        query = self._heads(self.query(self.norm(some)))
        key, value = map(self._heads, self.key_value(self.norm_steps(steps)).chunk(2, dim=-1))
        logits = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        if readable is not None:
            logits = logits.masked_fill(~readable[:, None], -torch.inf)
        mixed = (logits.softmax(dim=-1) @ value).transpose(1, 2).flatten(2)
        return self.feedforward(some + self.out(mixed))

    def _heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)


def low_band(series: Tensor, levels: int) -> Tensor:
    """Return the low band of series (..., n_steps), by the causal undecimated Haar transform."""
    place = torch.arange(series.shape[-1], device=series.device)
    for level in range(levels):
        before = (place - 2**level).clamp(min=0)
        series = (series + series[..., before]) / 2
    return series
