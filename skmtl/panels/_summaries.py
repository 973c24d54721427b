"""Vectorised summaries of the values in windows of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from skmtl.panels._panel import Panel

Places = np.ndarray | slice


@dataclass(frozen=True)
class _Arrays:
    """Arrays of shape (n,) that are selected and written together."""

    def take(self, places: Places) -> Any:
        """Return the items at some positions; for a slice these are views."""
        return type(self)(*(values[places] for values in self._arrays))

    def put(self, places: np.ndarray, other: Any) -> None:
        """Replace the items at some positions."""
        for mine, values in zip(self._arrays, other._arrays, strict=True):
            mine[places] = values

    @property
    def _arrays(self) -> tuple[np.ndarray, ...]:
        return tuple(vars(self).values())


@dataclass(frozen=True)
class Means(_Arrays):
    """Number and mean of the values in each window, as in `Summary`, without its other parts.

    Attributes
    ----------
    count, mean : ndarray of shape (n,)
        Zero for a window without values.
    """

    count: np.ndarray
    mean: np.ndarray

    @classmethod
    def of_values(cls, values: np.ndarray, clock: np.ndarray) -> Means:
        """Of one value each, which may be missing."""
        seen = np.isfinite(values)
        return cls(seen.astype(np.float64), np.where(seen, values, 0.0))

    def joined(self, other: Means) -> Means:
        """Merge two of them; see `Summary.joined`."""
        count, share = _joined_counts(self.count, other.count)
        return Means(count, self.mean + share * (other.mean - self.mean))

    @property
    def average(self) -> np.ndarray:
        """The mean, NaN of no value."""
        return np.where(self.count > 0, self.mean, np.nan)


@dataclass(frozen=True)
class Summary(_Arrays):
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

    def joined(self, other: Summary) -> Summary:
        """Merge two summaries without loss of precision (Chan, Golub and LeVeque 1983)."""
        count, share = _joined_counts(self.count, other.count)
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


Windows = TypeVar("Windows", Summary, Means)


def _joined_counts(count: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The sum of two counts, and the share of the second one in it, 0 of no values."""
    total = count + other
    return total, np.divide(other, total, out=np.zeros(len(total)), where=total > 0)


def _ratio(top: np.ndarray, bottom: np.ndarray, where: np.ndarray) -> np.ndarray:
    return np.divide(top, bottom, out=np.full(len(top), np.nan), where=where)


def window_summaries(
    panel: Panel,
    values: np.ndarray,
    codes: np.ndarray,
    origins: np.ndarray,
    windows: Sequence[int],
    summary_of: type[Windows],
) -> list[Windows]:
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
    summary_of : {Summary, Means}
        The statistics to compute.

    Returns
    -------
    list of Summary or Means of shape (n,)
        One for each window.
    """
    nothing = np.full(len(codes), np.nan)
    summaries = [summary_of.of_values(nothing, np.zeros(len(codes))) for _ in windows]
    if not windows or not len(panel.codes):
        return summaries
    ends = panel.up_to(codes, origins)
    starts = [panel.up_to(codes, origins - window) for window in windows]
    lengths = [ends - start for start in starts]
    # Rows outside of all windows are left out, such as most of the past of a few late origins.
    is_kept = _are_within(starts, ends, len(values))
    kept, n_before = np.flatnonzero(is_kept), np.concatenate([[0], np.cumsum(is_kept)])
    starts = [n_before[start] for start in starts]
    clock = panel.clock[kept] - panel.clock[panel.starts(panel.codes[kept])]
    blocks = summary_of.of_values(values[kept], clock)
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
        if size < n and 2 * size <= longest:
            # A block of rows from each position on, except for the last ones.
            blocks = blocks.take(slice(n - size)).joined(blocks.take(slice(size, None)))
        size *= 2
    return summaries


def _are_within(starts: Sequence[np.ndarray], ends: np.ndarray, n: int) -> np.ndarray:
    """Return whether each of n positions is between any start, inclusive, and its end."""
    opened = np.bincount(np.concatenate(starts), minlength=n + 1)
    closed = np.bincount(np.tile(ends, len(starts)), minlength=n + 1)
    return np.cumsum(opened - closed)[:n] > 0
