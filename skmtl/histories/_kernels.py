"""Dilated kernels of MiniRocket and MultiRocket, and the pooling of their responses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# All kernels have nine weights, three of which are 2 and the others -1.
N_WEIGHTS = 9
TAPS = tuple(combinations(range(N_WEIGHTS), 3))
_GOLDEN = (np.sqrt(5) + 1) / 2
_MOST_DILATIONS = 32
_MOST_VARIABLES = 9


class Above:
    """The places where a response is above each of some biases.

    Parameters
    ----------
    response : ndarray of float64, shape (length, n)
    biases : ndarray of float64, shape (n_biases,)

    Attributes
    ----------
    places : ndarray of bool, shape (n_biases, length, n)
    count : ndarray of int64, shape (n_biases, n)
        Number of places.
    """

    def __init__(self, response: NDArray[np.float64], biases: NDArray[np.float64]) -> None:
        self.response, self.biases = response, biases[:, None, None]
        self.places = response > self.biases
        # Sums of bytes are many times faster than those of bool, but must not exceed 255.
        count = np.zeros((len(biases), response.shape[1]), dtype=np.int64)
        for start in range(0, self.length, 255):
            some = self.places[:, start : start + 255].view(np.uint8)
            count += np.add.reduce(some, axis=1, dtype=np.uint8)
        self.count = count

    @property
    def length(self) -> int:
        """Number of all places."""
        return len(self.response)


def share(above: Above) -> NDArray[np.float64]:
    """Return the proportion of places above the bias."""
    return above.count / above.length


def mean_height(above: Above) -> NDArray[np.float64]:
    """Return the mean height above the bias; 0 if no place is above it."""
    heights = np.maximum(above.response - above.biases, 0.0)
    return heights.sum(axis=1) / np.maximum(above.count, 1)


def mean_place(above: Above) -> NDArray[np.float64]:
    """Return the mean position of places above the bias, from 0 to 1; -1 if there are none."""
    # Sums of whole numbers are exact, whatever their order.
    total = np.arange(above.length, dtype=np.float64) @ above.places.astype(np.float64)
    most = np.maximum(above.count, 1) * max(above.length - 1, 1)
    return np.where(above.count > 0, total / most, -1.0)


def longest_run(above: Above) -> NDArray[np.float64]:
    """Return the longest stretch above the bias, as a fraction of the length."""
    # A place below the bias is added to each series, so that every stretch ends within it.
    below = np.ones((*above.count.shape, above.length + 1), dtype=bool)
    np.logical_not(above.places.swapaxes(1, 2), out=below[..., :-1])
    stops = np.flatnonzero(below)
    runs = np.diff(stops, prepend=-1) - 1
    n_stops = (above.length + 1 - above.count).ravel()
    longest = np.maximum.reduceat(runs, np.cumsum(n_stops) - n_stops)
    return longest.reshape(above.count.shape) / above.length


POOLING: dict[str, Callable[[Above], NDArray[np.float64]]] = {
    "ppv": share,
    "mpv": mean_height,
    "mipv": mean_place,
    "lspv": longest_run,
}


@dataclass
class Kernel:
    """A kernel on the sum of some variables.

    Attributes
    ----------
    dilation : int
        Steps between its weights.
    taps : int
        Position in `TAPS`.
    variables : ndarray of int64
    is_padded : bool
        Whether to use places near the ends, with zero padding.
    biases : ndarray of float64
    """

    dilation: int
    taps: int
    variables: NDArray[np.int64]
    is_padded: bool
    biases: NDArray[np.float64]

    def names(self) -> list[str]:
        """Return a name for each bias."""
        return [f"kernel {self.dilation}-{self.taps}-{i}" for i in range(len(self.biases))]

    def response(self, series: PaddedSeries) -> NDArray[np.float64]:
        """Return the convolution with the sum of the variables, (length, n)."""
        summed = _sum_of(series.padded, self.variables)
        one, two, three = (
            summed[tap * self.dilation :][: series.length] for tap in TAPS[self.taps]
        )
        whole = one + two
        whole += three
        whole *= 3.0
        whole -= _sum_of(series.of_weights, self.variables)
        margin = self.dilation * (N_WEIGHTS // 2)
        if self.is_padded or series.length <= 2 * margin:
            return whole
        return whole[margin:-margin]


class PaddedSeries(NamedTuple):
    """Series for kernels of one dilation.

    All series are side by side, because operations along the last axis are the fastest.

    Attributes
    ----------
    padded : ndarray of float64, shape (n_variables, length + 8 * dilation, n)
        The series between zeros.
    of_weights : ndarray of float64, shape (n_variables, length, n)
        Sums over the places of all nine weights.
    """

    padded: NDArray[np.float64]
    of_weights: NDArray[np.float64]

    @classmethod
    def of(cls, values: NDArray[np.float64], dilation: int) -> PaddedSeries:
        """Pad series (n, n_variables, length)."""
        n, n_variables, length = values.shape
        margin = dilation * (N_WEIGHTS // 2)
        padded = np.zeros((n_variables, length + 2 * margin, n))
        padded[:, margin : margin + length] = np.moveaxis(values, 0, -1)
        of_weights = np.zeros((n_variables, length, n))
        for i in range(N_WEIGHTS):
            of_weights += padded[:, i * dilation :][:, :length]
        return cls(padded, of_weights)

    @property
    def length(self) -> int:
        """Length of the series without the zeros."""
        return self.of_weights.shape[1]


def _sum_of(series: NDArray[np.float64], variables: NDArray[np.int64]) -> NDArray[np.float64]:
    """Add the series of some variables; faster than a sum of a copy of all of them."""
    first, *rest = variables
    total = series[first]
    for variable in rest:
        total = total + series[variable]
    return total


def plan_kernels(
    n_features: int, length: int, n_variables: int, random: np.random.RandomState
) -> Iterator[Kernel]:
    """Yield kernels for series of a length, with quantile levels in place of biases.

    Yields
    ------
    Kernel
        Kernels of the same dilation are consecutive.
    """
    per_kernel = max(n_features // len(TAPS), 1)
    most = max(np.log2(max(length - 1, 1) / (N_WEIGHTS - 1)), 0.0)
    exponents = np.linspace(0, most, min(per_kernel, _MOST_DILATIONS))
    dilations, counts = np.unique((2**exponents).astype(int), return_counts=True)
    n_biases = np.maximum(counts * per_kernel // counts.sum(), 1)
    n_biases[: max(per_kernel - n_biases.sum(), 0)] += 1
    number = 0
    plan = zip(dilations.tolist(), n_biases.tolist(), strict=True)
    for place, (dilation, n) in enumerate(plan):
        for taps in range(len(TAPS)):
            at_most = np.log2(min(n_variables, _MOST_VARIABLES) + 1)
            size = int(2 ** random.uniform(0, at_most))
            variables = np.sort(random.permutation(n_variables)[: min(size, n_variables)])
            # Low-discrepancy levels, as in MiniRocket.
            levels = ((number + np.arange(n) + 1) * _GOLDEN) % 1
            number += n
            yield Kernel(dilation, taps, variables, (place + taps) % 2 == 0, levels)
