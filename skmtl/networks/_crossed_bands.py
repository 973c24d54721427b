"""Tokens of each series of a row, by the attention of `DualFrequency` and between series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from skmtl.networks._event_grid import on_grid
from skmtl.networks._events import Events
from skmtl.networks._history_tokens import HistoryShape
from skmtl.networks._layers import Linear, parameter, weight
from skmtl.networks._step_attention import StepAttention, low_band
from skmtl.networks._temporal_convolutions import CausalBlock

if TYPE_CHECKING:
    from skmtl.networks._dual_frequency import DualFrequency


class CrossedBands(nn.Module):
    """The layer of ``DualFrequency(cross="variables")``.

    Maps `Events` to tokens (batch, n_variables * 2 * n_tokens, size). All variables share the
    weights of both bands, and each adds an embedding of its own.

    Parameters
    ----------
    settings : DualFrequency
    shape : HistoryShape
    size : int
        Length of a token.
    dropout : float
        Dropout rate of the convolution and of the feed-forward layers.
    """

    def __init__(
        self, settings: DualFrequency, shape: HistoryShape, size: int, dropout: float
    ) -> None:
        super().__init__()
        channels = settings.channels
        self.n_variables, self.levels = shape.n_variables, settings.levels
        self.every, self.n_steps = settings.steps.resolved(shape)
        self.low = Linear(2, channels)
        self.high = Linear(2, channels)
        self.position = weight(self.n_steps, channels, fan_in=channels)
        self.variable = weight(self.n_variables, channels, fan_in=4)
        self.convolution = CausalBlock(channels, channels, 3, 2, dropout)
        self.within_low = StepAttention(channels, settings.n_heads, dropout)
        self.to_high = StepAttention(channels, settings.n_heads, dropout)
        self.across_low = StepAttention(channels, settings.n_heads, dropout)
        self.across_both = StepAttention(channels, settings.n_heads, dropout)
        self.of_low = Linear(channels, settings.n_tokens * size)
        self.of_both = Linear(channels, settings.n_tokens * size)
        self.absent = parameter(2 * settings.n_tokens, size)
        self.missing = parameter(2 * settings.n_tokens, size)

    def forward(self, events: Events) -> Tensor:
        series = on_grid(events, self.n_variables, self.every, self.n_steps)
        slow = low_band(series.value, self.levels)
        low, high = (
            self._embedded(embed, band, series.seen).flatten(0, 1)
            for embed, band in ((self.low, slow), (self.high, series.value - slow))
        )
        present = series.seen.any(dim=-1)
        itself = torch.eye(self.n_variables, dtype=torch.bool, device=present.device)
        readable = present[:, None] | itself  # so that a row without any series has a softmax
        of_row = (len(events), self.n_variables)
        read = self.within_low(low[:, -1:], low).unflatten(0, of_row).squeeze(2)
        read = self.across_low(read, read, readable)
        convolved = self.convolution(high.transpose(1, 2)).transpose(1, 2)
        fused = self.to_high(read.flatten(0, 1)[:, None], convolved).unflatten(0, of_row)
        fused = fused.squeeze(2)
        fused = self.across_both(fused, fused, readable)
        tokens = torch.cat([self.of_low(read), self.of_both(fused)], dim=-1)
        tokens = tokens.unflatten(-1, self.missing.shape)
        tokens = torch.where(present[..., None, None], tokens, self.absent)
        missing = events.missing[:, None, None, None]
        return torch.where(missing, self.missing, tokens).flatten(1, 2)

    def _embedded(self, embed: nn.Module, band: Tensor, seen: Tensor) -> Tensor:
        """Return a band as (batch, n_variables, n_steps, channels)."""
        steps: Tensor = embed(torch.stack([band, seen], dim=-1))
        return steps + self.position + self.variable[:, None]
