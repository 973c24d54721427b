"""Dilated kernels of MiniRocket and MultiRocket, and the pooling of their responses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

# All kernels have nine weights, three of which are 2 and the others -1.
N_WEIGHTS = 9
TAPS = tuple(combinations(range(N_WEIGHTS), 3))
_GOLDEN = (np.sqrt(5) + 1) / 2
_MOST_DILATIONS = 32
_MOST_VARIABLES = 9


def share(above: NDArray[np.bool_], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the proportion of places above the bias."""
    return above.mean(axis=1)


def mean_height(above: NDArray[np.bool_], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean height above the bias; 0 if no place is above it."""
    return np.where(above, size, 0.0).sum(axis=1) / np.maximum(above.sum(axis=1), 1)


def mean_place(above: NDArray[np.bool_], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean position of places above the bias, from 0 to 1; -1 if there are none."""
    places = np.arange(above.shape[1]) / max(above.shape[1] - 1, 1)
    n = above.sum(axis=1)
    return np.where(n > 0, above @ places / np.maximum(n, 1), -1.0)


def longest_run(above: NDArray[np.bool_], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the longest stretch above the bias, as a fraction of the length."""
    place = np.arange(1, above.shape[1] + 1)
    last_below = np.maximum.accumulate(np.where(above, 0, place), axis=1)
    return (place - last_below).max(axis=1, initial=0) / above.shape[1]


POOLING: dict[str, Callable[[NDArray[np.bool_], NDArray[np.float64]], NDArray[np.float64]]] = {
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

    def response(self, shifted: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray:
        """Return the convolution, (n, length); see `shifted_sums`."""
        one, two, three = TAPS[self.taps]
        some = shifted[one][:, self.variables] + shifted[two][:, self.variables]
        some += shifted[three][:, self.variables]
        whole = (3.0 * some - total[:, self.variables]).sum(axis=1)
        margin = self.dilation * (N_WEIGHTS // 2)
        if self.is_padded or whole.shape[1] <= 2 * margin:
            return whole
        return whole[:, margin:-margin]


def shifted_sums(
    values: NDArray[np.float64], dilation: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return series shifted to each of the nine weights, (9, n, n_variables, length), and the sum.

    The sum is over the first axis.
    """
    length = values.shape[-1]
    shifted = np.zeros((N_WEIGHTS, *values.shape))
    for i in range(N_WEIGHTS):
        by = (i - N_WEIGHTS // 2) * dilation
        if abs(by) < length:
            there = slice(max(-by, 0), length - max(by, 0))
            shifted[i, ..., there] = values[..., max(by, 0) : length + min(by, 0)]
    return shifted, shifted.sum(axis=0)


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
