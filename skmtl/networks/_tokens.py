"""One token per feature."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Literal

import torch
from torch import Tensor, nn

from skmtl.networks._layers import weight
from skmtl.networks._numeric import LinearEmbedding, PeriodicEmbedding, PiecewiseLinearEmbedding

NumericEmbedding = Literal["linear", "periodic", "piecewise_linear"]


class FeatureTokens(nn.Module):
    """Numbers and category codes to tokens of shape (batch, n_features, size).

    Parameters
    ----------
    bins : sequence of float tensor
        Bin edges of the numeric features; only "piecewise_linear" bends at them.
    cardinalities : sequence of int
        Number of codes of each categorical feature.
    size : int
        Length of a token.
    numeric_embedding : {"linear", "periodic", "piecewise_linear"}
    """

    def __init__(
        self,
        bins: Sequence[Tensor],
        cardinalities: Sequence[int],
        size: int,
        numeric_embedding: NumericEmbedding,
    ) -> None:
        super().__init__()
        self.n_features = len(bins) + len(cardinalities)
        self.size = size
        self.numeric: nn.Module | None = None
        if bins:
            self.numeric = _numeric_embedding(numeric_embedding, bins, size)
        # All categories in one table: feature j's codes start at offset j.
        offsets, n_codes = code_offsets(cardinalities)
        self.offsets: Tensor
        self.register_buffer("offsets", offsets)
        self.categories: nn.Parameter | None = None
        if cardinalities:
            self.categories = weight(n_codes, size, fan_in=size)

    def forward(self, numeric: Tensor, codes: Tensor) -> Tensor:
        parts = []
        if self.numeric is not None:
            parts.append(self.numeric(numeric))
        if self.categories is not None:
            tokens = nn.functional.embedding(codes + self.offsets, self.categories)
            # Code 0, a category that fitting never saw, says nothing: its token is zero.
            parts.append(tokens * (codes > 0)[..., None])
        return torch.cat(parts, dim=1)


def code_offsets(cardinalities: Sequence[int]) -> tuple[Tensor, int]:
    """Where the codes of each categorical feature start in a table of all, and its length."""
    # Not by torch, which imports its compiler to sum where only shapes are asked for.
    *offsets, n_codes = accumulate(cardinalities, initial=0)
    return torch.tensor(offsets, dtype=torch.long), n_codes


def _numeric_embedding(name: NumericEmbedding, bins: Sequence[Tensor], size: int) -> nn.Module:
    if name == "piecewise_linear":
        return PiecewiseLinearEmbedding(bins, size)
    return {"linear": LinearEmbedding, "periodic": PeriodicEmbedding}[name](len(bins), size)
