"""A linear model from the features to the raw scores, added to the network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skmtl.networks._clipping import clipped_number, unclipped
from skmtl.networks._layers import parameter
from skmtl.networks._row_input import TokenShape
from skmtl.networks._tokens import code_offsets

# The smooth clipping of numbers is undone up to this many scales from the median: without a limit,
# one outlier would outweigh all other numbers.
_FURTHEST = 10.0
LARGEST_CLIPPED = clipped_number(_FURTHEST)
"""Value of a number at this limit after clipping."""


class LinearPath(nn.Module):
    """A linear model of numbers, indicators of missing values, and categories.

    Its initial coefficients are `start`, which is zero unless `start_from` is called.

    Parameters
    ----------
    tokens : TokenShape
    n_scores : int
        Number of raw scores of all tasks.
    """

    def __init__(self, tokens: TokenShape, n_scores: int) -> None:
        super().__init__()
        offsets, n_codes = code_offsets(tokens.cardinalities)
        self.offsets: Tensor
        self.register_buffer("offsets", offsets, persistent=False)
        n_columns = 2 * tokens.n_numeric + n_codes
        self.start: Tensor
        self.register_buffer("start", torch.zeros(n_columns + 1, n_scores))
        self.change = parameter(n_columns, n_scores)
        self.change.decays = True  # type: ignore[attr-defined]

    @property
    def coefficients(self) -> Tensor:
        """Coefficients of numbers, missing indicators and categories, (n_columns, n_scores)."""
        return self.start[:-1] + self.change

    def start_from(self, start: Tensor) -> None:
        """Set initial coefficients and, in the last row, intercepts: (n_columns + 1, n_scores)."""
        self.start.copy_(start)

    def design(self, numeric: Tensor, codes: Tensor) -> Tensor:
        """Return the design matrix (batch, n_columns), with one-hot encoded categories."""
        n_codes = len(self.change) - 2 * numeric.shape[1]
        places = codes + self.offsets
        one_hot = numeric.new_zeros(len(numeric), n_codes)
        one_hot.scatter_(1, places, (codes > 0).to(numeric.dtype))
        return torch.cat([self._numbers(numeric), one_hot], dim=1)

    def forward(self, numeric: Tensor, codes: Tensor) -> Tensor:
        """Return the scores, (batch, n_scores)."""
        coefficients = self.coefficients
        n_numbers = 2 * numeric.shape[1]
        scores = self._numbers(numeric) @ coefficients[:n_numbers] + self.start[-1]
        of_codes = nn.functional.embedding(codes + self.offsets, coefficients[n_numbers:])
        return scores + (of_codes * (codes > 0)[..., None]).sum(dim=1)

    @staticmethod
    def _numbers(numeric: Tensor) -> Tensor:
        """Return numbers, with 0 in place of missing ones, and missing indicators."""
        absent = numeric.isnan()
        return torch.cat(
            [unclipped(numeric.nan_to_num(0.0), _FURTHEST), absent.to(numeric.dtype)], dim=1
        )
