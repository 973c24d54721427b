"""Tables that stay on disk and are read a few rows at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator
from numbers import Integral
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.random import sample_without_replacement

# Rows to read and encode at a time.
CHUNK_ROWS = 2**15
# A column of labels with more values than this is numeric, not classes or task ids.
_MOST_VALUES = 100_000


def checked_rows_in_memory(rows: Any) -> int:
    """Return the number of rows; raise a ValueError if it is not an integer of at least 2."""
    if not isinstance(rows, Integral) or isinstance(rows, bool) or rows < 2:
        raise ValueError(f"rows_in_memory must be a whole number of at least 2, got {rows!r}.")
    return int(rows)


class Chunk(NamedTuple):
    """Some rows of a table: features, labels, weights and groups as arguments of `fit`."""

    X: Any
    y: Any
    sample_weight: Any
    groups: Any = None


class StoredTable(ABC):
    """A table on disk that a model can be fitted on with bounded memory.

    Parameters
    ----------
    rows_in_memory : int
    cache_folder : path, optional
    """

    def __init__(self, rows_in_memory: int, cache_folder: str | Path | None) -> None:
        self.rows_in_memory = checked_rows_in_memory(rows_in_memory)
        self.cache_folder = cache_folder

    @abstractmethod
    def labelled(self, y: Any, sample_weight: Any) -> StoredRows:
        """Return the rows with their labels and weights.

        Raises
        ------
        ValueError
            If the labels or weights do not exist.
        """


class StoredRows(ABC):
    """Rows of a stored table in their order, without rows of weight zero.

    Attributes
    ----------
    n_rows : int
    """

    n_rows: int

    @abstractmethod
    def chunks(self) -> Iterator[Chunk]:
        """Iterate over all rows in chunks."""

    @abstractmethod
    def take(self, positions: NDArray[np.int64]) -> Chunk:
        """Return the rows at ascending positions as one chunk."""

    @abstractmethod
    def labels(self, task: Hashable | None) -> Iterator[pd.DataFrame]:
        """Iterate over labels and task ids in chunks, without features."""


def sample_positions(
    rows: StoredRows, size: int, task: Hashable | None, random_state: np.random.RandomState
) -> NDArray[np.int64]:
    """Return ascending positions of rows to learn from: all, or a sample of about `size`.

    Rows are added to the sample for classes and task ids that it lacks.
    """
    if rows.n_rows <= size:
        return np.arange(rows.n_rows)
    drawn = sample_without_replacement(rows.n_rows, size, random_state=random_state)
    positions = np.sort(np.asarray(drawn, dtype=np.int64))
    return np.union1d(positions, _rows_of_other_values(rows, positions, task))


def _rows_of_other_values(
    rows: StoredRows, positions: NDArray[np.int64], task: Hashable | None
) -> NDArray[np.int64]:
    """Return a row for every label value that the rows at `positions` lack."""
    by_column: dict[Hashable, dict[Any, int]] = {}
    sampled: dict[Hashable, set] = {}
    given_up: set[Hashable] = set()
    start = 0
    for frame in rows.labels(task):
        low, high = np.searchsorted(positions, [start, start + len(frame)])
        sample = positions[low:high] - start
        for name in [name for name in frame if name not in given_up]:
            codes, values = pd.factorize(frame[name])
            position_of_value = by_column.setdefault(name, {})
            numbers, first_positions = np.unique(codes, return_index=True)
            for value, position in zip(values, first_positions[numbers >= 0], strict=True):
                position_of_value.setdefault(value, start + int(position))
            sampled_codes = np.unique(codes[sample])
            sampled.setdefault(name, set()).update(values[sampled_codes[sampled_codes >= 0]])
            if len(position_of_value) > _MOST_VALUES:
                given_up.add(name)
        start += len(frame)
    missed = [
        position
        for name, position_of_value in by_column.items()
        if name not in given_up
        for value, position in position_of_value.items()
        if value not in sampled[name]
    ]
    return np.array(missed, dtype=np.int64)
