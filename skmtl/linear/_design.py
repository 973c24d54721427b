"""Products with a design matrix, in memory or on disk, one block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

# Rows per block, few enough that temporary copies are small compared to the matrix.
_BLOCK_CELLS = 2**22


@dataclass(frozen=True)
class Design:
    """Some rows of a matrix.

    Attributes
    ----------
    matrix : ndarray of shape (n, n_columns)
        In memory or a memory map.
    rows : int ndarray of shape (n_rows,), or None
        Positions of the rows; None means all.
    """

    matrix: np.ndarray
    rows: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.matrix) if self.rows is None else len(self.rows)

    @property
    def n_columns(self) -> int:
        return self.matrix.shape[1]

    def take(self, rows: np.ndarray) -> Design:
        """Return the rows at some positions, as a copy unless the matrix is on disk."""
        if isinstance(self.matrix, np.memmap):
            return Design(self.matrix, rows if self.rows is None else self.rows[rows])
        return Design(self.matrix[rows])

    def whole(self) -> np.ndarray:
        """Return the rows in memory."""
        return np.asarray(self.matrix if self.rows is None else self.matrix[self.rows])

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Iterate over blocks of rows."""
        size = max(1, _BLOCK_CELLS // max(1, self.n_columns))
        for start in range(0, len(self), size):
            part = slice(start, min(start + size, len(self)))
            yield part, self.matrix[part if self.rows is None else self.rows[part]]

    def dot(self, coef: np.ndarray) -> np.ndarray:
        """Multiply the matrix with (n_columns, k)."""
        values = np.empty((len(self), coef.shape[1]))
        for part, block in self.blocks():
            np.matmul(block, coef, out=values[part])
        return values

    def transposed_dot(self, values: np.ndarray) -> np.ndarray:
        """Multiply the transposed matrix with (n_rows, k)."""
        total = np.zeros((self.n_columns, values.shape[1]))
        for part, block in self.blocks():
            total += block.T @ values[part]
        return total
