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


# Code of a category that was not seen in fit, and the first code after that of missing values.
_UNKNOWN, _FIRST_KNOWN = 0, 2


@storable
@dataclass(frozen=True)
class HashedColumns:
    """Categorical features whose known categories are looked up in one shared table.

    Attributes
    ----------
    positions : tuple of int
        Positions among the categorical features.
    n_rows : int
        Number of rows of the table.
    n_hashes : int
        Number of rows for each category: the digits of its number in base `n_rows`.
    """

    positions: tuple[int, ...]
    n_rows: int
    n_hashes: int


class FeatureTokens(nn.Module):
    """Maps numbers and category codes to tokens of shape (batch, n_features, size).

    Parameters
    ----------
    bins : sequence of float tensor
        Bin edges of the numeric features, the knots of "piecewise_linear"; otherwise ignored.
    cardinalities : sequence of int
        Number of codes of each categorical feature.
    size : int
        Length of a token.
    numeric_embedding : {"linear", "periodic", "piecewise_linear"}
    hashed : HashedColumns, optional
    activation : {"relu", "silu"}, default="relu"
        Nonlinearity after the waves of "periodic".
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
        # All categories are in one table: the codes of feature j start at offset j.
        offsets, n_codes = code_offsets(cardinalities)
        self.offsets: Tensor
        self.register_buffer("offsets", offsets)
        self.categories: nn.Parameter | None = None
        if cardinalities:
            self.categories = weight(n_codes, size, fan_in=size)
        self.hashed: HashedTokens | None = None
        if hashed is not None:
            table = weight(hashed.n_rows, size // hashed.n_hashes, fan_in=size)
            self.hashed = HashedTokens(hashed, table)

    def forward(self, numeric: Tensor, codes: Tensor) -> Tensor:
        parts = []
        if self.numeric is not None:
            parts.append(self.numeric(numeric))
        if self.categories is not None:
            plain = self.plain(codes)
            tokens = nn.functional.embedding(plain + self.offsets, self.categories)
            # Code 0, a category that was not seen in fit, has a token of zeros.
            tokens = tokens * (plain > 0)[..., None]
            parts.append(tokens if self.hashed is None else self.hashed(tokens, codes))
        return torch.cat(parts, dim=1)

    def plain(self, codes: Tensor) -> Tensor:
        """Return the codes, with known categories of hashed columns replaced by unknown ones."""
        return codes if self.hashed is None else self.hashed.without(codes)


class HashedTokens(nn.Module):
    """Tokens of hashed categories: concatenated rows of a table.

    Parameters
    ----------
    columns : HashedColumns
    table : parameter of shape (n_rows, n_tasks * size // n_hashes)
        Parts of tokens of length `size`, a multiple of ``columns.n_hashes``; ``n_tasks`` is 1 for
        tokens that all tasks share.
    """

    def __init__(self, columns: HashedColumns, table: nn.Parameter) -> None:
        super().__init__()
        self.positions: Tensor
        positions = torch.tensor(columns.positions, dtype=torch.long)
        self.register_buffer("positions", positions, persistent=False)
        self.n_rows, self.n_hashes = columns.n_rows, columns.n_hashes
        self.table = table

    def forward(self, tokens: Tensor, codes: Tensor) -> Tensor:
        """Set the tokens of hashed columns among (batch, n_categorical, size).

        With a table for several tasks, tokens are (batch, n_categorical, n_tasks, size).
        """
        numbers = codes.index_select(1, self.positions) - _FIRST_KNOWN
        rest, rows = numbers.clamp(min=0), []
        for _ in range(self.n_hashes):
            rows.append(rest % self.n_rows)
            rest = rest // self.n_rows
        parts = nn.functional.embedding(torch.stack(rows, dim=-1), self.table)
        parts = parts.unflatten(-1, (*tokens.shape[2:-1], -1)).movedim(2, -2).flatten(-2)
        others = tokens.index_select(1, self.positions)
        is_known = (numbers >= 0).unflatten(-1, (-1, *[1] * (tokens.ndim - 2)))
        return tokens.index_copy(1, self.positions, torch.where(is_known, parts, others))

    def without(self, codes: Tensor) -> Tensor:
        """Return the codes, with known categories of hashed columns replaced by unknown ones."""
        hashed = codes.index_select(1, self.positions)
        plain = hashed.masked_fill(hashed >= _FIRST_KNOWN, _UNKNOWN)
        return codes.index_copy(1, self.positions, plain)


def code_offsets(cardinalities: Sequence[int]) -> tuple[Tensor, int]:
    """Return the offset of each feature's codes in a common table, and the table's length."""
    # Summed in Python: with meta tensors, torch would import its compiler for a sum.
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
