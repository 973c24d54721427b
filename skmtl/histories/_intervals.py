"""Quantiles of intervals of series (QUANT)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmtl.histories._array import Histories
from skmtl.histories._grid import Grid, grid_names
from skmtl.histories._transformer import HistoryTransformer

_SMOOTHED = 5  # first differences in a mean, as in QUANT


class IntervalQuantiles(HistoryTransformer):
    """Quantiles of the values in halves, quarters and so on of each series (QUANT).

    Quantiles are computed for the series, its first differences (means of five successive ones),
    its second differences, and its spectrum. Each history is converted to a series on a grid of
    equal steps, with linear interpolation of missing values; intervals are fractions of its
    length. Other columns of X pass through.

    Parameters
    ----------
    depth : int, default=3
        Number of times that series are halved: up to ``2 ** depth`` intervals, and one less
        between their centres. QUANT has 5.
    per_quantile : int, default=4
        Number of values of an interval per quantile, at the usual length of the series.
    every : float, default=None
        Step of the grid in the unit of the histories. None is the median time between two events.
    columns : sequence, default=None
        The columns of histories; None for all.
    n_jobs : int, default=None
        Number of joblib processes.

    References
    ----------
    A. Dempster, D. Schmidt, G. Webb, QUANT: a minimalist interval method for time series
    classification, Data Mining and Knowledge Discovery 38, 2024.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmtl.histories import Histories, IntervalQuantiles
    >>> X = pd.DataFrame({"ecg": Histories.from_array([[0.0, 1.0, 0.0, 5.0]])})
    >>> IntervalQuantiles(depth=1).fit_transform(X).iloc[0, :4]
    ecg 0 value 1/1 0.5    0.5
    ecg 0 value 1/2 0.5    0.5
    ecg 0 value 2/2 0.5    2.5
    ecg 0 value +1/2 0.5   0.5
    Name: 0, dtype: float64
    """

    def __init__(
        self,
        depth: int = 3,
        *,
        per_quantile: int = 4,
        every: float | None = None,
        columns: Sequence[Hashable] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.depth = depth
        self.per_quantile = per_quantile
        self.every = every
        self.columns = columns
        self.n_jobs = n_jobs

    def _learn(self, histories: Histories, y: Any) -> LearntIntervals:
        if not (self.depth >= 0 and self.per_quantile >= 1):
            raise ValueError(
                "depth must be at least 0 and per_quantile at least 1, got "
                f"{self.depth!r} and {self.per_quantile!r}."
            )
        grid = Grid.of(histories, self.every)
        lengths = grid.lengths(histories)
        usual = int(np.median(lengths[lengths > 0]))
        intervals = {}
        for name, change in _VIEWS.items():
            length = change(np.zeros((1, 1, usual))).shape[-1]
            intervals[name] = list(_intervals(length, self.depth, self.per_quantile))
        return LearntIntervals(grid, intervals)


class Interval(NamedTuple):
    """A part of series, as fractions of their length, and the levels of its quantiles."""

    name: str
    start: float
    stop: float
    levels: NDArray[np.float64]

    def names(self) -> list[str]:
        """Return a name for each level, with as many digits as it takes to tell them apart."""
        digits = 3
        while len({f"{level:.{digits}g}" for level in self.levels}) < len(self.levels):
            digits += 1
        return [f"{self.name} {level:.{digits}g}" for level in self.levels]

    def quantiles(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return quantiles (n_levels, n, n_variables), every second one minus the mean."""
        length = values.shape[-1]
        start = min(int(self.start * length + 0.5), length - 1)
        part = values[..., start : max(int(self.stop * length + 0.5), start + 1)]
        quantiles = np.quantile(part, self.levels, axis=-1)
        quantiles[1::2] -= part.mean(axis=-1)
        return quantiles


def _intervals(length: int, depth: int, per_quantile: int) -> Iterator[Interval]:
    for level in range(depth + 1):
        n = 2**level
        if n > length:
            return
        levels = _levels(length / n, per_quantile)
        for i in range(n):
            yield Interval(f"{i + 1}/{n}", i / n, (i + 1) / n, levels)
        for i in range(n - 1 if length >= 2 * n else 0):
            yield Interval(f"+{i + 1}/{n}", (i + 0.5) / n, (i + 1.5) / n, levels)


def _levels(n_values: float, per_quantile: int) -> NDArray[np.float64]:
    n = 1 + int(max(n_values - 1, 0) // per_quantile)
    return np.array([0.5]) if n == 1 else np.linspace(0, 1, n)


def _differences(values: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Return differences; for series that are too short 0, or NaN without values."""
    return np.diff(values, n=n) if values.shape[-1] > n else values[..., :1] - values[..., :1]


def _smoothed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return means of five successive values, with constant extrapolation at both ends."""
    length, around = values.shape[-1], _SMOOTHED // 2
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(around, around)], mode="edge")
    return np.mean([padded[..., i : i + length] for i in range(_SMOOTHED)], axis=0)


_VIEWS: dict[str, Any] = {
    "value": lambda values: values,
    "change": lambda values: _smoothed(_differences(values, 1)),
    "bend": lambda values: _differences(values, 2),
    "spectrum": lambda values: np.abs(np.fft.rfft(values)) / values.shape[-1],
}


@dataclass
class LearntIntervals:
    """Intervals of each view of the series.

    Attributes
    ----------
    grid : Grid
    intervals : dict of str to list of Interval
    """

    grid: Grid
    intervals: dict[str, list[Interval]]

    @property
    def names(self) -> list[str]:
        """Names of the features, by variable, view, interval and level."""
        features = [
            f"{view} {name}"
            for view, intervals in self.intervals.items()
            for interval in intervals
            for name in interval.names()
        ]
        return grid_names(self.grid.variables, features)

    def table(self, histories: Histories) -> NDArray[np.float64]:
        """Compute the features, (n, n_features)."""
        return self.grid.table(histories, self._features)

    def _features(self, series: NDArray[np.float64]) -> NDArray[np.float64]:
        quantiles = [
            interval.quantiles(_VIEWS[view](series))
            for view, intervals in self.intervals.items()
            for interval in intervals
        ]
        return np.moveaxis(np.concatenate(quantiles), 0, -1)
