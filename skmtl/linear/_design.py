"""Products with a design matrix: dense, sparse, or on disk and read in blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

# Rows per block, few enough that temporary copies are small compared to the matrix.
_BLOCK_CELLS = 2**22
# A matrix is sparse if fewer cells than this share are stored.
_DENSE = 0.1


class Matrix(Protocol):
    """An array, or another matrix with its products."""

    @property
    def shape(self) -> tuple[int, int]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> Any: ...

    def __matmul__(self, coef: np.ndarray, /) -> Any: ...

    def __rmatmul__(self, values: np.ndarray, /) -> Any: ...


@dataclass(frozen=True)
class Design:
    """Some rows of a matrix.

    Attributes
    ----------
    matrix : Matrix of shape (n, n_columns)
        In memory, or a memory map.
    rows : int ndarray of shape (n_rows,), or None
        Positions of the rows of a memory map; None means all.
    """

    matrix: Matrix
    rows: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.matrix) if self.rows is None else len(self.rows)

    @property
    def n_columns(self) -> int:
        return self.matrix.shape[1]

    @property
    def is_on_disk(self) -> bool:
        return isinstance(self.matrix, np.memmap)

    @property
    def is_larger_dense(self) -> bool:
        """Whether a dense copy is large, and much larger than the matrix."""
        n_cells = len(self) * self.n_columns
        n_stored = getattr(self.matrix, "n_stored", n_cells)
        return self.is_on_disk or (n_cells > _BLOCK_CELLS and n_stored < _DENSE * n_cells)

    def take(self, rows: np.ndarray) -> Design:
        """Return the rows at some positions, as a copy unless the matrix is on disk."""
        if self.is_on_disk:
            return Design(self.matrix, rows if self.rows is None else self.rows[rows])
        return Design(self.matrix[rows])

    def whole(self) -> np.ndarray:
        """Return the rows as a dense matrix in memory."""
        return np.asarray(self.matrix if self.rows is None else self.matrix[self.rows])

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Iterate over dense blocks of rows."""
        size = max(1, _BLOCK_CELLS // max(1, self.n_columns))
        for start in range(0, len(self), size):
            part = slice(start, min(start + size, len(self)))
            yield part, np.asarray(self.matrix[part if self.rows is None else self.rows[part]])

    def dot(self, coef: np.ndarray) -> np.ndarray:
        """Multiply the matrix with (n_columns, k)."""
        if not self.is_on_disk:
            return self.matrix @ coef
        values = np.empty((len(self), coef.shape[1]))
        for part, block in self.blocks():
            np.matmul(block, coef, out=values[part])
        return values

    def transposed_dot(self, values: np.ndarray) -> np.ndarray:
        """Multiply the transposed matrix with (n_rows, k)."""
        if not self.is_on_disk:
            return (values.T @ self.matrix).T
        total = np.zeros((self.n_columns, values.shape[1]))
        for part, block in self.blocks():
            total += block.T @ values[part]
        return total
