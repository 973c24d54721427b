"""Read CSV files into one DataFrame."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.api import types

from skmtl._text import holds_text
from skmtl.csv_files._cells import parse_cells, stripped_cells, text_cells, text_values
from skmtl.csv_files._errors import CsvError
from skmtl.csv_files._file import CsvBlock, CsvFile
from skmtl.csv_files._format import CsvFormat

CellKind = Literal["nothing", "words", "bool", "int", "float", "text"]
"""Types of cells. "words" are quoted words for missing: text, if the other cells are text."""

_ARROW: dict[CellKind, pa.DataType] = {
    "nothing": pa.float64(),  # as pandas reads it
    "words": pa.string(),
    "bool": pa.bool_(),
    "int": pa.int64(),
    "float": pa.float64(),
    "text": pa.string(),
}
_BOOLEANS = pa.array(["true", "True", "TRUE", "false", "False", "FALSE"])


def read_frame(
    files: Sequence[CsvFile], columns: Sequence[str], like: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Concatenate the rows of files.

    A column is numeric if all cells of all files are numbers or words for missing, boolean if they
    are booleans or words for missing, and otherwise text. In a text column only unquoted words for
    missing are missing.

    Parameters
    ----------
    files : sequence of CsvFile
    columns : sequence of str
    like : DataFrame, default=None
        A table with these columns that was read before. Columns get the same types, and texts that
        occur in it are not words for missing.

    Returns
    -------
    DataFrame of shape (n_rows, n_columns)

    Raises
    ------
    CsvError
        If a row or a cell cannot be read.
    """
    like = pd.DataFrame(columns=list(columns)) if like is None else like[list(columns)]
    kinds = _kinds(files, like)
    read: dict[str, list[pa.ChunkedArray]] = {name: [] for name in columns}
    words: dict[str, Counter[str]] = {name: Counter() for name in columns}
    categories = {name: _texts(like[name]) for name in columns}
    for file in files:
        for block in file.blocks(columns):
            _check(file, dict(block.refused))
            for name in columns:
                text, problems = text_cells(block, name)
                if kinds[name] == pa.string():
                    values = text_values(block, name, text, file.csv, categories[name])
                    words[name].update(_lost_words(text, values))
                else:
                    values, unreadable = parse_cells(text, kinds[name], name, file.csv)
                    problems |= unreadable
                _check(file, {int(block.rows[at]): why for at, why in problems.items()})
                read[name].append(values)
    if all(file.csv.missing is None for file in files):
        _warn_of(words)
    arrays = [
        pa.chunked_array([chunk for values in read[name] for chunk in values.chunks], kinds[name])
        for name in columns
    ]
    return pa.table(arrays, names=list(columns)).to_pandas()


def first_types(file: CsvFile, columns: Sequence[str]) -> dict[str, pa.DataType]:
    """Infer the types of columns from the first rows that can be read."""
    block = next((block for block in file.blocks(columns) if len(block)), None)
    if block is None:
        return dict.fromkeys(columns, pa.float64())
    return {name: _ARROW[_kind(block, name, file.csv)] for name in columns}


def _kinds(files: Sequence[CsvFile], like: pd.DataFrame) -> dict[str, pa.DataType]:
    """Return the types that fit all files, and `like` where it determines them."""
    wanted = {name: _kind_like(like[name]) for name in like.columns}
    kinds: dict[str, CellKind] = dict.fromkeys(like.columns, "nothing")
    kinds |= {name: kind for name, kind in wanted.items() if kind == "text"}
    for file in files:
        for block in file.blocks([name for name, kind in kinds.items() if kind != "text"]):
            for name, kind in kinds.items():
                if kind != "text":
                    kinds[name] = _joined(kind, _kind(block, name, file.csv))
    # Text in a column that is numeric in `like` is parsed as numbers, so that the error names it.
    return {
        name: _ARROW[wanted[name] or kind if _ARROW[kind] == pa.string() else kind]
        for name, kind in kinds.items()
    }


def _kind_like(column: pd.Series) -> CellKind | None:
    """Return the type of a column's cells; None if the dtype does not determine it."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _kind_like(pd.Series(column.cat.categories))
    if types.is_bool_dtype(column.dtype):
        return "bool"
    if types.is_numeric_dtype(column.dtype):
        return "float"
    return "text" if holds_text(column) else None


def _kind(block: CsvBlock, name: str, csv: CsvFormat) -> CellKind:
    text, problems = text_cells(block, name)
    if problems:
        return "text"
    cells = stripped_cells(text, csv).drop_null()
    if len(cells) == 0:
        words = pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(text), ""), False)
        if not block.has_quotes or not pc.any(words).as_py():
            return "nothing"
        quoted = pc.and_not(words, block.unquoted(name, csv.missing_words))
        return "words" if pc.any(quoted).as_py() else "nothing"
    booleans = pc.is_in(cells, _BOOLEANS)
    if pc.any(booleans).as_py():
        return "bool" if pc.all(booleans).as_py() else "text"
    numbers, problems = parse_cells(cells, pa.float64(), name, csv)
    if problems:
        return "text"
    if not pc.all(pc.equal(numbers, pc.trunc(numbers))).as_py():
        return "float"
    try:
        cells.cast(pa.int64())
    except pa.ArrowInvalid:
        return "float"
    return "int"


def _joined(left: CellKind, right: CellKind) -> CellKind:
    """Return the common type of two parts of a column."""
    for weak in ("nothing", "words"):
        if weak in (left, right):
            return right if left == weak else left
    if left == right:
        return left
    return "float" if {left, right} == {"int", "float"} else "text"


def _texts(column: pd.Series) -> set[str]:
    values = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column
    return {value for value in pd.unique(values) if isinstance(value, str)}


def _check(file: CsvFile, faults: Mapping[int, str]) -> None:
    if faults:
        row = min(faults)
        raise CsvError(f"Row {row:,} (from 0) of {file.name!r} cannot be read: {faults[row]}")


def _lost_words(text: pa.ChunkedArray, values: pa.ChunkedArray) -> dict[str, int]:
    """Count the words that were read as missing."""
    lost = text.filter(pc.and_(values.is_null(), pc.fill_null(pc.not_equal(text, ""), False)))
    return {count["values"]: count["counts"] for count in lost.value_counts().to_pylist()}


def _warn_of(words: Mapping[str, Counter[str]]) -> None:
    for name, counts in words.items():
        if counts:
            shown = ", ".join(f"{word!r} ({n:,})" for word, n in counts.most_common(3))
            warnings.warn(
                f"In the text column {name!r}, unquoted cells are read as missing: "
                f"{shown}. If they are text, quote them in the file, or list the words that do "
                "mean a missing value as `missing` in the table [csv] of the configuration.",
                UserWarning,
                stacklevel=3,
            )
