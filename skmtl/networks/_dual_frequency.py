"""Tokens of series on a grid, by attention over the low band and convolution of the high band."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from skmtl._storable import storable
from skmtl.networks._bands import BandLayers
from skmtl.networks._crossed_bands import CrossedBands
from skmtl.networks._event_grid import StepSettings
from skmtl.networks._events import Events
from skmtl.networks._history_tokens import HistoryShape, check_whole

_MOST_LEVELS = 16


@storable
@dataclass(frozen=True, kw_only=True)
class DualFrequency:
    """Series on a grid, split into a low and a high frequency band.

    For `series` of the MultiTab estimators, where "wavelet" stands for ``DualFrequency()``. Series
    are put on a grid as in `TemporalConvolutions`. A wavelet transform splits each into a low and
    a high band. The last step of the low band attends to all steps of that band. The high band
    passes through a dilated causal convolution, and the low band then attends to the result.

    Parameters
    ----------
    every : float, default=None
        Length of a step; see `TemporalConvolutions`.
    max_steps : int, default=128
        Number of steps to use, counted back from the end of the history.
    levels : int, default=2
        Levels of the wavelet transform: the low band is a mean over about ``2**levels`` steps.
    channels : int, default=32
        Number of channels of each band.
    n_heads : int, default=4
        Number of attention heads, a divisor of `channels`.
    n_tokens : int, default=2
        Number of tokens from the low band, and the same number from both bands together.
    cross : {None, "variables"}, default=None
        "variables" is for rows that are days with a series for each stock: every variable has
        tokens of its own (`n_tokens` from each source, so 1 is often enough), computed with
        shared weights, and variables attend to each other. Cost and inputs of the network grow
        with the number of variables. With None, the first layer mixes all variables.

    Raises
    ------
    ValueError
        If a setting is out of range.

    Notes
    -----
    The bands are those of the undecimated ("à trous") Haar wavelet. With l_0 = x,

        l_j(t) = (l_{j-1}(t) + l_{j-1}(t - 2^{j-1})) / 2,  low = l_J,  high = x - low

    where steps before the first one have its value. Let P be a learnt embedding of positions, A
    the attention of one step to all steps, with a residual and a feed-forward layer, and T the
    last step. Then

        L = W_l (low, marks) + P,  H = conv(W_h (high, marks) + P),
        z = A(L_T; L),  f = A(z; H)

    and the tokens are linear maps of z and of f. With ``cross="variables"`` this holds for each
    variable v, whose embedding is added to L and H. With A' the attention of a variable to all
    variables that have an event on the grid in this row,

        z'_v = A'(z_v; z), f_v = A(z'_v; H_v), f'_v = A'(f_v; f)

    and the tokens of v are linear maps of z'_v and of f'_v. A variable without events has a learnt
    token. Variables are those of `fit`, in any row: a new stock is ignored, with a warning.

    Stockformer uses a decimated transform with the wavelet "sym2", in which a step depends on
    later ones, and its rows are the stocks of a day that attend to each other. Here the row is the
    day, so that it depends on itself alone. Attention in time is computed for the last step only,
    because the tokens need no other.

    References
    ----------
    B. Ma, Y. Xue, Y. Lu, J. Chen, "Stockformer: A Price-Volume Factor Stock Selection Model Based
    on Wavelet Transform and Multi-Task Self-Attention Networks", 2024, arXiv:2401.06139.

    O. Renaud, J.-L. Starck, F. Murtagh, "Wavelet-Based Combined Signal Filtering and Prediction",
    IEEE Transactions on Systems, Man, and Cybernetics B 35, 2005 (the causal transform).

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmtl import MultiTab
    >>> from skmtl.histories import Histories
    >>> from skmtl.networks import DualFrequency
    >>> waves = np.sin(np.arange(20) * np.linspace(1, 2, 40)[:, None])
    >>> X = pd.DataFrame({"price": Histories.from_array(waves)})
    >>> Y = pd.DataFrame({"return": np.linspace(1, 2, 40), "up": np.arange(40) > 20})
    >>> model = MultiTab(
    ...     series={"price": DualFrequency(channels=8)}, max_epochs=2, random_state=0
    ... )
    >>> model.fit(X, Y).predict(X.head(2)).columns.tolist()
    ['return', 'up']
    """

    every: float | None = None
    max_steps: int = 128
    levels: int = 2
    channels: int = 32
    n_heads: int = 4
    n_tokens: int = 2
    cross: Literal["variables"] | None = None

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise ValueError for settings that cannot be used."""
        self.steps.check(type(self).__name__)
        for name in ("levels", "channels", "n_heads", "n_tokens"):
            check_whole(self, name, 1)
        if self.levels > _MOST_LEVELS:
            raise ValueError(
                f"DualFrequency: levels={self.levels} must be at most {_MOST_LEVELS}."
            )
        if self.channels % self.n_heads:
            raise ValueError(
                f"DualFrequency: channels={self.channels} must be a multiple of "
                f"n_heads={self.n_heads}."
            )
        if self.cross not in (None, "variables"):
            raise ValueError(f"DualFrequency: cross={self.cross!r} must be None or 'variables'.")

    @property
    def steps(self) -> StepSettings:
        """Settings of the grid."""
        return StepSettings(self.every, self.max_steps)

    def n_tokens_for(self, shape: HistoryShape) -> int:
        """Return the number of tokens of a row."""
        return 2 * self.n_tokens * (1 if self.cross is None else shape.n_variables)

    def build(self, shape: HistoryShape, size: int, dropout: float) -> TwoBands | CrossedBands:
        """Build the layer for a column of histories."""
        if self.cross == "variables":
            return CrossedBands(self, shape, size, dropout)
        return TwoBands(self, shape, size, dropout)


class TwoBands(BandLayers):
    """The layer of `DualFrequency`, from `Events` to tokens (batch, 2 * n_tokens, size).

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
        super().__init__(settings, shape, 2 * shape.n_variables, size, dropout)

    def forward(self, events: Events) -> Tensor:
        slow, fast, seen = self.bands(events)
        low, high = (
            embed(torch.cat([band, seen], dim=1).transpose(1, 2)) + self.position
            for embed, band in ((self.low, slow), (self.high, fast))
        )
        read = self.within_low(low[:, -1:], low)
        fused = self.to_high(read, self.convolution(high.transpose(1, 2)).transpose(1, 2))
        tokens = torch.cat([self.of_low(read[:, 0]), self.of_both(fused[:, 0])], dim=1)
        tokens = tokens.unflatten(1, self.missing.shape)
        return torch.where(events.missing[:, None, None], self.missing, tokens)
