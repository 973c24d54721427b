"""Products with the rows of a design matrix, in memory or on disk, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

# Rows of a block: copies made on the way stay small next to the matrix.
_BLOCK_CELLS = 2**22


@dataclass(frozen=True)
class Design:
    """Some rows of a matrix.

    Attributes
    ----------
    matrix : ndarray of shape (n, n_columns)
        In memory or a memory map.
    rows : int ndarray of shape (n_rows,), or None
        Positions of the rows; None for all.
    """

    matrix: np.ndarray
    rows: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.matrix) if self.rows is None else len(self.rows)

    @property
    def n_columns(self) -> int:
        return self.matrix.shape[1]

    def take(self, rows: np.ndarray) -> Design:
        """The rows at some positions: a copy, unless the matrix is on disk."""
        if isinstance(self.matrix, np.memmap):
            return Design(self.matrix, rows if self.rows is None else self.rows[rows])
        return Design(self.matrix[rows])

    def whole(self) -> np.ndarray:
        """The rows in memory."""
        return np.asarray(self.matrix if self.rows is None else self.matrix[self.rows])

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Parts of the rows, one after the other."""
        size = max(1, _BLOCK_CELLS // max(1, self.n_columns))
        for start in range(0, len(self), size):
            part = slice(start, min(start + size, len(self)))
            yield part, self.matrix[part if self.rows is None else self.rows[part]]

    def dot(self, coef: np.ndarray) -> np.ndarray:
        """The matrix times (n_columns, k): (n_rows, k)."""
        values = np.empty((len(self), coef.shape[1]))
        for part, block in self.blocks():
            np.matmul(block, coef, out=values[part])
        return values

    def transposed_dot(self, values: np.ndarray) -> np.ndarray:
        """The transposed matrix times (n_rows, k): (n_columns, k)."""
        total = np.zeros((self.n_columns, values.shape[1]))
        for part, block in self.blocks():
            total += block.T @ values[part]
        return total
