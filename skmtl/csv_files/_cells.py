"""Text cells to values of a type, and which of them have none of that type."""

from __future__ import annotations

from collections.abc import Container

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from skmtl.csv_files._file import CsvBlock
from skmtl.csv_files._format import CsvFormat

Values = tuple[pa.ChunkedArray, dict[int, str]]
# Of a cell that is shown in a reason.
_SHOWN = 40
_MISSING = pa.scalar(None, pa.string())


def text_cells(block: CsvBlock, name: str) -> Values:
    """Cells as they stand in the file, as text.

    Parameters
    ----------
    block : CsvBlock
    name : str
        Of a column.

    Returns
    -------
    values : ChunkedArray of string
        Null where nothing stands, not even quotes, and where a cell is not text.
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
    block: CsvBlock, name: str, text: pa.ChunkedArray, csv: CsvFormat, known: Container[str]
) -> pa.ChunkedArray:
    """Cells as texts or missing values.

    An empty cell is missing, quoted or not, and so is a word for missing that is not quoted. But
    what is `known` is text: the empty cell, and words that the format does not name itself.

    Parameters
    ----------
    block : CsvBlock
    name : str
    text : ChunkedArray of string
        From `text_cells`.
    csv : CsvFormat
    known : container of str
        Texts that a model knows.

    Returns
    -------
    ChunkedArray of string
    """
    words = csv.missing_words
    if csv.missing is None:
        words = tuple(word for word in words if word not in known)
    missing = _is_in(text, words)
    if block.has_quotes and pc.any(missing).as_py():
        missing = pc.and_(missing, block.unquoted(name, words))
    if "" not in known:
        missing = pc.or_(missing, pc.fill_null(pc.equal(text, ""), False))
    return pc.if_else(missing, _MISSING, text)


def parse_cells(text: pa.ChunkedArray, kind: pa.DataType, name: str, csv: CsvFormat) -> Values:
    """Cells as values of a type other than text.

    Parameters
    ----------
    text : ChunkedArray of string
        From `text_cells`.
    kind : DataType
    name : str
        Of the column.
    csv : CsvFormat

    Returns
    -------
    values : ChunkedArray of `kind`
        Null where a cell is empty, a word for missing, or cannot be read.
    problems : dict of int to str
        The positions of the latter, and why.
    """
    if csv.missing is None and pa.types.is_floating(kind) and csv.decimal == ".":
        try:  # most columns are numbers alone, which no word for missing is but NaN
            return text.cast(kind), {}
        except pa.ArrowInvalid:
            pass
    cells = given_cells(text, csv)
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


def given_cells(text: pa.ChunkedArray, csv: CsvFormat) -> pa.ChunkedArray:
    """Cells without the spaces around them; null where nothing or a word for missing stands."""
    trimmed = pc.ascii_trim_whitespace(text)
    return pc.if_else(_is_in(trimmed, ("", *csv.missing_words)), _MISSING, trimmed)


def _is_in(text: pa.ChunkedArray, words: tuple[str, ...]) -> pa.ChunkedArray:
    return pc.is_in(text, pa.array(words, pa.string()))


def _with_points(cells: pa.ChunkedArray, decimal: str) -> pa.ChunkedArray:
    """Numbers as Python writes them; a cell with a point is then not a number."""
    without = pc.replace_substring(cells, ".", "?")
    return pc.replace_substring(without, decimal, ".")


def _numbers(cells: pa.ChunkedArray, kind: pa.DataType) -> tuple[pa.ChunkedArray, np.ndarray]:
    """Numbers as pandas reads them, and the words for true and false."""
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
    """Where the word that every parser takes for no number stands."""
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
