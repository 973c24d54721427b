"""Which feature tokens of a row are there, where columns come from several sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from skmtl._storable import storable
from skmtl.networks._batch import Batch

PRESENT_SOURCES = "present sources"
"""Name of the extra of a `Batch` that says which sources a row has, (n_rows, n_sources)."""

_UNKNOWN = 0  # the code of a category that says nothing


@storable
@dataclass(frozen=True)
class ColumnSources:
    """Number of the source of each column, -1 for columns that are always there.

    Attributes
    ----------
    numeric, categorical, histories : tuple of int
    """

    numeric: tuple[int, ...]
    categorical: tuple[int, ...]
    histories: tuple[int, ...]


class SourceMask(nn.Module):
    """Takes absent sources out of a batch.

    Parameters
    ----------
    sources : ColumnSources
    n_tokens : sequence of int
        Of each column of histories.
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
        """The batch without values of absent sources, and their tokens (batch, n_features).

        Zeros and unknown categories, by which the values are replaced, are never embedded.
        """
        absent = ~batch.extras[PRESENT_SOURCES]  # type: ignore[operator]
        absent = nn.functional.pad(absent, (0, 1))  # the last one, -1: never
        known = replace(
            batch,
            numeric=batch.numeric.masked_fill(absent[:, self.numeric], 0.0),
            codes=batch.codes.masked_fill(absent[:, self.codes], _UNKNOWN),
        )
        return known, absent[:, self.tokens]
