"""Layers that all networks are built from.

All randomness comes from a generator that is passed in. Torch's global generator is never used, so
neither building nor training a network changes the random state of the host program.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from skmtl.networks._activations import Activation, activated


def parameter(*shape: int, bound: float = 0.0, fill: float = 0.0) -> nn.Parameter:
    """Return an empty parameter with an attribute that tells `initialise` how to fill it.

    Parameters
    ----------
    shape : int
    bound : float
        Initial values are uniform in (fill - bound, fill + bound).
    fill : float
    """
    made = nn.Parameter(torch.empty(*shape))
    made.initial = (fill - bound, fill + bound)  # type: ignore[attr-defined]
    return made


def weight(*shape: int, fan_in: int) -> nn.Parameter:
    """Return a parameter with the usual bound of 1 / sqrt(fan_in)."""
    return parameter(*shape, bound=1.0 / math.sqrt(max(fan_in, 1)))


def matrix(*shape: int, fan_in: int) -> nn.Parameter:
    """Return the weight of a linear map, to which weight decay applies.

    It does not apply to embeddings, scales and biases; see `parameters_by_decay`.
    """
    made = weight(*shape, fan_in=fan_in)
    made.decays = True  # type: ignore[attr-defined]
    return made


def parameters_by_decay(network: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Return the parameters to which weight decay applies, and all others."""
    parts: tuple[list[nn.Parameter], list[nn.Parameter]] = ([], [])
    for made in network.parameters():
        plain = not hasattr(made, "initial")  # in layers from torch, matrices decay
        parts[not getattr(made, "decays", plain and made.ndim > 1)].append(made)
    return parts


@torch.no_grad()
def initialise(network: nn.Module, generator: torch.Generator) -> None:
    """Draw the parameters made by `parameter`, `weight` and `matrix`, in the order of their names.

    Parameters of layers from torch are not changed; see `built`.
    """
    for _, made in sorted(network.named_parameters()):
        if hasattr(made, "initial"):
            low, high = made.initial
            made.uniform_(low, high, generator=generator) if low < high else made.fill_(low)


class Linear(nn.Module):
    """y = x W + b over the last axis, (..., n_in) to (..., n_out)."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.weight = matrix(n_out, n_in, fan_in=n_in)
        self.bias = parameter(n_out)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.linear(x, self.weight, self.bias)


class LayerNorm(nn.Module):
    """Layer normalisation over the last axis."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.scale = parameter(size, fill=1.0)
        self.shift = parameter(size)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.layer_norm(x, x.shape[-1:], self.scale, self.shift)


class Dropout(nn.Module):
    """Dropout that draws from its own generator (see `seed_dropout`)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.generator: torch.Generator | None = None

    @property
    def active(self) -> bool:
        return self.training and self.rate > 0

    def forward(self, x: Tensor) -> Tensor:
        if not self.active:
            return x
        return x * self._keep(x)

    def _keep(self, x: Tensor) -> Tensor:
        """Return the scaled mask of entries to keep; rates are rounded to multiples of 1/65,536.

        Each random 64-bit integer is used for four entries: one draw per entry took a seventh of
        a training step on a CPU.
        """
        n = x.numel()
        bits = torch.empty(-(-n // 4), dtype=torch.int64, device=x.device)
        # From the smallest to the largest integer: all 64 bits are random.
        bits.random_(-(2**63), None, generator=self.generator)
        dropped = round(self.rate * 65536)
        keep = bits.view(torch.int16)[:n].view(x.shape) >= dropped - 32768
        return keep.to(x.dtype).mul_(65536 / (65536 - dropped))


def seed_dropout(network: nn.Module, generator: torch.Generator | None) -> None:
    """Set the generator of every dropout layer, or remove it with None."""
    for module in network.modules():
        if isinstance(module, Dropout):
            module.generator = generator


class FeedForward(nn.Module):
    """Residual feed-forward layer with pre-normalisation over the last axis."""

    def __init__(
        self, size: int, hidden: int, dropout: float, activation: Activation = "relu"
    ) -> None:
        super().__init__()
        self.norm = LayerNorm(size)
        self.up = Linear(size, hidden)
        self.down = Linear(hidden, size)
        self.dropout = Dropout(dropout)
        self.activation: Activation = activation

    def forward(self, x: Tensor) -> Tensor:
        hidden = activated(self.up(self.norm(x)), self.activation)
        return x + self.down(self.dropout(hidden))
