"""Eigenvalues and eigenvectors of a design, from which all ridge regressions of it follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from skmtl.linear._design import Design


@dataclass(frozen=True)
class Spectrum:
    r"""Centre and principal axes of weighted rows.

    With the weighted mean :math:`\bar x`, the centred and weighted rows have the Gram matrix
    :math:`\sum_i w_i (x_i - \bar x)(x_i - \bar x)^\top = V D V^\top`. It is taken apart itself
    where there are more rows than columns; else the matrix of the rows' products is, which has the
    same eigenvalues.

    Attributes
    ----------
    mean : ndarray of shape (n_columns,)
    values : ndarray of shape (n_axes,)
        The eigenvalues D; those that are zero up to rounding are left out.
    axes : ndarray of shape (n_columns, n_axes)
        The eigenvectors V.
    total_weight : float
        Sum of the weights.
    """

    mean: np.ndarray
    values: np.ndarray
    axes: np.ndarray
    total_weight: float

    @classmethod
    def of(cls, design: Design, weight: np.ndarray) -> Spectrum:
        """The spectrum of rows with positive weights (n_rows,)."""
        total = float(weight.sum())
        mean = design.transposed_dot(weight[:, None])[:, 0] / total
        if len(design) > design.n_columns:
            values, axes = eigh(_gram(design, weight, mean), overwrite_a=True, check_finite=False)
            kept = _above_rounding(values, design)
            return cls(mean, values[kept], axes[:, kept], total)
        rows = np.sqrt(weight)[:, None] * (design.whole() - mean)
        values, vectors = eigh(rows @ rows.T, overwrite_a=True, check_finite=False)
        kept = _above_rounding(values, design)
        values = values[kept]
        axes = rows.T @ (vectors[:, kept] / np.sqrt(values))
        return cls(mean, values, axes, total)

    def coordinates(self, design: Design) -> np.ndarray:
        """Rows along the axes, from the centre; (n_rows, n_axes)."""
        return design.dot(self.axes) - self.mean @ self.axes

    def moments(self, design: Design, values: np.ndarray) -> np.ndarray:
        """Sums over the rows of their coordinates times values (n_rows, k); (n_axes, k)."""
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
    """Which eigenvalues are more than rounding makes of zero."""
    largest = values.max(initial=0.0)
    return values > largest * np.finfo(float).eps * max(len(design), design.n_columns)
