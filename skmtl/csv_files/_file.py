"""A CSV file as blocks of cells."""

from __future__ import annotations

import csv as lines
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from skmtl.csv_files._errors import CsvError
from skmtl.csv_files._format import CsvFormat
from skmtl.csv_files._grammar import Grammar
from skmtl.csv_files._records import read_records
from skmtl.csv_files._text import DAMAGES, Read, opened_text

_HEADER_BLOCK, _LONGEST_HEADER = 2**16, 2**23
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class CsvBlock:
    """Consecutive rows of a CSV file.

    Parameters
    ----------
    text : bytes
    rows : int64 ndarray of shape (n_rows,)
        Numbers of the rows that could be read, from 0.
    refused : list of (int, str)
        Numbers of the rows up to there that could not be read, and why.
    columns : dict of str to int
        Positions of the columns to read.
    n_columns : int
    delimiter : str
    """

    def __init__(
        self,
        text: bytes,
        rows: NDArray[np.int64],
        refused: list[tuple[int, str]],
        columns: dict[str, int],
        n_columns: int,
        delimiter: str,
    ) -> None:
        self._text, self._columns = text, columns
        self._n_columns, self._delimiter = n_columns, delimiter
        self.rows, self.refused = rows, refused
        self._cells = self._parsed(list(columns.values()), ("",))
        if len(self._cells) != len(rows):
            raise CsvError(
                f"has {len(rows):,} rows from row {rows[0]:,} on, of which {len(self._cells):,} "
                "were read: some are lost."
            )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def has_quotes(self) -> bool:
        return b'"' in self._text

    def cells(self, name: str) -> pa.ChunkedArray:
        """Return the bytes of a column's cells; null for cells that are empty and unquoted."""
        return self._cells.column(str(self._columns[name]))

    def unquoted(self, name: str, words: Sequence[str]) -> pa.ChunkedArray:
        """Return a mask of the cells of a column that hold one of the words, unquoted."""
        return self._parsed([self._columns[name]], words).column(0).is_null()

    def _parsed(self, positions: list[int], nulls: Sequence[str]) -> pa.Table:
        """Parse some columns; cells that hold one of the `nulls`, unquoted, are null."""
        types = {str(position): pa.binary() for position in positions}
        if not self._text:
            return pa.schema(types.items()).empty_table()
        return csv.read_csv(
            pa.BufferReader(self._text),
            csv.ReadOptions(
                use_threads=False,
                block_size=len(self._text) + 1,
                column_names=[str(position) for position in range(self._n_columns)],
            ),
            csv.ParseOptions(
                delimiter=self._delimiter,
                newlines_in_values=True,
                ignore_empty_lines=self._n_columns > 1,
            ),
            csv.ConvertOptions(
                include_columns=list(types),
                column_types=types,
                null_values=list(nulls),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )


class CsvFile:
    """A CSV file with a header.

    Parameters
    ----------
    name : str
        Its ending determines the compression and, unless the format has one, the delimiter.
    open_raw : callable
        Opens the file for reading bytes.
    csv : CsvFormat

    Attributes
    ----------
    header : list of str
        The names of the columns. A column without a name is called by its position, "Unnamed: 2".
    n_bytes_read : int
        Compressed bytes that the last call of `blocks` has read so far.

    Raises
    ------
    CsvError
        If there is no header, or it cannot be read.
    """

    def __init__(self, name: str, open_raw: Callable[[], BinaryIO], csv: CsvFormat) -> None:
        self.name, self.csv = name, csv
        self._open_raw = open_raw
        self._delimiter = csv.delimiter_of(name)
        self.n_bytes_read = 0
        with self._named(), open_raw() as raw, opened_text(raw, name, csv.encoding) as read:
            self.header, _ = self._read_header(read)

    def blocks(self, columns: Sequence[str]) -> Iterator[CsvBlock]:
        """Iterate over all rows, with the cells of some columns.

        Raises
        ------
        CsvError
            If the file is damaged, or two columns have the same name.
        """
        twice = [name for name in columns if self.header.count(name) > 1]
        if twice:
            raise CsvError(f"{self.name!r} has two columns {twice[0]!r}. Rename one.")
        positions = {name: self.header.index(name) for name in columns}
        with (
            self._named(),
            self._open_raw() as raw,
            opened_text(raw, self.name, self.csv.encoding) as read,
        ):
            _, already_read = self._read_header(read)
            delimiter, n_cells = self._delimiter.encode(), len(self.header)
            for text, rows, refused in read_records(read, already_read, delimiter, n_cells):
                self.n_bytes_read = raw.tell()
                yield CsvBlock(text, rows, refused, positions, n_cells, self._delimiter)

    def _read_header(self, read: Read) -> tuple[list[str], bytes]:
        """Return the column names, and the bytes after the header that have been read already."""
        text, at_end, row = b"", False, None
        while row is None:
            if at_end or len(text) > _LONGEST_HEADER:
                raise CsvError("has a header that cannot be read: a quote is not closed.")
            try:
                block = read(_HEADER_BLOCK)
            except DAMAGES as error:
                raise CsvError(f"cannot be read: {error}") from error
            at_end = not block
            text = (text + block).removeprefix(_BYTE_ORDER_MARK)
            row = Grammar(self._delimiter.encode(), 1, at_end).any_row.match(text)
        line = io.StringIO(row.group().decode("utf-8", "surrogateescape"), newline="")
        names = next(lines.reader(line, delimiter=self._delimiter), None)
        if not names:
            raise CsvError("has no header: its first line is empty.")
        filled_names = [name or f"Unnamed: {position}" for position, name in enumerate(names)]
        return filled_names, text[row.end() :]

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Put the name of the file in front of errors."""
        try:
            yield
        except CsvError as error:
            raise CsvError(f"{self.name!r} {error}") from error.__cause__
