"""Convert text cells to typed values, and report the cells that cannot be converted."""

from __future__ import annotations

from collections.abc import Container

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from skmtl.csv_files._file import CsvBlock
from skmtl.csv_files._format import CsvFormat

Values = tuple[pa.ChunkedArray, dict[int, str]]
# Bytes of a cell that an error message quotes.
_SHOWN = 40
_MISSING = pa.scalar(None, pa.string())


def text_cells(block: CsvBlock, name: str) -> Values:
    """Return cells as text, unchanged.

    Parameters
    ----------
    block : CsvBlock
    name : str
        The name of the column.

    Returns
    -------
    values : ChunkedArray of string
        Null for cells that are empty and unquoted, and for cells that are not text.
    problems : dict of int to str
        The positions of the latter, and why.
    """
    cells = block.cells(name)
    try:
        return cells.cast(pa.string()), {}
    except pa.ArrowInvalid:
        values, problems = [], {}
        for position, cell in enumerate(cells.to_pylist()):
            try:
                values.append(None if cell is None else cell.decode())
            except UnicodeDecodeError:
                values.append(None)
                shown = repr(cell[:_SHOWN])
                problems[position] = f"Column {name!r} holds {shown}, which is not UTF-8 text."
        return pa.chunked_array([pa.array(values, pa.string())]), problems


def text_values(
    block: CsvBlock, name: str, text: pa.ChunkedArray, csv: CsvFormat, categories: Container[str]
) -> pa.ChunkedArray:
    """Return cells as text or missing values.

    An empty cell is missing, quoted or not, and so is an unquoted word for missing. Categories of
    the model are exceptions: they stay text, unless the format lists the word explicitly.

    Parameters
    ----------
    block : CsvBlock
    name : str
    text : ChunkedArray of string
        From `text_cells`.
    csv : CsvFormat
    categories : container of str
        Texts that are categories of the model.

    Returns
    -------
    ChunkedArray of string
    """
    words = csv.missing_words
    if csv.missing is None:
        words = tuple(word for word in words if word not in categories)
    missing = _is_in(text, words)
    if block.has_quotes and pc.any(missing).as_py():
        missing = pc.and_(missing, block.unquoted(name, words))
    if "" not in categories:
        missing = pc.or_(missing, pc.fill_null(pc.equal(text, ""), False))
    return pc.if_else(missing, _MISSING, text)


def parse_cells(text: pa.ChunkedArray, kind: pa.DataType, name: str, csv: CsvFormat) -> Values:
    """Return cells as values of a type other than text.

    Parameters
    ----------
    text : ChunkedArray of string
        From `text_cells`.
    kind : DataType
    name : str
        The name of the column.
    csv : CsvFormat

    Returns
    -------
    values : ChunkedArray of `kind`
        Null where a cell is empty, a word for missing, or cannot be read.
    problems : dict of int to str
        The positions of the latter, and why.
    """
    if csv.missing is None and pa.types.is_floating(kind) and csv.decimal == ".":
        try:  # fast path: most columns hold only numbers, and NaN is the only word that is one
            return text.cast(kind), {}
        except pa.ArrowInvalid:
            pass
    cells = stripped_cells(text, csv)
    if csv.decimal != "." and (pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        cells = _with_points(cells, csv.decimal)
    try:
        return cells.cast(kind), {}
    except pa.ArrowInvalid:
        pass
    if pa.types.is_floating(kind):
        values, readable = _numbers(cells, kind)
    else:
        values, readable = _one_by_one(cells, kind)
    wanted = "a number" if pa.types.is_floating(kind) else kind
    problems = {}
    for position in np.flatnonzero(~readable).tolist():
        shown = text[position].as_py()[:_SHOWN]
        problems[position] = f"Column {name!r} holds {shown!r}, which is not {wanted}."
    return values, problems


def stripped_cells(text: pa.ChunkedArray, csv: CsvFormat) -> pa.ChunkedArray:
    """Strip spaces around cells; empty cells and words for missing become null."""
    trimmed = pc.ascii_trim_whitespace(text)
    return pc.if_else(_is_in(trimmed, ("", *csv.missing_words)), _MISSING, trimmed)


def _is_in(text: pa.ChunkedArray, words: tuple[str, ...]) -> pa.ChunkedArray:
    return pc.is_in(text, pa.array(words, pa.string()))


def _with_points(cells: pa.ChunkedArray, decimal: str) -> pa.ChunkedArray:
    """Replace the decimal sign by a point; a cell that already has a point is not a number."""
    without = pc.replace_substring(cells, ".", "?")
    return pc.replace_substring(without, decimal, ".")


def _numbers(cells: pa.ChunkedArray, kind: pa.DataType) -> tuple[pa.ChunkedArray, np.ndarray]:
    """Parse numbers as pandas does, and the words true and false."""
    words = pc.utf8_lower(pc.utf8_trim_whitespace(cells))
    words = pc.if_else(pc.equal(words, "true"), "1", words)
    words = pc.if_else(pc.equal(words, "false"), "0", words)
    values = pd.to_numeric(words.to_pandas(), errors="coerce").to_numpy(
        np.float64, na_value=np.nan
    )
    readable = ~np.isnan(values) | words.is_null().to_numpy() | _is_nan(words)
    array = pa.array(values, pa.float64(), from_pandas=True).cast(kind)
    return pa.chunked_array([array]), readable


def _is_nan(words: pa.ChunkedArray) -> np.ndarray:
    """Return a mask of the spellings of NaN, which every parser accepts."""
    return _is_in(words, ("nan", "-nan", "+nan")).to_numpy()


def _one_by_one(cells: pa.ChunkedArray, kind: pa.DataType) -> tuple[pa.ChunkedArray, np.ndarray]:
    values, readable = [], np.ones(len(cells), dtype=bool)
    for position in range(len(cells)):
        try:
            values.append(cells[position].cast(kind))
        except pa.ArrowInvalid:
            values.append(pa.scalar(None, kind))
            readable[position] = False
    return pa.chunked_array([pa.array([value.as_py() for value in values], kind)]), readable
