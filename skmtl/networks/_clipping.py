"""Smooth clipping of scaled numbers to (-3, 3), as applied by the encoder of tables."""

from __future__ import annotations

import torch
from torch import Tensor

_CLIPPED_TO = 3.0


def clipped(scaled: Tensor) -> Tensor:
    """Clip scaled numbers smoothly."""
    return scaled * torch.rsqrt(1 + (scaled / _CLIPPED_TO).square())


def clipped_number(scaled: float) -> float:
    """Clip one scaled number smoothly."""
    return scaled / (1 + (scaled / _CLIPPED_TO) ** 2) ** 0.5


def unclipped(numeric: Tensor, furthest: float) -> Tensor:
    """Undo the smooth clipping; the result is limited to `furthest` in absolute value."""
    limit = clipped_number(furthest)
    numeric = numeric.clamp(-limit, limit)
    return numeric * torch.rsqrt(1 - (numeric / _CLIPPED_TO).square())
