"""Embeddings of variables by the text of their names."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import torch
from torch import Tensor, nn

from skmtl._name_grams import name_grams
from skmtl.networks._layers import weight

_N_ROWS = 2048


class NameEmbedding(nn.Module):
    """Embeddings (n_names, size), which are alike for names with many letters in common.

    Parameters
    ----------
    names : sequence of str
    size : int
    """

    def __init__(self, names: Sequence[str], size: int) -> None:
        super().__init__()
        grams = [name_grams(name) for name in names]
        # A checksum is the same in every process, which Python's hashes of text are not.
        rows = [crc32(gram.encode()) % _N_ROWS for of_name in grams for gram in of_name]
        name_of = [place for place, of_name in enumerate(grams) for _ in of_name]
        counts = torch.tensor([float(len(of_name)) for of_name in grams])
        self.rows: Tensor
        self.name_of: Tensor
        self.divisor: Tensor
        self.register_buffer("rows", torch.tensor(rows), persistent=False)
        self.register_buffer("name_of", torch.tensor(name_of), persistent=False)
        self.register_buffer("divisor", counts.sqrt()[:, None], persistent=False)
        self.table = weight(_N_ROWS, size, fan_in=4)

    def forward(self) -> Tensor:
        letters = nn.functional.embedding(self.rows, self.table)
        total = letters.new_zeros(len(self.divisor), letters.shape[1])
        return total.index_add(0, self.name_of, letters) / self.divisor
