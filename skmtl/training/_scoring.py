"""Raw scores of many rows."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from skmtl.training._data import Rows

# Rows that are scored at once: enough to fill the kernels, small enough for the cache.
SCORING_ROWS = 1024


@torch.no_grad()
def in_batches(function: Callable[[Rows], Tensor], inputs: Rows, rows: int) -> Tensor:
    """The function's outputs for all rows, computed `rows` at a time."""
    parts = [
        function(inputs.take(slice(start, start + rows))) for start in range(0, len(inputs), rows)
    ]
    return torch.cat(parts)
