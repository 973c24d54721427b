"""The smooth clipping of scaled numbers to (-3, 3), which the encoder of tables applies."""

from __future__ import annotations

import torch
from torch import Tensor

_CLIPPED_TO = 3.0


def clipped(scaled: Tensor) -> Tensor:
    """Scaled numbers after smooth clipping."""
    return scaled * torch.rsqrt(1 + (scaled / _CLIPPED_TO).square())


def clipped_number(scaled: float) -> float:
    """The same for one number."""
    return scaled / (1 + (scaled / _CLIPPED_TO) ** 2) ** 0.5


def unclipped(numeric: Tensor, furthest: float) -> Tensor:
    """Scaled numbers as they were before they were clipped, up to `furthest` scales."""
    limit = clipped_number(furthest)
    numeric = numeric.clamp(-limit, limit)
    return numeric * torch.rsqrt(1 - (numeric / _CLIPPED_TO).square())
