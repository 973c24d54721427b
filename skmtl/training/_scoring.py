"""Raw scores of many rows."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from skmtl.networks import Batch

# Rows that are scored at once: enough for efficient kernels, few enough for the cache.
SCORING_ROWS = 1024
# Matrix products of a few rows use other kernels, which round differently. Smaller batches are
# padded to this size, so that a single row has the same scores, bit by bit, as in a batch.
_FEWEST_ROWS = 16


@torch.no_grad()
def in_batches(function: Callable[[Batch], Tensor], inputs: Batch, rows: int) -> Tensor:
    """Return the outputs of a function for all rows, computed `rows` at a time."""
    parts = []
    for start in range(0, len(inputs), rows):
        chosen = torch.arange(start, min(start + rows, len(inputs)))
        short = max(_FEWEST_ROWS - len(chosen), 0)
        filled = nn.functional.pad(chosen, (0, short), value=start)
        parts.append(function(inputs.take(filled))[: len(chosen)])
    return torch.cat(parts)
