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

# Rows that are read and encoded at a time.
CHUNK_ROWS = 2**15
# A column of labels with more values than this holds numbers, not classes or task ids.
_MOST_VALUES = 100_000


def checked_rows_in_memory(rows: Any) -> int:
    """The number of rows; ValueError unless it is a whole number of at least 2."""
    if not isinstance(rows, Integral) or isinstance(rows, bool) or rows < 2:
        raise ValueError(f"rows_in_memory must be a whole number of at least 2, got {rows!r}.")
    return int(rows)


class Chunk(NamedTuple):
    """Some rows of a table: features, labels, weights and groups as `fit` takes them."""

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
        """The rows with their labels and weights.

        Raises
        ------
        ValueError
            If the labels or the weights are not to be found.
        """


class StoredRows(ABC):
    """Rows of a stored table, in their order; those of weight zero are left out.

    Attributes
    ----------
    n_rows : int
    """

    n_rows: int

    @abstractmethod
    def chunks(self) -> Iterator[Chunk]:
        """All rows, a chunk at a time."""

    @abstractmethod
    def take(self, positions: NDArray[np.int64]) -> Chunk:
        """The rows at ascending positions, as one chunk."""

    @abstractmethod
    def labels(self, task: Hashable | None) -> Iterator[pd.DataFrame]:
        """Labels and task ids alone, a chunk at a time."""


def sample_positions(
    rows: StoredRows, size: int, task: Hashable | None, random_state: np.random.RandomState
) -> NDArray[np.int64]:
    """Ascending positions of rows to learn from: all, or a random sample of about `size`.

    To the sample come rows for all classes and task ids that chance has left out.
    """
    if rows.n_rows <= size:
        return np.arange(rows.n_rows)
    drawn = sample_without_replacement(rows.n_rows, size, random_state=random_state)
    positions = np.sort(np.asarray(drawn, dtype=np.int64))
    return np.union1d(positions, _rows_of_other_values(rows, positions, task))


def _rows_of_other_values(
    rows: StoredRows, positions: NDArray[np.int64], task: Hashable | None
) -> NDArray[np.int64]:
    """A row for every value of each column of labels that the rows at `positions` lack."""
    first: dict[Hashable, dict[Any, int]] = {}
    sampled: dict[Hashable, set] = {}
    given_up: set[Hashable] = set()
    start = 0
    for frame in rows.labels(task):
        low, high = np.searchsorted(positions, [start, start + len(frame)])
        own = positions[low:high] - start
        for name in [name for name in frame if name not in given_up]:
            codes, values = pd.factorize(frame[name])
            known = first.setdefault(name, {})
            numbers, places = np.unique(codes, return_index=True)
            for value, place in zip(values, places[numbers >= 0], strict=True):
                known.setdefault(value, start + int(place))
            found = np.unique(codes[own])
            sampled.setdefault(name, set()).update(values[found[found >= 0]])
            if len(known) > _MOST_VALUES:
                given_up.add(name)
        start += len(frame)
    missed = [
        place
        for name, known in first.items()
        if name not in given_up
        for value, place in known.items()
        if value not in sampled[name]
    ]
    return np.array(missed, dtype=np.int64)
