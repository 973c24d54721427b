"""Mask of the feature tokens of a row whose sources are absent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from skmtl._storable import storable
from skmtl.networks._batch import Batch

PRESENT_SOURCES = "present sources"
"""Key in the extras of a `Batch` for the sources that each row has, (n_rows, n_sources)."""

_UNKNOWN = 0  # code of an unknown category


@storable
@dataclass(frozen=True)
class ColumnSources:
    """Index of the source of each column, -1 for columns that are always present.

    Attributes
    ----------
    numeric, categorical, histories : tuple of int
    """

    numeric: tuple[int, ...]
    categorical: tuple[int, ...]
    histories: tuple[int, ...]


class SourceMask(nn.Module):
    """Removes the values of absent sources from a batch.

    Parameters
    ----------
    sources : ColumnSources
    n_tokens : sequence of int
        Number of tokens of each column of histories.
    """

    def __init__(self, sources: ColumnSources, n_tokens: Sequence[int]) -> None:
        super().__init__()
        histories = zip(sources.histories, n_tokens, strict=True)
        of_histories = [source for source, n in histories for _ in range(n)]
        self.numeric: Tensor
        self.codes: Tensor
        self.tokens: Tensor
        for name, numbers in (
            ("numeric", sources.numeric),
            ("codes", sources.categorical),
            ("tokens", [*sources.numeric, *sources.categorical, *of_histories]),
        ):
            numbers_ = torch.tensor(numbers, dtype=torch.long)
            self.register_buffer(name, numbers_, persistent=False)

    def forward(self, batch: Batch) -> tuple[Batch, Tensor]:
        """Return the batch without values of absent sources, and a mask of their tokens.

        The mask is (batch, n_features). Values are replaced by zeros and unknown categories, whose
        tokens are masked.
        """
        absent = ~batch.extras[PRESENT_SOURCES]  # type: ignore[operator]
        absent = nn.functional.pad(absent, (0, 1))  # index -1: never absent
        known = replace(
            batch,
            numeric=batch.numeric.masked_fill(absent[:, self.numeric], 0.0),
            codes=batch.codes.masked_fill(absent[:, self.codes], _UNKNOWN),
        )
        return known, absent[:, self.tokens]
