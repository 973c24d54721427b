"""Read tables that stay on disk for `fit`."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skmtl.tables import Chunk, DesignMatrix, StoredRows, as_stored, sample_positions


@dataclass(frozen=True)
class StoredSource:
    """A table on disk with a sample in memory.

    Attributes
    ----------
    rows : StoredRows
    positions : int64 ndarray
        Ascending positions of the sample.
    folder : Path
        Folder for encoded rows; deleted at the end of `fit`.
    rows_in_memory : int
    """

    rows: StoredRows
    positions: np.ndarray
    folder: Path
    rows_in_memory: int

    @property
    def is_sampled(self) -> bool:
        """Whether the sample lacks some of the rows."""
        return len(self.positions) < self.rows.n_rows


@contextmanager
def open_rows(
    rows: Chunk,
    task_column: Hashable | None,
    random_state: np.random.RandomState,
) -> Iterator[tuple[Chunk, StoredSource | None]]:
    """Yield rows in memory to learn from, and the source of the others if they are a sample.

    Data in memory are returned unchanged.
    """
    table = as_stored(rows.X)
    if table is None:
        yield rows, None
        return
    if rows.groups is not None:
        raise ValueError(
            "groups= needs a table in memory. For a table on disk, name the column with the "
            "entity of a row in group_column, with validation='group'."
        )
    labelled = table.labelled(rows.y, rows.sample_weight)
    # Draw the sample from a copy, so that later draws are the same as for a table in memory.
    chance = copy.deepcopy(random_state)
    positions = sample_positions(labelled, table.rows_in_memory, task_column, chance)
    with tempfile.TemporaryDirectory(prefix="skmtl-", dir=table.cache_folder) as folder:
        source = StoredSource(labelled, positions, Path(folder), table.rows_in_memory)
        yield labelled.take(positions), source


def stored_matrix(folder: Path, chunks: Iterable[Any]) -> np.memmap:
    """Write chunks of rows to one matrix on disk."""
    path, n_rows = folder / "matrix.bin", 0
    with path.open("wb") as file:
        for chunk in chunks:
            np.ascontiguousarray(chunk).tofile(file)
            n_rows += len(chunk)
    return np.memmap(path, chunk.dtype, mode="r", shape=(n_rows, chunk.shape[1]))


def stacked(first: Any, second: Any) -> Any:
    """Stack two matrices vertically; on disk if the first one is."""
    if isinstance(first, DesignMatrix):
        return first.followed_by(second)
    if not isinstance(first, np.memmap):
        return np.concatenate([first, second])
    path = Path(str(first.filename))
    with path.open("ab") as file:
        np.asarray(second, dtype=first.dtype).tofile(file)
    shape = (len(first) + len(second), first.shape[1])
    return np.memmap(path, first.dtype, mode="r", shape=shape)
