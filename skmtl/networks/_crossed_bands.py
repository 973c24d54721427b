"""Tokens of each series of a row, by the attention of `DualFrequency` and between series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from skmtl.networks._bands import BandLayers
from skmtl.networks._events import Events
from skmtl.networks._history_tokens import HistoryShape
from skmtl.networks._layers import parameter, weight
from skmtl.networks._step_attention import StepAttention

if TYPE_CHECKING:
    from skmtl.networks._dual_frequency import DualFrequency


class CrossedBands(BandLayers):
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
        super().__init__(settings, shape, 2, size, dropout)
        channels = settings.channels
        self.variable = weight(self.n_variables, channels, fan_in=4)
        self.across_low = StepAttention(channels, settings.n_heads, dropout)
        self.across_both = StepAttention(channels, settings.n_heads, dropout)
        self.absent = parameter(2 * settings.n_tokens, size)

    def forward(self, events: Events) -> Tensor:
        slow, fast, seen = self.bands(events)
        low, high = (
            self._embedded(embed, band, seen).flatten(0, 1)
            for embed, band in ((self.low, slow), (self.high, fast))
        )
        present = seen.any(dim=-1)
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
