"""One token per feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

import torch
from torch import Tensor, nn

from skmtl._storable import storable
from skmtl.networks._activations import Activation
from skmtl.networks._layers import weight
from skmtl.networks._numeric import LinearEmbedding, PeriodicEmbedding, PiecewiseLinearEmbedding

NumericEmbedding = Literal["linear", "periodic", "piecewise_linear"]


# Codes of a category that fitting never saw, and of a missing one.
_UNKNOWN, _FIRST_KNOWN = 0, 2


@storable
@dataclass(frozen=True)
class HashedColumns:
    """Categorical features whose known codes are rows of a table that they share.

    Attributes
    ----------
    positions : tuple of int
        Among the categorical features.
    n_rows : int
        Of the table.
    n_hashes : int
        Rows of a code: the digits of the number of a known category in the base `n_rows`.
    """

    positions: tuple[int, ...]
    n_rows: int
    n_hashes: int


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
    hashed : HashedColumns, optional
    activation : {"relu", "silu"}, default="relu"
        Of the waves of "periodic".
    """

    def __init__(
        self,
        bins: Sequence[Tensor],
        cardinalities: Sequence[int],
        size: int,
        numeric_embedding: NumericEmbedding,
        hashed: HashedColumns | None = None,
        activation: Activation = "relu",
    ) -> None:
        super().__init__()
        self.n_features = len(bins) + len(cardinalities)
        self.size = size
        self.numeric: nn.Module | None = None
        if bins:
            self.numeric = _numeric_embedding(numeric_embedding, bins, size, activation)
        # All categories in one table: feature j's codes start at offset j.
        offsets, n_codes = code_offsets(cardinalities)
        self.offsets: Tensor
        self.register_buffer("offsets", offsets)
        self.categories: nn.Parameter | None = None
        if cardinalities:
            self.categories = weight(n_codes, size, fan_in=size)
        self.hashed = None if hashed is None else HashedTokens(hashed, size)

    def forward(self, numeric: Tensor, codes: Tensor) -> Tensor:
        parts = []
        if self.numeric is not None:
            parts.append(self.numeric(numeric))
        if self.categories is not None:
            plain = self.plain(codes)
            tokens = nn.functional.embedding(plain + self.offsets, self.categories)
            # Code 0, a category that fitting never saw, says nothing: its token is zero.
            tokens = tokens * (plain > 0)[..., None]
            parts.append(tokens if self.hashed is None else self.hashed(tokens, codes))
        return torch.cat(parts, dim=1)

    def plain(self, codes: Tensor) -> Tensor:
        """The codes, of which hashed ones say nothing."""
        return codes if self.hashed is None else self.hashed.without(codes)


class HashedTokens(nn.Module):
    """Tokens of hashed categories: rows of a table side by side.

    Parameters
    ----------
    columns : HashedColumns
    size : int
        Length of a token, a multiple of the number of rows.
    """

    def __init__(self, columns: HashedColumns, size: int) -> None:
        super().__init__()
        self.positions: Tensor
        positions = torch.tensor(columns.positions, dtype=torch.long)
        self.register_buffer("positions", positions, persistent=False)
        self.n_rows, self.n_hashes = columns.n_rows, columns.n_hashes
        self.table = weight(self.n_rows, size // self.n_hashes, fan_in=size)

    def forward(self, tokens: Tensor, codes: Tensor) -> Tensor:
        """Tokens (batch, n_categorical, size) with those of the hashed categories."""
        numbers = codes.index_select(1, self.positions) - _FIRST_KNOWN
        is_known = (numbers >= 0)[..., None]
        rest, rows = numbers.clamp(min=0), []
        for _ in range(self.n_hashes):
            rows.append(rest % self.n_rows)
            rest = rest // self.n_rows
        parts = nn.functional.embedding(torch.stack(rows, dim=-1), self.table)
        others = tokens.index_select(1, self.positions)
        return tokens.index_copy(
            1, self.positions, torch.where(is_known, parts.flatten(-2), others)
        )

    def without(self, codes: Tensor) -> Tensor:
        """The codes, where those of hashed categories are unknown."""
        hashed = codes.index_select(1, self.positions)
        plain = hashed.masked_fill(hashed >= _FIRST_KNOWN, _UNKNOWN)
        return codes.index_copy(1, self.positions, plain)


def code_offsets(cardinalities: Sequence[int]) -> tuple[Tensor, int]:
    """Where the codes of each categorical feature start in a table of all, and its length."""
    # Not by torch, which imports its compiler to sum where only shapes are asked for.
    *offsets, n_codes = accumulate(cardinalities, initial=0)
    return torch.tensor(offsets, dtype=torch.long), n_codes


def _numeric_embedding(
    name: NumericEmbedding, bins: Sequence[Tensor], size: int, activation: Activation
) -> nn.Module:
    if name == "piecewise_linear":
        return PiecewiseLinearEmbedding(bins, size)
    if name == "periodic":
        return PeriodicEmbedding(len(bins), size, activation)
    return LinearEmbedding(len(bins), size)
