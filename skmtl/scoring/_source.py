"""Files as parts of rows, read in batches."""

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
    """The number of a row that cannot be scored, and the reason."""

    row: int
    reason: str


@dataclass(frozen=True)
class FileBatch:
    """Some rows of a file.

    Attributes
    ----------
    table : pyarrow.Table
        The required columns, as they are written.
    read : pyarrow.Table
        The same columns as the model reads them; words can mean missing values.
    rows : ndarray of shape (n_rows,)
        Row numbers in the file, from 0.
    unreadable : dict of int to str
        Positions in the table of rows with a cell of the wrong type, and why.
    lost : list of Refusal
        Rows up to the end of the batch that are not in the table, because they have no valid
        cells.
    """

    table: pa.Table
    read: pa.Table
    rows: NDArray[np.int64]
    unreadable: dict[int, str] = field(default_factory=dict)
    lost: list[Refusal] = field(default_factory=list)


class Finished(NamedTuple):
    """The end of a part that was scored earlier."""

    stop: int
    last: bool


class Part(ABC):
    """Consecutive rows of a file.

    Attributes
    ----------
    number : int
    start : int
        The first row.
    stop : int
        The row after the last one; known once all batches have been read.
    last : bool
        Whether the file ends with the part; also known only then.
    """

    number: int
    start: int
    stop: int
    last: bool

    @abstractmethod
    def batches(self) -> Iterator[FileBatch]: ...


class Source(ABC):
    """A file with known columns.

    Parameters
    ----------
    columns : sequence of str
        The columns to read, from the file or its path.
    keys : mapping of str to pyarrow.Scalar
        The columns that are not in the file itself, such as those in its path, with their values.
    part_rows, batch_rows : int

    Attributes
    ----------
    schema : pyarrow.Schema
        The columns with the types that they are read as.
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
        """Set the columns of the file itself, which take precedence over those of the path."""
        self._keys = {name: v for name, v in self._keys.items() if name not in stored.names}
        self.schema = pa.schema([*stored, *(pa.field(k, v.type) for k, v in self._keys.items())])
        self._stored = [name for name in self._columns if name not in self._keys]

    def _with_keys(self, table: pa.Table) -> pa.Table:
        """Add the columns of the path to a table of the file."""
        for name, value in self._keys.items():
            table = table.append_column(name, pa.repeat(value, len(table)))
        return table.select(self._columns)

    @abstractmethod
    def check(self, features: ReadColumns) -> None:
        """Raise a ValueError if a column has a type that the model cannot read."""

    @abstractmethod
    def parts(self, finished: Mapping[int, Finished]) -> Iterator[Part]:
        """Iterate over unfinished parts in order."""

    @abstractmethod
    def share(self) -> float:
        """Return the share of the file that has been read."""
