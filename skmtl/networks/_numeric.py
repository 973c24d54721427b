"""Embeddings of numeric features: (batch, features) to (batch, features, size).

NaN is a missing value, for which each feature has a learnt token.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from skmtl.networks._activations import Activation, activated
from skmtl.networks._layers import parameter, weight


class LinearEmbedding(nn.Module):
    """x_f w_f + b_f (Gorishniy et al. 2021, FT-Transformer)."""

    def __init__(self, n_features: int, size: int) -> None:
        super().__init__()
        self.slope = weight(n_features, size, fan_in=size)
        self.bias = weight(n_features, size, fan_in=size)
        self.missing = weight(n_features, size, fan_in=size)

    def forward(self, x: Tensor) -> Tensor:
        absent = torch.isnan(x)
        x = torch.where(absent, 0.0, x)
        tokens = torch.addcmul(self.bias, x[..., None], self.slope) + self._shape(x)
        return torch.where(absent[..., None], self.missing, tokens)

    def _shape(self, x: Tensor) -> Tensor | float:
        """Return the nonlinear part of the embedding."""
        return 0.0


class PiecewiseLinearEmbedding(LinearEmbedding):
    """A linear function plus a piecewise linear function with knots at the features' quantiles.

    Gorishniy et al. 2022 (arXiv 2203.05556) encode x by how far it fills each bin. Here the
    same function is computed by lookup: the sum of the weights of filled bins, plus a share of the
    weight of the current bin. The cost therefore does not grow with the number of bins.

    Parameters
    ----------
    bins : sequence of float tensor of shape (n_edges_f,)
        Increasing bin edges of each feature, at least two.
    size : int
    """

    def __init__(self, bins: Sequence[Tensor], size: int) -> None:
        super().__init__(len(bins), size)
        most = max((len(edges) for edges in bins), default=2)
        edges = torch.full((len(bins), most), torch.inf)
        for f, edges_of_feature in enumerate(bins):
            edges[f, : len(edges_of_feature)] = edges_of_feature
        self.edges: Tensor
        self.register_buffer("edges", edges)
        self.bends = parameter(len(bins), most - 1, size)

    def _shape(self, x: Tensor) -> Tensor:
        edges = self.edges
        n_features, n_bins, size = self.bends.shape
        # Features on the first axis, so that each is searched in its own edges.
        bin_ = torch.searchsorted(edges[:, 1:-1].contiguous(), x.T.contiguous(), right=True).T
        last = torch.isfinite(edges).sum(dim=1) - 2
        bin_ = torch.minimum(bin_, last)
        feature = torch.arange(n_features, device=x.device)
        low, high = edges[feature, bin_], edges[feature, bin_ + 1]
        share = ((x - low) / (high - low)).clamp(0.0, 1.0)
        filled = nn.functional.pad(self.bends, (0, 0, 1, 0)).cumsum(dim=1)[:, :-1]
        index = feature * n_bins + bin_
        full = nn.functional.embedding(index, filled.reshape(-1, size))
        current = nn.functional.embedding(index, self.bends.reshape(-1, size))
        return torch.addcmul(full, share[..., None], current)


class PeriodicEmbedding(LinearEmbedding):
    """A linear function plus sines and cosines of learnt frequencies.

    Gorishniy et al. 2022 (arXiv 2203.05556), section 3.3, in the form with weights shared
    between features ("lite").
    """

    N_FREQUENCIES = 24
    # Spread of the initial frequencies; with low frequencies the functions are smooth.
    FREQUENCY_SCALE = 0.1

    def __init__(self, n_features: int, size: int, activation: Activation = "relu") -> None:
        super().__init__(n_features, size)
        self.activation: Activation = activation
        self.frequency = parameter(
            n_features, self.N_FREQUENCIES, bound=math.sqrt(3) * self.FREQUENCY_SCALE
        )
        self.mix = weight(2 * self.N_FREQUENCIES, size, fan_in=2 * self.N_FREQUENCIES)

    def _shape(self, x: Tensor) -> Tensor:
        phase = 2 * math.pi * x[..., None] * self.frequency
        waves = torch.cat([phase.sin(), phase.cos()], dim=-1)
        return activated(waves @ self.mix, self.activation)
