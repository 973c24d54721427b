"""Tokens of series on a grid, by dilated causal convolutions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from skmtl._storable import storable
from skmtl.networks._event_grid import StepSettings, on_grid
from skmtl.networks._events import Events
from skmtl.networks._history_tokens import HistoryShape, check_whole
from skmtl.networks._layers import Dropout, Linear, matrix, parameter

_MOST_BLOCKS = 32  # in the last block, steps are 2 ** 31 apart


@storable
@dataclass(frozen=True, kw_only=True)
class TemporalConvolutions:
    """Series on a regular grid, encoded by a temporal convolutional network (TCN).

    For `series` of the MultiTab estimators, where "tcn" stands for ``TemporalConvolutions()``.
    The last step of the grid is the end of the history. A step holds the mean of a variable's
    values in it, or the value of the previous step if there are none, and a mark that tells
    whether there was an event.

    Parameters
    ----------
    every : float, default=None
        Length of a step, in the unit of the histories. None is the usual time between two events
        of the training rows, or longer if a long history would otherwise have more than
        `max_steps`.
    max_steps : int, default=256
        Maximum number of steps, counted back from the end of the history; earlier events are
        ignored. Fewer steps are used if 95 % of the training rows have shorter histories.
    channels : int, default=32
        Number of channels of every layer.
    kernel_size : int, default=3
        Number of steps in a kernel, which are ``2**block`` steps apart.
    n_blocks : int or "auto", default="auto"
        Number of blocks of two convolutions. "auto" is the smallest number with which the
        receptive field of the last step covers all steps.
    n_tokens : int, default=4
        Number of tokens computed from the last step.

    Raises
    ------
    ValueError
        If a setting is out of range.

    Notes
    -----
    With x the values and the marks of all variables, block b computes

        h = relu(x * f_b),  y = relu(h * g_b + P_b x),
        (x * f)_t = c + sum over k of F_k x_{t - 2^b k}

    where steps before the first one are zero, so that no output depends on a later step. P_b is
    the identity if the numbers of channels agree. Tokens are a linear map of the last step. The
    grid has the same length for every row, so that a row's tokens depend neither on other rows nor
    on padding. Unlike in Bai, Kolter and Koltun, weights are not normalised. Carrying values
    forward and marking events follows Che et al. On series drawn from a Gaussian process
    (`skmtl.histories.GaussianProcessGrid.draw_histories`) this is the MGP-TCN of Moor et al.

    References
    ----------
    S. Bai, J. Z. Kolter, V. Koltun, "An Empirical Evaluation of Generic Convolutional and
    Recurrent Networks for Sequence Modeling", 2018, arXiv:1803.01271.

    Z. Che, S. Purushotham, K. Cho, D. Sontag, Y. Liu, "Recurrent Neural Networks for Multivariate
    Time Series with Missing Values", Scientific Reports 2018, arXiv:1606.01865 (marks of what is
    missing).

    M. Moor, M. Horn, B. Rieck, D. Roqueiro, K. Borgwardt, "Early Recognition of Sepsis with
    Gaussian Process Temporal Convolutional Networks and Dynamic Time Warping", MLHC 2019,
    arXiv:1902.01659.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmtl import MultiTab
    >>> from skmtl.histories import Histories
    >>> from skmtl.networks import TemporalConvolutions
    >>> waves = np.sin(np.arange(20) * np.linspace(1, 2, 40)[:, None])
    >>> X = pd.DataFrame({"sensor": Histories.from_array(waves)})
    >>> Y = pd.DataFrame({"speed": np.linspace(1, 2, 40), "fast": np.arange(40) > 20})
    >>> model = MultiTab(
    ...     series={"sensor": TemporalConvolutions(channels=8)}, max_epochs=2, random_state=0
    ... )
    >>> model.fit(X, Y).predict(X.head(2)).columns.tolist()
    ['speed', 'fast']
    """

    every: float | None = None
    max_steps: int = 256
    channels: int = 32
    kernel_size: int = 3
    n_blocks: int | Literal["auto"] = "auto"
    n_tokens: int = 4

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise ValueError for settings that cannot be used."""
        self.steps.check(type(self).__name__)
        for name in ("channels", "n_tokens"):
            check_whole(self, name, 1)
        check_whole(self, "kernel_size", 2)
        if self.n_blocks != "auto":
            check_whole(self, "n_blocks", 1)
            if self.n_blocks > _MOST_BLOCKS:
                raise ValueError(
                    f"TemporalConvolutions: n_blocks={self.n_blocks} must be at most "
                    f"{_MOST_BLOCKS}."
                )

    @property
    def steps(self) -> StepSettings:
        """Settings of the grid."""
        return StepSettings(self.every, self.max_steps)

    def n_tokens_for(self, shape: HistoryShape) -> int:
        """Return the number of tokens of a row."""
        return self.n_tokens

    def build(self, shape: HistoryShape, size: int, dropout: float) -> ConvolvedSeries:
        """Build the layer for a column of histories."""
        return ConvolvedSeries(self, shape, size, dropout)


