"""A file as parts of rows, read a batch at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skmtl.scoring._columns import ReadColumns


class Refusal(NamedTuple):
    """A row that cannot be scored: its number in the file, and why."""

    row: int
    reason: str


@dataclass(frozen=True)
class FileBatch:
    """Some rows of a file.

    Attributes
    ----------
    table : pyarrow.Table
        The columns that are needed, as they are written.
    read : pyarrow.Table
        The same as the model reads them, where words may stand for missing values.
    rows : ndarray of shape (n_rows,)
        Their numbers in the file, from 0.
    unreadable : dict of int to str
        Positions in the table of rows that have a cell of the wrong type, and why.
    lost : list of Refusal
        Rows before the last of these that are not in the table: they have no cells to speak of.
    """

    table: pa.Table
    read: pa.Table
    rows: NDArray[np.int64]
    unreadable: dict[int, str] = field(default_factory=dict)
    lost: list[Refusal] = field(default_factory=list)


class Finished(NamedTuple):
    """Where a part that was scored before ends."""

    stop: int
    last: bool


class Part(ABC):
    """Consecutive rows of a file.

    Attributes
    ----------
    number : int
    start : int
        Its first row.
    stop : int
        The row after its last one; known once all batches have been read.
    last : bool
        Whether the file ends with it; known then, too.
    """

    number: int
    start: int
    stop: int
    last: bool

    @abstractmethod
    def batches(self) -> Iterator[FileBatch]: ...


class Source(ABC):
    """A file of known columns.

    Parameters
    ----------
    columns : sequence of str
        Those to read, of the file or of its path.
    keys : mapping of str to pyarrow.Scalar
        The columns in its path, each with its one value.
    part_rows, batch_rows : int

    Attributes
    ----------
    schema : pyarrow.Schema
        The columns that there are, with the types that they are read with.
    """

    schema: pa.Schema

    def __init__(
        self,
        columns: Sequence[str],
        keys: Mapping[str, pa.Scalar],
        part_rows: int,
        batch_rows: int,
    ) -> None:
        self._keys = dict(keys)
        self._columns = list(columns)
        self._part_rows, self._batch_rows = part_rows, batch_rows

    def _set_schema(self, stored: pa.Schema) -> None:
        """Learn the columns of the file itself, which come before those of the path."""
        self._keys = {name: v for name, v in self._keys.items() if name not in stored.names}
        self.schema = pa.schema([*stored, *(pa.field(k, v.type) for k, v in self._keys.items())])
        self._stored = [name for name in self._columns if name not in self._keys]

    def _with_keys(self, table: pa.Table) -> pa.Table:
        """All columns, from a table of those in the file."""
        for name, value in self._keys.items():
            table = table.append_column(name, pa.repeat(value, len(table)))
        return table.select(self._columns)

    @abstractmethod
    def check(self, features: ReadColumns) -> None:
        """Raise ValueError if a column has no type that the model can read."""

    @abstractmethod
    def parts(self, finished: Mapping[int, Finished]) -> Iterator[Part]:
        """The parts that are not finished, in their order."""

    @abstractmethod
    def share(self) -> float:
        """The share of the file that has been read."""
