"""Memory-mapped arrays, read a few rows at a time."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skmtl.tables._stored import CHUNK_ROWS, Chunk, StoredRows, StoredTable


class ArrayTable(StoredTable):
    """An array of numbers, such as a memory map, to fit a model on with bounded memory.

    Without this class, `fit` treats a memory map like any other array: it makes an encoded copy in
    memory.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        From ``numpy.load(path, mmap_mode="r")`` or `numpy.memmap`.
    rows_in_memory : int, default=262144
        Number of rows in memory at a time; see `ParquetTable`.
    cache_folder : path, default=None
        Folder for the encoded rows during `fit`; see `ParquetTable`.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl import MultiTabRegressor
    >>> from skmtl.tables import ArrayTable
    >>> X = np.random.default_rng(0).normal(size=(500, 3))  # or numpy.load(..., mmap_mode="r")
    >>> model = MultiTabRegressor(max_epochs=2, random_state=0)
    >>> model.fit(ArrayTable(X, rows_in_memory=100), X @ [1.0, 2.0, 3.0]).predict(X[:2]).shape
    (2,)
    """

    def __init__(
        self,
        X: np.ndarray,
        *,
        rows_in_memory: int = 2**18,
        cache_folder: str | Path | None = None,
    ) -> None:
        super().__init__(rows_in_memory, cache_folder)
        if getattr(X, "ndim", None) != 2:
            raise ValueError(f"X must be a two-dimensional array, got a {type(X).__name__}.")
        self.X = X

    def labelled(self, y: Any, sample_weight: Any) -> StoredRows:
        return _ArrayRows(self.X, y, sample_weight)


class _ArrayRows(StoredRows):
    def __init__(self, X: np.ndarray, y: Any, sample_weight: Any) -> None:
        if np.asarray(sample_weight).ndim > 1:
            raise ValueError(
                "For a table on disk, sample_weight must have one weight for each row, got shape "
                f"{np.shape(sample_weight)}. Weights by label need the table in memory; make "
                "labels of weight 0 missing instead."
            )
        for name, values in (("y", y), ("sample_weight", sample_weight)):
            if values is not None and len(values) != len(X):
                raise ValueError(
                    "Found input variables with inconsistent numbers of samples: X has "
                    f"{len(X)}, {name} has {len(values)}."
                )
        self._X = X
        self._y = y.to_numpy() if isinstance(y, pd.Series) and y.name is None else y
        self._weight = None if sample_weight is None else np.asarray(sample_weight)
        # NaN is not zero: it is kept here, and raises an error when weights are checked.
        self._used = None if self._weight is None else np.flatnonzero(self._weight)
        self.n_rows = len(X) if self._used is None else len(self._used)

    def chunks(self) -> Iterator[Chunk]:
        for start in range(0, self.n_rows, CHUNK_ROWS):
            yield self._rows(slice(start, start + CHUNK_ROWS))

    def take(self, positions: NDArray[np.int64]) -> Chunk:
        return self._rows(positions)

    def labels(self, task: Hashable | None) -> Iterator[pd.DataFrame]:
        for chunk in self.chunks():
            frame = pd.DataFrame(chunk.y).reset_index(drop=True)
            if task is not None:
                frame = frame.add_prefix("y").assign(task=chunk.X[:, task])
            yield frame

    def _rows(self, rows: slice | NDArray[np.int64]) -> Chunk:
        if self._used is not None:
            rows = self._used[rows]
        weight = None if self._weight is None else self._weight[rows]
        y = self._y.iloc[rows] if hasattr(self._y, "iloc") else np.asarray(self._y)[rows]
        return Chunk(np.asarray(self._X[rows]), y, weight)
