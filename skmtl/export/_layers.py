"""Write layers of `skmtl.networks` as operators."""

from __future__ import annotations

import numpy as np
import torch

from skmtl.export._graph import Value
from skmtl.networks import Activation, Linear


def array_of(tensor: torch.Tensor) -> np.ndarray:
    """Convert a tensor to an array on the CPU."""
    return tensor.detach().cpu().numpy()


def linear(layer: Linear, x: Value) -> Value:
    """Write `Linear.forward`."""
    return x @ array_of(layer.weight).T + array_of(layer.bias)


def normalised(x: Value, scale: torch.Tensor, shift: torch.Tensor) -> Value:
    """Write layer normalisation over the last axis, scaled and shifted."""
    return x.op("LayerNormalization", array_of(scale), array_of(shift), epsilon=1e-5)


def swish(x: Value) -> Value:
    """Write the product of x and its logistic function."""
    return x * x.op("Sigmoid")


def activated(x: Value, activation: Activation) -> Value:
    """The values after a nonlinearity of `skmtl.networks`."""
    return x.op("Relu") if activation == "relu" else swish(x)
