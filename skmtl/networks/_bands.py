"""What the layers of `DualFrequency` have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from skmtl.networks._event_grid import on_grid
from skmtl.networks._events import Events
from skmtl.networks._history_tokens import HistoryShape
from skmtl.networks._layers import Linear, parameter, weight
from skmtl.networks._step_attention import StepAttention, low_band
from skmtl.networks._temporal_convolutions import CausalBlock

if TYPE_CHECKING:
    from skmtl.networks._dual_frequency import DualFrequency


class BandLayers(nn.Module):
    """The layers of the low and the high band.

    Parameters
    ----------
    settings : DualFrequency
    shape : HistoryShape
    n_inputs : int
        Number of inputs of a band at each step.
    size : int
        Length of a token.
    dropout : float
        Dropout rate of the convolution and of the feed-forward layers.
    """

    def __init__(
        self,
        settings: DualFrequency,
        shape: HistoryShape,
        n_inputs: int,
        size: int,
        dropout: float,
    ) -> None:
        super().__init__()
        channels = settings.channels
        self.n_variables, self.levels = shape.n_variables, settings.levels
        self.every, self.n_steps = settings.steps.resolved(shape)
        self.low = Linear(n_inputs, channels)
        self.high = Linear(n_inputs, channels)
        self.position = weight(self.n_steps, channels, fan_in=channels)
        self.convolution = CausalBlock(channels, channels, 3, 2, dropout)
        self.within_low = StepAttention(channels, settings.n_heads, dropout)
        self.to_high = StepAttention(channels, settings.n_heads, dropout)
        self.of_low = Linear(channels, settings.n_tokens * size)
        self.of_both = Linear(channels, settings.n_tokens * size)
        self.missing = parameter(2 * settings.n_tokens, size)

    def bands(self, events: Events) -> tuple[Tensor, Tensor, Tensor]:
        """Return the low and the high band of the series on the grid, and where they are seen."""
        series = on_grid(events, self.n_variables, self.every, self.n_steps)
        slow = low_band(series.value, self.levels)
        return slow, series.value - slow, series.seen
