"""Features from random convolutions: shapes, frequencies and bursts at any position."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from skmtl.histories._array import Histories
from skmtl.histories._grid import Grid
from skmtl.histories._kernels import POOLING, Above, Kernel, PaddedSeries, plan_kernels
from skmtl.histories._transformer import HistoryTransformer

_SAMPLE = 100
_CELLS = 2**16
"""Places of the series that are computed at once, so that they stay in the processor's cache."""


class ConvolutionFeatures(HistoryTransformer):
    """Features of random dilated convolutions: MiniRocket, or MultiRocket with more pooling.

    Each history is converted to a series on a grid of equal steps, with linear interpolation of
    missing values; series may have different lengths. Kernels of nine weights slide over sums of
    variables; a feature is the share of places where the response is above a bias. Other columns
    of X pass through.

    Parameters
    ----------
    n_features : int, default=1000
        Number of biases, rounded down to a multiple of 84, the number of kernels. A ridge
        regression on these features alone improves up to 10,000, the number of MiniRocket;
        boosting and networks, with other columns beside them, do better with fewer.
    every : float, default=None
        Step of the grid in the unit of the histories; values within a step are averaged. None is
        the median time between two events of a history.
    pooling : sequence of str, default=("ppv",)
        "ppv" (proportion of positive values, above the bias), "mpv" (mean of positive values),
        "mipv" (mean index of positive values), "lspv" (longest stretch of positive values).
    differences : bool, default=False
        Whether to add features of first differences. MultiRocket uses all kinds of pooling with
        differences.
    standardize : bool, default=True
        Whether to divide each variable by its standard deviation in `fit`, so that units do not
        matter. Otherwise the variables with the largest numbers prevail in sums of variables, as
        in the published method, which can be better for sensors of one kind.
    columns : sequence, default=None
        The columns of histories; None for all.
    random_state : int, RandomState or None, default=None
        Determines which variables are summed, and from which series biases are computed.
    n_jobs : int, default=None
        Number of joblib processes.

    References
    ----------
    A. Dempster, D. Schmidt, G. Webb, MiniRocket: a very fast (almost) deterministic transform for
    time series classification, KDD 2021. C. Tan et al., MultiRocket, Data Mining and Knowledge
    Discovery 36, 2022.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skmtl.histories import ConvolutionFeatures, Histories
    >>> waves = np.sin(np.arange(40) * np.array([[1.0], [2.0]]))
    >>> X = pd.DataFrame({"ecg": Histories.from_array(waves, rate=100)})
    >>> ConvolutionFeatures(84, random_state=0).fit_transform(X).shape
    (2, 84)
    """

    def __init__(
        self,
        n_features: int = 1000,
        *,
        every: float | None = None,
        pooling: Sequence[str] = ("ppv",),
        differences: bool = False,
        standardize: bool = True,
        columns: Sequence[Hashable] | None = None,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_features = n_features
        self.every = every
        self.pooling = pooling
        self.differences = differences
        self.standardize = standardize
        self.columns = columns
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _learn(self, histories: Histories, y: Any) -> LearntConvolutions:
        strange = [name for name in self.pooling if name not in POOLING]
        if strange or not len(self.pooling):
            raise ValueError(f"pooling must be some of {list(POOLING)}, got {self.pooling!r}.")
        if not self.n_features >= 1:
            raise ValueError(f"n_features must be at least 1, got {self.n_features!r}.")
        random = check_random_state(self.random_state)
        grid = Grid.of(histories, self.every)
        scale = _scales(grid, histories) if self.standardize else np.ones(len(grid.variables))
        rows = np.flatnonzero(histories.n_events)
        chosen = random.permutation(rows)[:_SAMPLE]
        sample = [
            _finite(one, scale)
            for b in grid.batches(histories[chosen])
            for one in b.values[:, None]
        ]
        lengths = grid.lengths(histories[rows])
        orders = (0, 1) if self.differences else (0,)
        banks = [
            _learnt_kernels(
                plan_kernels(int(self.n_features), int(np.median(lengths)), len(scale), random),
                [_differences(one, order) for one in sample],
                random,
            )
            for order in orders
        ]
        return LearntConvolutions(grid, scale, banks, tuple(self.pooling))


@dataclass
class LearntConvolutions:
    """Fitted kernels and biases.

    Attributes
    ----------
    grid : Grid
    scale : ndarray of float64, shape (n_variables,)
        By which the variables are divided.
    banks : list of list of Kernel
        Kernels for the series and, with `differences`, for their differences.
    pooling : tuple of str
    """

    grid: Grid
    scale: NDArray[np.float64]
    banks: list[list[Kernel]]
    pooling: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Names of the features, by bank, kernel, bias and pooling."""
        return [
            f"{'change ' * order}{name} {pooling}"
            for order, bank in enumerate(self.banks)
            for kernel in bank
            for name in kernel.names()
            for pooling in self.pooling
        ]

    def table(self, histories: Histories) -> NDArray[np.float32]:
        """Compute the features, (n, n_features)."""
        table = np.full((len(histories), len(self.names)), np.nan, dtype=np.float32)
        for batch in self.grid.batches(histories):
            size = max(_CELLS // batch.values.shape[-1], 1)
            for start in range(0, len(batch.rows), size):
                some = slice(start, start + size)
                table[batch.rows[some]] = self._features(batch.values[some]).T
        return table

    def _features(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Compute the features of series (n, n_variables, length), (n_features, n)."""
        seen = ~np.isnan(values[..., 0])
        finite = _finite(values, self.scale)
        return np.concatenate(
            [
                features
                for order, bank in enumerate(self.banks)
                for features in self._pooled(_differences(finite, order), seen, bank)
            ]
        )

    def _pooled(
        self, series: NDArray[np.float64], seen: NDArray[np.bool_], bank: list[Kernel]
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the features of each kernel, by bias and pooling."""
        for dilation, kernels in groupby(bank, attrgetter("dilation")):
            padded = PaddedSeries.of(series, dilation)
            for kernel in kernels:
                above = Above(kernel.response(padded), kernel.biases)
                pooled = np.stack([POOLING[name](above) for name in self.pooling], axis=1)
                unseen = ~seen[:, kernel.variables].any(axis=1)
                pooled[..., unseen] = np.nan
                yield pooled.reshape(-1, len(series)).astype(np.float32)


def _differences(series: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """Return differences; the series themselves if they are too short."""
    return np.diff(series, n=order) if series.shape[-1] > order else series


def _learnt_kernels(
    plan: Any, sample: list[NDArray[np.float64]], random: np.random.RandomState
) -> list[Kernel]:
    """Set the biases of each kernel to quantiles of its response to a random series."""
    kernels = []
    for kernel in plan:
        series = sample[random.randint(len(sample))]
        response = kernel.response(PaddedSeries.of(series, kernel.dilation))
        kernel.biases = np.quantile(response, kernel.biases)
        kernels.append(kernel)
    return kernels


def _finite(values: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.nan_to_num(values / scale[:, None])


def _scales(grid: Grid, histories: Histories) -> NDArray[np.float64]:
    """Return the standard deviations of the variables over all histories; 1 for constants."""
    k = len(grid.variables)
    count, total, squares = np.zeros(k), np.zeros(k), np.zeros(k)
    centre: NDArray[np.float64] | None = None
    for batch in grid.batches(histories):
        if centre is None:
            centre = np.nan_to_num(np.nanmean(_first(batch.values), axis=(0, 2), keepdims=True))
        around = batch.values - centre
        count += (~np.isnan(around)).sum(axis=(0, 2))
        total += np.nansum(around, axis=(0, 2))
        squares += np.nansum(around**2, axis=(0, 2))
    mean = total / np.maximum(count, 1)
    spread = np.sqrt(np.maximum(squares / np.maximum(count, 1) - mean**2, 0))
    return np.where(spread > 0, spread, 1.0)


def _first(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values, with zeros for variables without any values."""
    empty = np.isnan(values).all(axis=(0, 2), keepdims=True)
    return np.where(empty, 0.0, values)
