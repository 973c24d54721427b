"""Vectorised summaries of the values in windows of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skmtl.panels._panel import Panel


@dataclass(frozen=True)
class Summary:
    """Summary statistics of the values in each window.

    Without values they are zero, and the extremes are infinite.

    Attributes
    ----------
    count, mean, squares : ndarray of shape (n,)
        Number and mean of the values, and their sum of squares around the mean.
    time, times, products : ndarray of shape (n,)
        Mean of the times, their sum of squares around it, and the sum of products with the values.
    low, high : ndarray of shape (n,)
        Minimum and maximum.
    """

    count: np.ndarray
    mean: np.ndarray
    squares: np.ndarray
    time: np.ndarray
    times: np.ndarray
    products: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @classmethod
    def of_values(cls, values: np.ndarray, clock: np.ndarray) -> Summary:
        """Return summaries of one value each, which may be missing."""
        seen = np.isfinite(values)
        n = len(values)
        return cls(
            seen.astype(np.float64),
            np.where(seen, values, 0.0),
            np.zeros(n),
            np.where(seen, clock, 0.0).astype(np.float64),
            np.zeros(n),
            np.zeros(n),
            np.where(seen, values, np.inf),
            np.where(seen, values, -np.inf),
        )

    @classmethod
    def of_nothing(cls, n: int) -> Summary:
        """Return summaries of windows without values."""
        return cls.of_values(np.full(n, np.nan), np.zeros(n))

    def joined(self, other: Summary) -> Summary:
        """Merge two summaries without loss of precision (Chan, Golub and LeVeque 1983)."""
        count = self.count + other.count
        share = np.divide(other.count, count, out=np.zeros(len(count)), where=count > 0)
        step, later = other.mean - self.mean, other.time - self.time
        weight = self.count * share
        return Summary(
            count,
            self.mean + share * step,
            self.squares + other.squares + weight * step**2,
            self.time + share * later,
            self.times + other.times + weight * later**2,
            self.products + other.products + weight * step * later,
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
        )

    def take(self, places: np.ndarray) -> Summary:
        """Return the summaries at some positions."""
        return Summary(*(values[places] for values in self._arrays))

    def put(self, places: np.ndarray, other: Summary) -> None:
        """Replace the summaries at some positions."""
        for mine, values in zip(self._arrays, other._arrays, strict=True):
            mine[places] = values

    @property
    def spread(self) -> np.ndarray:
        """Standard deviation; NaN for fewer than two values."""
        return np.sqrt(_ratio(self.squares, self.count, self.count > 1))

    @property
    def slope(self) -> np.ndarray:
        """Slope of the least squares line per step; NaN for fewer than two values."""
        return _ratio(self.products, self.times, self.times > 0)

    @property
    def average(self) -> np.ndarray:
        """Mean; NaN without values."""
        return np.where(self.count > 0, self.mean, np.nan)

    @property
    def _arrays(self) -> tuple[np.ndarray, ...]:
        return tuple(vars(self).values())


def _ratio(top: np.ndarray, bottom: np.ndarray, where: np.ndarray) -> np.ndarray:
    return np.divide(top, bottom, out=np.full(len(top), np.nan), where=where)


def window_summaries(
    panel: Panel,
    values: np.ndarray,
    codes: np.ndarray,
    origins: np.ndarray,
    windows: Sequence[int],
) -> list[Summary]:
    """Summarise the values in windows that end at each origin.

    Blocks of 1, 2, 4, ... rows are summarised once, and the summary of a window is merged from
    blocks within it. Values outside of the window therefore cannot affect it, not even by
    rounding.

    Parameters
    ----------
    panel : Panel
    values : ndarray of float64, shape (n_rows,)
        Values by position of the panel; NaN where one is missing.
    codes, origins : ndarray of int64, shape (n,)
    windows : sequence of int
        Lengths in steps of the clock, including the origin.

    Returns
    -------
    list of Summary of shape (n,)
        One for each window.
    """
    summaries = [Summary.of_nothing(len(codes)) for _ in windows]
    if not len(panel.codes):
        return summaries
    ends = panel.up_to(codes, origins)
    starts = [panel.up_to(codes, origins - window) for window in windows]
    lengths = [ends - start for start in starts]
    clock = panel.clock - panel.clock[panel.starts(panel.codes)]
    blocks = Summary.of_values(values, clock)
    size = 1
    longest = max((int(length.max(initial=0)) for length in lengths), default=0)
    while size <= longest:
        for summary, start, length in zip(summaries, starts, lengths, strict=True):
            has_block = np.flatnonzero(length & size)
            if len(has_block):
                block = blocks.take(start[has_block])
                summary.put(has_block, summary.take(has_block).joined(block))
                start[has_block] += size
        n = len(blocks.count)
        if n > size:
            # A block of rows from each position on, except for the last ones.
            pairs = np.arange(n - size)
            blocks = blocks.take(pairs).joined(blocks.take(pairs + size))
        size *= 2
    return summaries