class ConvolvedSeries(nn.Module):
    """The layer of `TemporalConvolutions`, from `Events` to tokens (batch, n_tokens, size).

    Parameters
    ----------
    settings : TemporalConvolutions
    shape : HistoryShape
    size : int
        Length of a token.
    dropout : float
        Dropout rate after the first convolution of each block.
    """

    def __init__(
        self, settings: TemporalConvolutions, shape: HistoryShape, size: int, dropout: float
    ) -> None:
        super().__init__()
        self.n_variables, self.n_tokens = shape.n_variables, settings.n_tokens
        self.every, self.n_steps = settings.steps.resolved(shape)
        kernel_size, n_blocks = settings.kernel_size, settings.n_blocks
        if n_blocks == "auto":
            n_blocks = _fewest_blocks(self.n_steps, kernel_size)
        widths = [2 * shape.n_variables] + [settings.channels] * n_blocks
        self.blocks = nn.ModuleList(
            CausalBlock(widths[block], widths[block + 1], kernel_size, 2**block, dropout)
            for block in range(n_blocks)
        )
        self.out = Linear(settings.channels, settings.n_tokens * size)
        self.missing = parameter(settings.n_tokens, size)

    def forward(self, events: Events) -> Tensor:
        series = on_grid(events, self.n_variables, self.every, self.n_steps)
        x = torch.cat([series.value, series.seen], dim=1)
        for block in self.blocks:
            x = block(x)
        tokens = self.out(x[..., -1]).unflatten(1, (self.n_tokens, -1))
        return torch.where(events.missing[:, None, None], self.missing, tokens)


class CausalBlock(nn.Module):
    """Two dilated causal convolutions and a residual, (batch, n_in, n_steps) to (..., n_out, ...).

    Parameters
    ----------
    n_in, n_out, kernel_size, dilation : int
    dropout : float
    """

    def __init__(
        self, n_in: int, n_out: int, kernel_size: int, dilation: int, dropout: float
    ) -> None:
        super().__init__()
        self.dilation = dilation
        self.first = matrix(n_out, n_in, kernel_size, fan_in=n_in * kernel_size)
        self.first_bias = parameter(n_out)
        self.second = matrix(n_out, n_out, kernel_size, fan_in=n_out * kernel_size)
        self.second_bias = parameter(n_out)
        self.residual = matrix(n_out, n_in, 1, fan_in=n_in) if n_in != n_out else None
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        hidden = nn.functional.relu(self._convolved(x, self.first, self.first_bias))
        change = self._convolved(self.dropout(hidden), self.second, self.second_bias)
        kept = x if self.residual is None else nn.functional.conv1d(x, self.residual)
        return nn.functional.relu(change + kept)

    def _convolved(self, x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
        before = (kernel.shape[-1] - 1) * self.dilation
        padded = nn.functional.pad(x, (before, 0))
        return nn.functional.conv1d(padded, kernel, bias, dilation=self.dilation)


def _fewest_blocks(n_steps: int, kernel_size: int) -> int:
    """Return the smallest number of blocks whose receptive field covers all steps.

    Each block has two convolutions; the dilations of the blocks are 1, 2, 4, ...
    """
    blocks = 1
    while 1 + 2 * (kernel_size - 1) * (2**blocks - 1) < n_steps:
        blocks += 1
    return blocks
