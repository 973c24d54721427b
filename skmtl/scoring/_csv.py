"""CSV files, read from the beginning to the end."""

from __future__ import annotations

import csv as lines
import gzip
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from skmtl.scoring._cells import parse_cells
from skmtl.scoring._columns import ReadColumns
from skmtl.scoring._errors import ScoringError
from skmtl.scoring._inputs import InputFile
from skmtl.scoring._source import FileBatch, Finished, Part, Refusal, Source

# Bytes that are parsed at a time; no row may be longer.
_BLOCK = 2**23
_SHOWN = 80  # of a row in a reason


class CsvSource(Source):
    """A CSV file with a header.

    All cells are read as text first. A feature becomes what the model was fitted on, numbers or
    text; any other column stays text, unless `types` says more.

    Parameters
    ----------
    file : InputFile
    columns, keys, part_rows, batch_rows
        As in `Source`.
    features : ReadColumns
    types : mapping of str to pyarrow.DataType
        Of columns for which neither is right.
    delimiter : str
    """

    def __init__(
        self,
        file: InputFile,
        columns: Sequence[str],
        keys: Mapping[str, pa.Scalar],
        features: ReadColumns,
        types: Mapping[str, pa.DataType],
        delimiter: str,
        part_rows: int,
        batch_rows: int,
    ) -> None:
        super().__init__(columns, keys, part_rows, batch_rows)
        self._file, self._delimiter = file, delimiter
        header, self._has_rows = csv_header(file, delimiter)
        known = _types_of(features) | dict(types)
        unknown = [name for name in features.names if name in header and name not in known]
        if unknown and self._has_rows:
            known |= self._guess(unknown)
        fields = [pa.field(name, known.get(name, pa.string())) for name in header]
        self._set_schema(pa.schema(fields))
        self._share = 0.0

    def check(self, features: ReadColumns) -> None:
        """Nothing: every cell is text that may turn out to be a number."""

    def parts(self, finished: Mapping[int, Finished]) -> Iterator[Part]:
        number = start = 0
        while number in finished:
            start, last = finished[number]
            number += 1
            if last:
                self._share = 1.0
                return
        with open(self._file.path, "rb") as raw:
            batches = self._batches(raw) if self._has_rows else iter(())
            rows = _Rows(batches, self._batch_rows, start)
            while True:
                part = _CsvPart(number, start, start + self._part_rows, rows)
                yield part
                if part.last:
                    return
                number, start = number + 1, part.stop

    def share(self) -> float:
        return self._share

    def _batches(self, raw: Any) -> Iterator[FileBatch]:
        """The rows as they are parsed."""
        lost = _Lost()
        with self._open(raw, dict.fromkeys(self._stored, pa.binary()), lost) as parsed:
            while batch := self._next(parsed, lost):
                self._share = min(raw.tell() / max(self._file.size, 1), 1.0)
                rows, before = lost.number(batch.num_rows)
                yield self._read(pa.Table.from_batches([batch]), rows, before)
        empty = self.schema.empty_table().select(self._columns)
        yield FileBatch(empty, np.arange(0), {}, lost.rest())

    def _next(self, parsed: Any, lost: _Lost) -> Any:
        """The next rows as they are parsed, None at the end."""
        try:
            return next((batch for batch in parsed if batch.num_rows), None)
        except pa.ArrowInvalid as error:
            raise ScoringError(
                f"{str(self._file.path)!r} cannot be read after row {lost.n_rows:,}: {error}"
            ) from error

    def _read(self, table: pa.Table, rows: NDArray[np.int64], lost: list[Refusal]) -> FileBatch:
        values: list[pa.ChunkedArray] = []
        unreadable: dict[int, str] = {}
        for name in self._stored:
            kind = self.schema.field(name).type
            column, problems = parse_cells(table.column(name), kind, name)
            values.append(column)
            unreadable |= {at: why for at, why in problems.items() if at not in unreadable}
        read = pa.table(values, names=self._stored)
        return FileBatch(self._with_keys(read), rows, unreadable, lost)

    def _open(self, raw: Any, types: dict[str, pa.DataType], lost: _Lost) -> Any:
        stream = pa.CompressedInputStream(raw, "gzip") if _is_gzip(self._file.path) else raw
        return csv.open_csv(
            stream,
            read_options=csv.ReadOptions(use_threads=False, block_size=_BLOCK),
            parse_options=csv.ParseOptions(
                delimiter=self._delimiter, newlines_in_values=True, invalid_row_handler=lost
            ),
            convert_options=csv.ConvertOptions(
                include_columns=list(types) or None,
                column_types=types,
                strings_can_be_null=True,
                null_values=[*csv.ConvertOptions().null_values, "None", "<NA>"],  # as pandas
            ),
        )

    def _guess(self, names: list[str]) -> dict[str, pa.DataType]:
        """Types by the first rows, for models that do not say what they read."""
        with open(self._file.path, "rb") as raw, self._open(raw, {}, _Lost()) as opened:
            types = {name: opened.schema.field(name).type for name in names}
        number = pa.float64()
        return {n: number if pa.types.is_integer(t) else t for n, t in types.items()}


