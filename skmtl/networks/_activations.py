"""Nonlinearities of layers by name."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

Activation = Literal["relu", "silu"]
"""SiLU, x * sigmoid(x), is smooth: equations need derivatives of higher order."""


def activated(x: Tensor, activation: Activation) -> Tensor:
    """Apply the nonlinearity."""
    return nn.functional.relu(x) if activation == "relu" else nn.functional.silu(x)
