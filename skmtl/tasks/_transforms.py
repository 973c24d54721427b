"""Transforms of numeric labels, and their inverses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from scipy.stats import yeojohnson

from skmtl._storable import storable

Function = Callable[[np.ndarray], np.ndarray]
TransformLike = Literal["log1p", "sqrt", "yeo-johnson"] | tuple[Function, Function] | None
"""The parameter `transform` of `Regression` and `Quantile`."""


class Transform(ABC):
    """An increasing function of the labels, and its inverse."""

    def fit(self, values: np.ndarray) -> Self:
        """Return a transform that is fitted to observed labels."""
        return self

    @abstractmethod
    def forward(self, values: np.ndarray) -> np.ndarray:
        """Return labels on the transformed scale; NaN if they are outside the domain."""

    @abstractmethod
    def inverse(self, values: np.ndarray) -> np.ndarray:
        """Return values in the units of the labels, clipped to the range of the scale."""


@storable
@dataclass(frozen=True)
class LogOfOnePlus(Transform):
    """log(1 + y), for y > -1."""

    def forward(self, values: np.ndarray) -> np.ndarray:
        return np.log1p(np.where(values > -1, values, np.nan))

    def inverse(self, values: np.ndarray) -> np.ndarray:
        return np.expm1(values)


@storable
@dataclass(frozen=True)
class SquareRoot(Transform):
    """The square root, for y >= 0."""

    def forward(self, values: np.ndarray) -> np.ndarray:
        return np.sqrt(np.where(values >= 0, values, np.nan))

    def inverse(self, values: np.ndarray) -> np.ndarray:
        return np.maximum(values, 0.0) ** 2


@storable
@dataclass(frozen=True)
class YeoJohnson(Transform):
    """The power transform of Yeo and Johnson (2000), with the maximum likelihood power."""

    power: float = 1.0

    def fit(self, values: np.ndarray) -> YeoJohnson:
        return YeoJohnson(float(yeojohnson(values)[1]))

    def forward(self, values: np.ndarray) -> np.ndarray:
        return yeojohnson(values, self.power)

    def inverse(self, values: np.ndarray) -> np.ndarray:
        positive = _inverse_power(np.maximum(values, 0.0), self.power)
        negative = -_inverse_power(np.maximum(-values, 0.0), 2 - self.power)
        return np.where(values >= 0, positive, negative)


def _inverse_power(values: np.ndarray, power: float) -> np.ndarray:
    """Return x so that ((1 + x)^power - 1) / power, or log(1 + x), equals the values from 0."""
    if abs(power) < 1e-12:
        return np.expm1(values)
    base = np.maximum(power * values + 1, np.finfo(float).tiny)
    return np.expm1(np.log(base) / power)


@storable
@dataclass(frozen=True)
class OwnTransform(Transform):
    """Custom functions, which are saved in files if they are objects of storable classes."""

    function: Function
    back: Function

    def forward(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(self.function(values), dtype=np.float64)

    def inverse(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(self.back(values), dtype=np.float64)


_NAMED: dict[str, Transform] = {
    "log1p": LogOfOnePlus(),
    "sqrt": SquareRoot(),
    "yeo-johnson": YeoJohnson(),
}


def as_transform(transform: Any) -> Transform | None:
    """Return the transform for a name or a pair of functions.

    Raises
    ------
    ValueError
        For anything else.
    """
    if transform is None:
        return None
    if isinstance(transform, str) and transform in _NAMED:
        return _NAMED[transform]
    if isinstance(transform, tuple) and len(transform) == 2 and all(map(callable, transform)):
        return OwnTransform(*transform)
    raise ValueError(
        f"transform must be one of {sorted(_NAMED)}, a tuple (function, inverse), or None, got "
        f"{transform!r}."
    )


def checked_forward(transform: Transform, values: np.ndarray, task: Hashable) -> np.ndarray:
    """Return transformed labels, or raise ValueError if some are outside the domain."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        scaled = transform.forward(values)
    if scaled.shape != values.shape or not np.isfinite(scaled).all():
        strange = values[~np.isfinite(scaled)][:1] if scaled.shape == values.shape else values[:1]
        raise ValueError(
            f"Task {task!r} has labels outside the domain of its transform, such as "
            f"{strange.tolist()}. Use another transform, such as 'yeo-johnson', or shift them."
        )
    return scaled


# Residuals are summarised by the means of at most this many parts of equal weight.
_MOST_RESIDUALS = 200


def summary_of_residuals(residuals: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Divide sorted residuals into parts of equal weight and return their means."""
    order = np.argsort(residuals, kind="stable")
    weight = weight[order] / weight.sum()
    ends = np.append(0.0, np.cumsum(weight))
    sums = np.append(0.0, np.cumsum(weight * residuals[order]))
    n_parts = min(len(order), _MOST_RESIDUALS)
    return np.diff(np.interp(np.linspace(0, 1, n_parts + 1), ends, sums)) * n_parts
