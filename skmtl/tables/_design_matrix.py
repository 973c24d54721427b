"""A design matrix whose indicators of categories are sparse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack


@dataclass(frozen=True, eq=False)
class DesignMatrix:
    """Rows of a design matrix: columns of numbers, followed by indicators of categories.

    Thousands of levels take as much memory as one. `numpy.asarray` returns the dense matrix.

    Attributes
    ----------
    numbers : float64 ndarray of shape (n_rows, n_numbers)
    indicators : csr_array of shape (n_rows, n_indicators)
        0 or 1.
    """

    numbers: NDArray[np.float64]
    indicators: csr_array

    # Arithmetic with arrays would make the matrix dense without notice; products do not.
    __array_ufunc__ = None

    @classmethod
    def of(
        cls, numbers: NDArray[np.float64], columns: NDArray[np.int64], n_indicators: int
    ) -> DesignMatrix:
        """Return the matrix of numbers and the columns of indicators that are 1.

        Parameters
        ----------
        numbers : float64 ndarray of shape (n_rows, n_numbers)
        columns : int64 ndarray of shape (n_rows, n_categories)
            Ascending in each row; -1 for none.
        n_indicators : int
        """
        is_one = columns >= 0
        starts = np.concatenate([[0], np.cumsum(is_one.sum(axis=1))])
        ones = columns[is_one]
        shape = (len(numbers), n_indicators)
        return cls(numbers, csr_array((np.ones(len(ones)), ones, starts), shape=shape))

    @property
    def dtype(self) -> np.dtype:
        return self.numbers.dtype

    @property
    def shape(self) -> tuple[int, int]:
        return len(self), self.numbers.shape[1] + self.indicators.shape[1]

    @property
    def n_stored(self) -> int:
        """Number of cells in memory: the numbers, and the ones of the indicators."""
        return self.numbers.size + self.indicators.nnz

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: NDArray[Any] | slice) -> DesignMatrix:
        """Select rows."""
        return DesignMatrix(self.numbers[rows], self.indicators[rows])

    def __array__(
        self, dtype: Any = None, copy: bool | None = None
    ) -> NDArray[Any]:  # numpy's signature
        if self.indicators.shape[1] == 0:
            return np.array(self.numbers, dtype=dtype, copy=copy)
        return np.hstack([self.numbers, self.indicators.toarray()], dtype=dtype)

    def __matmul__(self, coef: NDArray[np.float64]) -> NDArray[np.float64]:
        n_numbers = self.numbers.shape[1]
        return self.numbers @ coef[:n_numbers] + self.indicators @ coef[n_numbers:]

    def __rmatmul__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.hstack([values @ self.numbers, (self.indicators.T @ values.T).T])

    def followed_by(self, other: DesignMatrix) -> DesignMatrix:
        """Append rows."""
        return DesignMatrix(
            np.concatenate([self.numbers, other.numbers]),
            vstack([self.indicators, other.indicators], format="csr"),
        )
