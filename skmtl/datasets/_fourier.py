"""Random smooth functions, and mixtures of two of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BLOCK = 8192  # number of rows whose cosines are in memory at the same time

_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FourierFunction:
    """A sum of random cosines: nearly a draw from a Gaussian process of variance 1."""

    frequencies: _Array  # (n_features, n_cosines)
    phases: _Array  # (n_cosines,)
    amplitudes: _Array  # (n_cosines,)

    @classmethod
    def draw(
        cls, n_features: int, n_cosines: int, length_scale: float, rng: np.random.RandomState
    ) -> FourierFunction:
        """Draw a function with a squared exponential kernel."""
        return cls(
            frequencies=rng.standard_normal((n_features, n_cosines)) / length_scale,
            phases=rng.uniform(0.0, 2.0 * np.pi, n_cosines),
            amplitudes=rng.standard_normal(n_cosines) * np.sqrt(2.0 / n_cosines),
        )

    def __call__(self, x: _Array) -> _Array:
        """Values (n_rows,) at x (n_rows, n_features)."""
        values = np.empty(len(x))
        for start in range(0, len(x), _BLOCK):
            rows = slice(start, start + _BLOCK)
            values[rows] = np.cos(x[rows] @ self.frequencies + self.phases) @ self.amplitudes
        return values


@dataclass(frozen=True, eq=False)
class Mixture:
    """``weight * first + (1 - weight) * second``."""

    first: FourierFunction
    second: FourierFunction
    weight: float

    def __call__(self, x: _Array) -> _Array:
        """Values (n_rows,) at x (n_rows, n_features)."""
        return self.weight * self.first(x) + (1.0 - self.weight) * self.second(x)
