"""CSV files as sources of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from skmtl.csv_files import (
    CsvBlock,
    CsvError,
    CsvFile,
    CsvFormat,
    first_types,
    parse_cells,
    text_cells,
    text_values,
)
from skmtl.scoring._columns import ReadColumns
from skmtl.scoring._errors import ScoringError
from skmtl.scoring._inputs import InputFile
from skmtl.scoring._parquet import is_text, value_type
from skmtl.scoring._source import FileBatch, Finished, Part, Refusal, Source


class CsvSource(Source):
    """A CSV file with a header.

    All cells are read as text. Features are converted to what the model was fitted on, numbers or
    text; other columns stay unchanged text unless `types` has their type.

    Parameters
    ----------
    file : InputFile
    columns, keys, part_rows, batch_rows
        See `Source`.
    features : ReadColumns
    types : mapping of str to pyarrow.DataType
        Types of columns that should be read differently.
    csv : CsvFormat
    """

    def __init__(
        self,
        file: InputFile,
        columns: Sequence[str],
        keys: Mapping[str, pa.Scalar],
        features: ReadColumns,
        types: Mapping[str, pa.DataType],
        csv: CsvFormat,
        part_rows: int,
        batch_rows: int,
    ) -> None:
        super().__init__(columns, keys, part_rows, batch_rows)
        self._size = file.size
        self._csv = open_csv(file, csv)
        header = self._csv.header
        typed = _types_of(features) | dict(types)
        unknown = [name for name in features.names if name in header and name not in typed]
        if unknown:
            typed |= self._guess(unknown)
        fields = [pa.field(name, typed.get(name, pa.string())) for name in header]
        self._set_schema(pa.schema(fields))
        self._texts = features.texts
        self._share = 0.0

    def check(self, features: ReadColumns) -> None:
        """Raise a ValueError for histories; all other columns can be read from text."""
        kinds = zip(features.names, features.cell_types or [], strict=False)
        stored = [name for name, cell_type in kinds if cell_type == "histories"]
        histories = [name for name in stored if name not in self._keys]
        if histories:
            raise ValueError(
                f"The column {histories[0]!r} is a column of histories, which a CSV file cannot "
                "contain: write Parquet files, for example with pandas.DataFrame.to_parquet."
            )

    def parts(self, finished: Mapping[int, Finished]) -> Iterator[Part]:
        number = start = 0
        while number in finished:
            start, last = finished[number]
            number += 1
            if last:
                self._share = 1.0
                return
        rows = _Rows(self._batches(), self._batch_rows, start)
        while True:
            part = _CsvPart(number, start, start + self._part_rows, rows)
            yield part
            if part.last:
                return
            number, start = number + 1, part.stop

    def share(self) -> float:
        return self._share

    def _batches(self) -> Iterator[FileBatch]:
        """Iterate over blocks of rows of the file."""
        try:
            for block in self._csv.blocks(self._stored):
                self._share = min(self._csv.n_bytes_read / max(self._size, 1), 1.0)
                yield self._read(block)
        except CsvError as error:
            raise ScoringError(str(error)) from error

    def _read(self, block: CsvBlock) -> FileBatch:
        written: dict[str, pa.ChunkedArray] = {}
        read: dict[str, pa.ChunkedArray] = {}
        unreadable: dict[int, str] = {}
        for name in self._stored:
            kind = self.schema.field(name).type
            text, problems = text_cells(block, name)
            if not is_text(value_type(kind)):
                values, unreadable_cells = parse_cells(text, kind, name, self._csv.csv)
                written[name] = read[name] = values
                problems |= unreadable_cells
            else:
                written[name] = read[name] = text.cast(kind)
                if name in self._texts:
                    categories = self._texts[name]
                    values = text_values(block, name, text, self._csv.csv, categories)
                    read[name] = values.cast(kind)
            unreadable |= {at: why for at, why in problems.items() if at not in unreadable}
        return FileBatch(
            self._with_keys(pa.table(written)),
            self._with_keys(pa.table(read)),
            block.rows,
            unreadable,
            [Refusal(row, reason) for row, reason in block.refused],
        )

    def _guess(self, names: list[str]) -> dict[str, pa.DataType]:
        """Infer types from the first rows, for models that do not know what they read."""
        try:
            types = first_types(self._csv, names)
        except CsvError as error:
            raise ScoringError(str(error)) from error
        number = pa.float64()
        return {n: number if pa.types.is_integer(t) else t for n, t in types.items()}


def open_csv(file: InputFile, csv: CsvFormat) -> CsvFile:
    """Open a CSV file and read its header.

    Raises
    ------
    ScoringError
        If the header is missing or cannot be read.
    """
    try:
        return CsvFile(str(file.path), lambda: file.path.open("rb"), csv)
    except CsvError as error:
        raise ScoringError(str(error)) from error


class _Rows:
    """Regroups blocks of any size into batches of a fixed size."""

    def __init__(self, batches: Iterator[FileBatch], batch_rows: int, start: int) -> None:
        self._batches, self._batch_rows = batches, batch_rows
        self._waiting: list[FileBatch] = []
        for _ in self.until(start):
            pass

    def until(self, stop: int) -> Iterator[FileBatch]:
        """Iterate over rows up to a row number or the end of the file."""
        while not self.at_end() and _begin(self._waiting[0]) < stop:
            first, rest = _split(self._waiting.pop(), stop, self._batch_rows)
            self._waiting += [] if rest is None else [rest]
            yield first

    def at_end(self) -> bool:
        """Whether there are no more rows."""
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
    """Split at a row number, or after `most` rows; the second part is None if it is empty."""
    cut = min(int(np.searchsorted(batch.rows, stop)), most)
    if cut < len(batch.rows):
        stop = min(stop, int(batch.rows[cut]))
    first = FileBatch(
        batch.table.slice(0, cut),
        batch.read.slice(0, cut),
        batch.rows[:cut],
        {at: why for at, why in batch.unreadable.items() if at < cut},
        [lost for lost in batch.lost if lost.row < stop],
    )
    rest = FileBatch(
        batch.table.slice(cut),
        batch.read.slice(cut),
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


def _types_of(features: ReadColumns) -> dict[str, pa.DataType]:
    types = {
        "number": pa.float64(),
        "text": pa.string(),
        "any": pa.string(),
        "histories": pa.string(),
        "unused": pa.string(),
    }
    return {
        name: types[cell_type]
        for name, cell_type in zip(features.names, features.cell_types or [], strict=False)
    }
