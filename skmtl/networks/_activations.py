"""Nonlinearities of layers by name."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

Activation = Literal["relu", "silu"]
"""SiLU, x times its logistic function, has derivatives of all orders, which equations need."""


def activated(x: Tensor, activation: Activation) -> Tensor:
    """The values after the nonlinearity."""
    return nn.functional.relu(x) if activation == "relu" else nn.functional.silu(x)
