"""Bin edges for piecewise-linear embeddings of numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Quantiles of more rows than this hardly change.
_MAX_ROWS = 100_000
# Columns to sort at a time: reading single columns of a row-major array is slow.
_BLOCK = 64


def quantile_bins(numeric: NDArray[np.float32], max_bins: int = 48) -> list[NDArray[np.float32]]:
    """Return bin edges at the quantiles of every column.

    They are the bins of the piecewise-linear embeddings of Gorishniy, Rubachev and Babenko (2022),
    "On embeddings for numerical features in tabular deep learning",
    https://arxiv.org/abs/2203.05556, section 3.2.1, for columns that may be constant or have
    missing values. With more than 100,000 rows, that many evenly spaced rows are used.

    Parameters
    ----------
    numeric : ndarray of shape (n_samples, n_features), float32
        NaN is ignored.
    max_bins : int, default=48
        Maximum number of bins of a column. 48 is the usual choice of the cited paper's successors.
        Tied quantiles lead to fewer bins.

    Returns
    -------
    list of n_features ndarrays of shape (n_bins + 1,), float32
        Strictly increasing edges, from the smallest to the largest value. A constant column has
        one bin around its value, a column without values the bin from 0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.tables import quantile_bins
    >>> numeric = np.array([[0.0, 1.0], [1.0, np.nan], [2.0, 1.0]], dtype=np.float32)
    >>> quantile_bins(numeric, max_bins=2)
    [array([0., 1., 2.], dtype=float32), array([0.5, 1.5], dtype=float32)]
    """
    if max_bins < 1:
        raise ValueError(f"max_bins must be at least 1, got {max_bins}.")
    n_samples = len(numeric)
    if n_samples > _MAX_ROWS:
        numeric = numeric[np.linspace(0, n_samples - 1, _MAX_ROWS).astype(np.int64)]
    edges = []
    for start in range(0, numeric.shape[1], _BLOCK):
        block = np.array(numeric[:, start : start + _BLOCK].T, order="C")
        block.sort(axis=1)  # NaN comes last
        n_observed = block.shape[1] - np.isnan(block).sum(axis=1)
        edges += [_edges(row[:n], max_bins) for row, n in zip(block, n_observed, strict=True)]
    return edges


def _edges(ordered: NDArray[np.float32], max_bins: int) -> NDArray[np.float32]:
    if len(ordered) == 0:
        return np.array([0, 1], dtype=np.float32)
    if ordered[0] == ordered[-1]:
        # Wide enough that the edges differ even from a large value.
        half = np.float32(max(0.5, 0.5 * abs(ordered[0])))
        return np.array([ordered[0] - half, ordered[0] + half], dtype=np.float32)
    ranks = np.linspace(0, len(ordered) - 1, max_bins + 1)
    return np.unique(ordered[np.rint(ranks).astype(np.int64)])