class _Lost:
    """Counts rows, and gathers those that have more or fewer cells than the header."""

    def __init__(self) -> None:
        self.n_rows = 0
        self._waiting: list[Refusal] = []

    def __call__(self, row: Any) -> str:
        # The parser counts from 1, the header included.
        reason = (
            f"The row has {row.actual_columns} cells where the header has "
            f"{row.expected_columns}: {row.text[:_SHOWN]!r}."
        )
        self._waiting.append(Refusal(row.number - 2, reason))
        return "skip"

    def number(self, n_rows: int) -> tuple[NDArray[np.int64], list[Refusal]]:
        """Numbers of the next rows that have all cells, and the rows between them that do not."""
        after = np.array([lost.row - i for i, lost in enumerate(self._waiting)], dtype=np.int64)
        rows = np.arange(self.n_rows, self.n_rows + n_rows)
        rows = rows + np.searchsorted(after, rows, side="right")
        self.n_rows = int(rows[-1]) + 1
        before = [lost for lost in self._waiting if lost.row < self.n_rows]
        self._waiting = self._waiting[len(before) :]
        return rows, before

    def rest(self) -> list[Refusal]:
        """Those after all other rows."""
        rest, self._waiting = self._waiting, []
        self.n_rows += len(rest)
        return rest


class _Rows:
    """Batches of a wanted size, from what comes in any sizes."""

    def __init__(self, batches: Iterator[FileBatch], batch_rows: int, start: int) -> None:
        self._batches, self._batch_rows = batches, batch_rows
        self._waiting: list[FileBatch] = []
        for _ in self.until(start):
            pass

    def until(self, stop: int) -> Iterator[FileBatch]:
        """The rows up to that number, or the end of the file."""
        while not self.at_end() and _begin(self._waiting[0]) < stop:
            first, rest = _split(self._waiting.pop(), stop, self._batch_rows)
            self._waiting += [] if rest is None else [rest]
            yield first

    def at_end(self) -> bool:
        """Whether there is no other row."""
        while not self._waiting:
            following = next(self._batches, None)
            if following is None:
                return True
            if len(following.rows) or following.lost:
                self._waiting.append(following)
        return False


def _begin(batch: FileBatch) -> int:
    numbers = [*batch.rows[:1].tolist(), *(lost.row for lost in batch.lost[:1])]
    return min(numbers)


def _split(batch: FileBatch, stop: int, most: int) -> tuple[FileBatch, FileBatch | None]:
    """At a row number, or after so many rows; None where nothing is left."""
    cut = min(int(np.searchsorted(batch.rows, stop)), most)
    if cut < len(batch.rows):
        stop = min(stop, int(batch.rows[cut]))
    first = FileBatch(
        batch.table.slice(0, cut),
        batch.rows[:cut],
        {at: why for at, why in batch.unreadable.items() if at < cut},
        [lost for lost in batch.lost if lost.row < stop],
    )
    rest = FileBatch(
        batch.table.slice(cut),
        batch.rows[cut:],
        {at - cut: why for at, why in batch.unreadable.items() if at >= cut},
        [lost for lost in batch.lost if lost.row >= stop],
    )
    return first, rest if len(rest.rows) or rest.lost else None


class _CsvPart(Part):
    def __init__(self, number: int, start: int, stop: int, rows: _Rows) -> None:
        self.number, self.start, self.stop, self.last = number, start, stop, False
        self._rows = rows

    def batches(self) -> Iterator[FileBatch]:
        end = self.start
        for batch in self._rows.until(self.stop):
            numbers = [*batch.rows[-1:].tolist(), *(lost.row for lost in batch.lost[-1:])]
            end = max(numbers) + 1
            yield batch
        self.last = self._rows.at_end()
        if self.last:
            self.stop = end


def csv_header(file: InputFile, delimiter: str) -> tuple[list[str], bool]:
    """The names of the columns, and whether anything follows them.

    Raises
    ------
    ScoringError
        If there is no header.
    """
    with (
        gzip.open(file.path, "rb") if _is_gzip(file.path) else file.path.open("rb") as opened,
        io.TextIOWrapper(opened, "utf-8-sig", "surrogateescape", newline="") as text,
    ):
        try:
            header = next(lines.reader(text, delimiter=delimiter), None)
            follows = next(text, None) is not None
        except (lines.Error, OSError) as error:
            raise ScoringError(
                f"The header of {str(file.path)!r} cannot be read: {error}"
            ) from error
    if not header:
        raise ScoringError(f"{str(file.path)!r} has no header: its first line is empty.")
    return header, follows


def _is_gzip(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def _types_of(features: ReadColumns) -> dict[str, pa.DataType]:
    if features.cell_types is None:
        return {}
    types = {
        "number": pa.float64(),
        "text": pa.string(),
        "any": pa.string(),
        "unused": pa.string(),
    }
    return {
        name: types[cell_type]
        for name, cell_type in zip(features.names, features.cell_types, strict=True)
    }
