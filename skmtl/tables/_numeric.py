"""Read numeric columns as floats, and scale them robustly.

The scaling is the robust scaling with smooth clipping of Holzmüller, Grinsztajn and Steinwart
(2024), "Better by default: strong pre-tuned MLPs and boosted trees on tabular data",
https://arxiv.org/abs/2407.04491, with one change for columns whose quartiles coincide.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from skmtl._storable import storable

# Columns are processed in blocks of about this many cells, so that the float64 copies are small
# compared to the table.
_CELLS_PER_BLOCK = 2**22
# Scaled numbers are cut off here, far inside the flat part of the smooth clipping. The square of
# this fits in a float32.
LARGEST_SCALED = 1e6


def column_blocks(
    frame: pd.DataFrame, positions: list[int]
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield the columns at `positions` as float64 arrays of shape (n_block, n_samples).

    Missing values are NaN. The slice selects the `positions` of the block; the array is a fresh
    copy.

    Raises
    ------
    ValueError
        If a column holds an infinity.
    """
    width = max(1, _CELLS_PER_BLOCK // max(1, len(frame)))
    for start in range(0, len(positions), width):
        part = slice(start, min(start + width, len(positions)))
        columns = frame.iloc[:, positions[part]]
        block = _as_floats(columns)
        _check_finite(block, columns.columns)
        yield part, block


def _as_floats(columns: pd.DataFrame) -> NDArray[np.float64]:
    if all(isinstance(dtype, np.dtype) and dtype.kind in "fiub" for dtype in columns.dtypes):
        return np.array(columns.to_numpy(dtype=np.float64).T, order="C")
    return np.stack([_column_as_floats(columns.iloc[:, i]) for i in range(columns.shape[1])])


def _column_as_floats(column: pd.Series) -> NDArray[np.float64]:
    if types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    # numbers of dtype object, or a column of another dtype without any value
    cells = column.astype(object)
    try:
        return cells.where(cells.notna(), np.nan).to_numpy(dtype=np.float64)
    except OverflowError as error:
        raise ValueError(
            f"Column {column.name!r} of X holds a whole number too large for a float64: divide "
            "the column, or take its logarithm."
        ) from error


def _check_finite(block: NDArray[np.float64], labels: pd.Index) -> None:
    infinite = np.isinf(block).any(axis=1)
    if infinite.any():
        raise ValueError(
            "Input X contains infinity in the columns "
            f"{labels[np.flatnonzero(infinite)].tolist()}: replace it by a number, or by NaN if "
            "the value is missing."
        )


@storable
class RobustScaler:
    """Centre and scale the columns by their quartiles, then clip them smoothly to (-3, 3).

    A value x becomes ``z / sqrt(1 + (z / 3)**2)`` with ``z = (x - median) / scale``.  `scale`
    is the distance between the quartiles.  Where they coincide, it is half the median distance
    from the median of those values that differ from it: for a column of two values that is half
    their distance, as in the cited paper, and for a column of many zeros an outlier
    among the others does not flatten the rest, which half the range would.  A constant column
    becomes 0, a missing value stays NaN.

    Attributes
    ----------
    half_center_, half_scale_ : ndarray of shape (n_columns,)
        Half the median and half the scale. Halves are used because the difference of two huge
        values can overflow a float64. The scale of a column that was constant or always missing is
        infinite.
    """

    def __init__(self, n_columns: int) -> None:
        self.half_center_ = np.zeros(n_columns)
        self.half_scale_ = np.full(n_columns, np.inf)

    def learn(
        self, part: slice, block: NDArray[np.float64], weights: NDArray[np.float64] | None
    ) -> None:
        """Learn the columns in `part` from a block of shape (n_block, n_samples)."""
        low, center, high = weighted_quantiles(block, weights, (0.25, 0.5, 0.75)).T / 2
        scale = high - low
        tied = scale == 0
        if tied.any():
            distance = np.abs(block[tied] / 2 - center[tied, None])
            distance[distance == 0] = np.nan
            scale[tied] = weighted_quantiles(distance, weights, (0.5,))[:, 0] / 2
        usable = scale > 0  # false for NaN
        self.half_center_[part] = np.where(usable, center, 0.0)
        self.half_scale_[part] = np.where(usable, scale, np.inf)

    def apply(self, part: slice, block: NDArray[np.float64]) -> NDArray[np.float32]:
        """Scale a block to float32 of the same shape; the block is overwritten."""
        block /= 2
        block -= self.half_center_[part, None]
        with np.errstate(over="ignore"):  # clipped below
            block /= self.half_scale_[part, None]
        scaled = np.clip(block, -LARGEST_SCALED, LARGEST_SCALED, out=block).astype(np.float32)
        norm = scaled / 3
        norm *= norm
        norm += 1
        scaled /= np.sqrt(norm, out=norm)
        return scaled


def weighted_quantiles(
    values: NDArray[np.float64],
    weights: NDArray[np.float64] | None,
    levels: tuple[float, ...],
) -> NDArray[np.float64]:
    """Return quantiles of every row of `values`, ignoring NaN.

    A quantile is the value at which the distribution function passes `level`, or the mean of the
    two adjacent values if it equals `level` (the averaged inverted distribution function). So a
    weight of 2 is equivalent to repeating a row.

    Parameters
    ----------
    values : ndarray of shape (n_columns, n_samples)
    weights : ndarray of shape (n_samples,) or None
        Positive weights of the samples.
    levels : tuple of float
        Numbers between 0 and 1.

    Returns
    -------
    ndarray of shape (n_columns, n_levels)
        NaN for a column without any value.
    """
    fractions = np.asarray(levels)
    if weights is None:
        return np.stack([_select(column, fractions) for column in values])
    return np.stack([_select_weighted(column, weights, fractions) for column in values])


def _select(column: NDArray[np.float64], levels: NDArray[np.float64]) -> NDArray[np.float64]:
    n_observed = len(column) - int(np.isnan(column).sum())
    if n_observed == 0:
        return np.full(len(levels), np.nan)
    rank = levels * n_observed
    low = np.maximum(np.ceil(rank).astype(np.int64) - 1, 0)
    high = np.minimum(np.floor(rank).astype(np.int64), n_observed - 1)
    # Partitioning is three times as fast as sorting, and puts NaN last.
    ordered = np.partition(column, np.unique(np.append(low, high)))
    return ordered[low] / 2 + ordered[high] / 2


def _select_weighted(
    column: NDArray[np.float64], weights: NDArray[np.float64], levels: NDArray[np.float64]
) -> NDArray[np.float64]:
    observed = ~np.isnan(column)
    column, weights = column[observed], weights[observed]
    if len(column) == 0:
        return np.full(len(levels), np.nan)
    order = np.argsort(column)
    cumulated = np.cumsum(weights[order])
    # The tolerance is for weights such as 0.1, whose sums are not exact.
    rank, tolerance = levels * cumulated[-1], 1e-12 * cumulated[-1]
    low = np.searchsorted(cumulated, rank - tolerance, side="left")
    high = np.searchsorted(cumulated, rank + tolerance, side="right")
    high = np.minimum(high, len(column) - 1)
    return column[order[low]] / 2 + column[order[high]] / 2
