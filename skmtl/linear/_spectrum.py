"""The eigendecomposition of a design, from which all its ridge regressions follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from skmtl.linear._design import Design


@dataclass(frozen=True)
class Spectrum:
    r"""Centre and principal axes of weighted rows.

    With the weighted mean :math:`\bar x`, the centred and weighted rows have the Gram matrix
    :math:`\sum_i w_i (x_i - \bar x)(x_i - \bar x)^\top = V D V^\top`. With more rows than columns
    this matrix is decomposed; otherwise the matrix of inner products of the rows, which has the
    same eigenvalues.

    Attributes
    ----------
    mean : ndarray of shape (n_columns,)
    values : ndarray of shape (n_axes,)
        The eigenvalues D, without those that are zero up to rounding.
    axes : ndarray of shape (n_columns, n_axes)
        The eigenvectors V.
    total_weight : float
        Total weight.
    """

    mean: np.ndarray
    values: np.ndarray
    axes: np.ndarray
    total_weight: float

    @classmethod
    def of(cls, design: Design, weight: np.ndarray) -> Spectrum:
        """Compute the spectrum of rows with positive weights (n_rows,)."""
        total = float(weight.sum())
        mean = design.transposed_dot(weight[:, None])[:, 0] / total
        if len(design) > design.n_columns:
            values, axes = eigh(_gram(design, weight, mean), overwrite_a=True, check_finite=False)
            nonzero = _above_rounding(values, design)
            return cls(mean, values[nonzero], axes[:, nonzero], total)
        rows = np.sqrt(weight)[:, None] * (design.whole() - mean)
        values, vectors = eigh(rows @ rows.T, overwrite_a=True, check_finite=False)
        nonzero = _above_rounding(values, design)
        values = values[nonzero]
        axes = rows.T @ (vectors[:, nonzero] / np.sqrt(values))
        return cls(mean, values, axes, total)

    def coordinates(self, design: Design) -> np.ndarray:
        """Return coordinates of rows along the axes, relative to the centre, (n_rows, n_axes)."""
        return design.dot(self.axes) - self.mean @ self.axes

    def moments(self, design: Design, values: np.ndarray) -> np.ndarray:
        """Return sums over rows of coordinates times values (n_rows, k), as (n_axes, k)."""
        total = design.transposed_dot(values) - np.outer(self.mean, values.sum(axis=0))
        return self.axes.T @ total


def _gram(design: Design, weight: np.ndarray, mean: np.ndarray) -> np.ndarray:
    gram = np.zeros((design.n_columns, design.n_columns))
    root = np.sqrt(weight)[:, None]
    for part, block in design.blocks():
        rows = (block - mean) * root[part]
        gram += rows.T @ rows
    return gram


def _above_rounding(values: np.ndarray, design: Design) -> np.ndarray:
    """Return a mask of the eigenvalues that exceed rounding errors."""
    largest = values.max(initial=0.0)
    return values > largest * np.finfo(float).eps * max(len(design), design.n_columns)
