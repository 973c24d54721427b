"""Parquet files as sources of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from skmtl._paths import in_arrow
from skmtl.scoring._columns import CellType, ReadColumns
from skmtl.scoring._errors import ScoringError
from skmtl.scoring._inputs import InputFile
from skmtl.scoring._source import FileBatch, Finished, Part, Source

_NOTHING = "nothing"
# Values of a column that the model interprets; the last one is missing.
_READABLE: dict[CellType, tuple[str, ...]] = {
    "number": ("numbers", _NOTHING),
    "text": ("text", _NOTHING),
    "histories": ("histories", _NOTHING),
    "any": ("text", "numbers", _NOTHING),
}
_REMEDIES = {"histories": "score a pipeline that begins with skmtl.histories.SeriesSummary"}
# Bytes of a column to read at a time; otherwise a whole row group would be in memory.
_BUFFER = 2**18


class ParquetSource(Source):
    """A Parquet file.

    Parameters
    ----------
    file : InputFile
    columns, keys, part_rows, batch_rows
        See `Source`. A part has as many row groups as it needs for `part_rows` rows.
    """

    def __init__(
        self,
        file: InputFile,
        columns: Sequence[str],
        keys: Mapping[str, pa.Scalar],
        part_rows: int,
        batch_rows: int,
    ) -> None:
        super().__init__(columns, keys, part_rows, batch_rows)
        self._file = file
        pa.array(pd.PeriodIndex([], freq="D"))  # so that pandas registers the type of periods
        source, store = in_arrow(file.path)
        with pq.ParquetFile(source, filesystem=store) as opened:
            self._set_schema(opened.schema_arrow)
            metadata = opened.metadata
            self._sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        self._n_read = 0

    def check(self, features: ReadColumns) -> None:
        if features.cell_types is None:
            return
        for name, cell_type in zip(features.names, features.cell_types, strict=True):
            kind = value_type(self.schema.field(name).type)
            content = _holding(kind)
            if cell_type != "unused" and content not in _READABLE[cell_type]:
                wanted = " or ".join(_READABLE[cell_type][:-1])
                remedy = _REMEDIES.get(content, "write the file with that type")
                raise ValueError(
                    f"The column {name!r} of {str(self._file.path)!r} has {content} ({kind}), "
                    f"but the model was fitted on {wanted}: {remedy}."
                )

    def parts(self, finished: Mapping[int, Finished]) -> Iterator[Part]:
        ranges, start = self._ranges(), 0
        for number, groups in enumerate(ranges):
            stop = start + sum(self._sizes[group] for group in groups)
            if number in finished:
                self._n_read += stop - start
            else:
                yield _ParquetPart(number, start, stop, number == len(ranges) - 1, self, groups)
            start = stop

    def _ranges(self) -> list[list[int]]:
        """Assign row groups to parts; a file without rows has one part."""
        ranges: list[list[int]] = [[]]
        rows = 0
        for group, size in enumerate(self._sizes):
            if rows >= self._part_rows:
                ranges.append([])
                rows = 0
            ranges[-1].append(group)
            rows += size
        return ranges

    def read(self, start: int, groups: list[int]) -> Iterator[FileBatch]:
        """Iterate over batches of some row groups, starting at a row number."""
        for table in self._readable(start, self._tables(groups)):
            table = self._with_keys(table)
            yield FileBatch(table, table, np.arange(start, start + len(table)))
            start += len(table)
            self._n_read += len(table)

    def _readable(self, row: int, tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
        """Iterate over tables; errors name the file and the row that cannot be read."""
        while True:
            try:
                table = next(tables, None)
            except (pa.ArrowException, OSError) as error:
                raise ScoringError(
                    f"{str(self._file.path)!r} cannot be read after row {row:,}: {error}"
                ) from error
            if table is None:
                return
            row += len(table)
            yield table

    def _tables(self, groups: list[int]) -> Iterator[pa.Table]:
        """Iterate over tables of nearly the size of a batch, for row groups of any size."""
        waiting: list[pa.RecordBatch] = []
        n_waiting = 0
        source, store = in_arrow(self._file.path)
        with pq.ParquetFile(source, buffer_size=_BUFFER, filesystem=store) as opened:
            for batch in opened.iter_batches(self._batch_rows, groups, self._stored):
                if waiting and n_waiting + len(batch) > self._batch_rows:
                    yield pa.Table.from_batches(waiting)
                    waiting, n_waiting = [], 0
                waiting.append(batch)
                n_waiting += len(batch)
        if waiting:
            yield pa.Table.from_batches(waiting)

    def share(self) -> float:
        return self._n_read / max(sum(self._sizes), 1)


@dataclass
class _ParquetPart(Part):
    number: int
    start: int
    stop: int
    last: bool
    source: ParquetSource
    groups: list[int]

    def batches(self) -> Iterator[FileBatch]:
        return self.source.read(self.start, self.groups)


def parquet_columns(file: InputFile) -> list[str]:
    """Return the names of the columns.

    Raises
    ------
    ScoringError
        If the file is damaged.
    """
    source, store = in_arrow(file.path)
    try:
        return pq.read_schema(source, filesystem=store).names
    except pa.ArrowInvalid as error:
        raise ScoringError(
            f"{str(file.path)!r} is not a Parquet file, or is damaged: {error}"
        ) from error


def value_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _holding(kind: pa.DataType) -> str:
    if pa.types.is_null(kind):
        return _NOTHING
    if is_text(kind):
        return "text"
    if _is_history(kind):
        return "histories"
    return "numbers" if _is_number(kind) else "neither numbers nor text"


def _is_history(kind: pa.DataType) -> bool:
    """Whether a column has histories, as a struct of lists or as a list of structs."""
    one = kind.value_type if _is_list(kind) else kind
    return pa.types.is_struct(one) and {"time", "variable", "value"} <= {part.name for part in one}


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind)


def is_string(kind: pa.DataType) -> bool:
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(test(kind) for test in tests)


def is_text(kind: pa.DataType) -> bool:
    return is_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _is_number(kind: pa.DataType) -> bool:
    tests = (
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_decimal,
        pa.types.is_boolean,
    )
    return any(test(kind) for test in tests)
