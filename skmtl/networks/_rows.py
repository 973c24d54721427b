"""The row path, which maps all tokens of a row to (1, batch, members, size).

Attention averages single tokens; the row path maps all tokens of a row at once. Accuracy on tables
depends mostly on the row path.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from skmtl.networks._activations import Activation, activated
from skmtl.networks._expert_settings import Experts
from skmtl.networks._experts import ExpertRows
from skmtl.networks._layers import Dropout, Linear, matrix, parameter, weight
from skmtl.networks._row_input import RowInput, RowOutput, TokenShape

RowMixing = Literal["none", "linear", "mlp", "ensemble"] | Experts


class LinearRows(nn.Module):
    """A linear map of the row."""

    def __init__(self, n_inputs: int, size: int) -> None:
        super().__init__()
        self.map = Linear(n_inputs, size)

    def forward(self, row: RowInput) -> RowOutput:
        return RowOutput(self.map(row.flat)[None, :, None])


class MLPRows(nn.Module):
    """A perceptron over the row."""

    def __init__(
        self,
        n_inputs: int,
        size: int,
        n_layers: int,
        dropout: float,
        activation: Activation = "relu",
    ) -> None:
        super().__init__()
        widths = [n_inputs] + [size] * n_layers
        self.layers = nn.ModuleList([Linear(a, b) for a, b in pairwise(widths)])
        self.dropout = Dropout(dropout)
        self.activation: Activation = activation

    def forward(self, row: RowInput) -> RowOutput:
        hidden = row.flat
        for layer in self.layers:
            hidden = self.dropout(activated(layer(hidden), self.activation))
        return RowOutput(hidden[None, :, None])


class MemberLinear(nn.Module):
    """A linear layer whose weight is shared by all members, each with its own scale and bias.

    Member m computes (x W) * s_m + b_m. This is BatchEnsemble (Wen, Tran and Ba 2020) without the
    scale of the inputs, because the previous layer scales its outputs already.
    """

    def __init__(self, n_in: int, n_out: int, n_members: int) -> None:
        super().__init__()
        self.weight = matrix(n_in, n_out, fan_in=n_in)
        self.scale = parameter(n_members, n_out, fill=1.0)
        self.bias = weight(n_members, n_out, fan_in=n_in)

    def forward(self, x: Tensor) -> Tensor:
        return torch.addcmul(self.bias, x @ self.weight, self.scale)


class EnsembleRows(nn.Module):
    """Several perceptrons in one, as in TabM (Gorishniy et al. 2025, arXiv 2410.24210).

    The first layer is shared, and its outputs are scaled for each member by random initial
    factors, which makes the members differ. Every member is trained on its own loss, and the raw
    scores are averaged for prediction. TabM scales the inputs instead, which needs a first layer
    per member. With many features this costs several times as much, and was not more accurate in
    our measurements.
    """

    def __init__(
        self,
        n_inputs: int,
        size: int,
        n_layers: int,
        dropout: float,
        n_members: int,
        activation: Activation = "relu",
    ) -> None:
        super().__init__()
        self.first = Linear(n_inputs, size)
        self.split_scale = parameter(n_members, size, bound=3**0.5)
        self.split_bias = weight(n_members, size, fan_in=n_inputs)
        self.layers = nn.ModuleList(
            [MemberLinear(size, size, n_members) for _ in range(n_layers - 1)]
        )
        self.dropout = Dropout(dropout)
        self.activation: Activation = activation

    def forward(self, row: RowInput) -> RowOutput:
        first = self.first(row.flat)[:, None]
        members = torch.addcmul(self.split_bias, first, self.split_scale)
        members = self.dropout(activated(members, self.activation))
        for layer in self.layers:
            members = self.dropout(activated(layer(members), self.activation))
        return RowOutput(members[None])


def row_path(
    mixing: RowMixing,
    tokens: TokenShape,
    n_tasks: int,
    *,
    size: int,
    n_layers: int,
    dropout: float,
    n_members: int,
    n_groups: int,
    activation: Activation,
) -> nn.Module | None:
    """Return the row path for a name or for settings of experts; None for "none"."""
    n_inputs = tokens.n_features * tokens.size
    if isinstance(mixing, Experts):
        return ExpertRows(mixing, tokens, n_tasks, n_layers, n_members, dropout, n_groups)
    if mixing == "none":
        return None
    if mixing == "linear":
        return LinearRows(n_inputs, size)
    if mixing == "mlp":
        return MLPRows(n_inputs, size, n_layers, dropout, activation)
    return EnsembleRows(n_inputs, size, n_layers, dropout, n_members, activation)
