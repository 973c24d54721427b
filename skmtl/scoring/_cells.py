"""Text cells to values of a type, and which of them have none of that type."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Values = tuple[pa.ChunkedArray, dict[int, str]]
# Of a cell that is shown in a reason.
_SHOWN = 40


def parse_cells(cells: pa.ChunkedArray, kind: pa.DataType, name: str) -> Values:
    """Cells as they stand in a text file, as values of a type.

    Parameters
    ----------
    cells : ChunkedArray of binary
        Null where a cell is missing.
    kind : DataType
    name : str
        Of the column.

    Returns
    -------
    values : ChunkedArray of `kind`
        Null where a cell cannot be read.
    problems : dict of int to str
        The positions of these cells, and why.
    """
    text, problems = _as_text(cells, name)
    if pa.types.is_string(kind):
        return text, problems
    try:
        return text.cast(kind), problems
    except pa.ArrowInvalid:
        pass
    if pa.types.is_floating(kind):
        values, readable = _numbers(text, kind)
    else:
        values, readable = _one_by_one(text, kind)
    wanted = "number" if pa.types.is_floating(kind) else kind
    for position in np.flatnonzero(~readable).tolist():
        shown = text[position].as_py()[:_SHOWN]
        problems.setdefault(position, f"Column {name!r} holds {shown!r}, which is no {wanted}.")
    return values, problems


def _as_text(cells: pa.ChunkedArray, name: str) -> Values:
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
                problems[position] = f"Column {name!r} holds {shown}, which is no UTF-8 text."
        return pa.chunked_array([pa.array(values, pa.string())]), problems


def _numbers(text: pa.ChunkedArray, kind: pa.DataType) -> tuple[pa.ChunkedArray, np.ndarray]:
    """Numbers with spaces around them, and the words for true and false."""
    words = pc.utf8_lower(pc.utf8_trim_whitespace(text))
    words = pc.if_else(pc.equal(words, "true"), "1", words)
    words = pc.if_else(pc.equal(words, "false"), "0", words)
    values = pd.to_numeric(words.to_pandas(), errors="coerce").to_numpy(
        np.float64, na_value=np.nan
    )
    given = pc.fill_null(pc.not_equal(words, ""), False).to_numpy()
    # The words for a number that is missing are null by now, whatever their case.
    readable = ~np.isnan(values) | ~given
    array = pa.array(values, pa.float64(), from_pandas=True).cast(kind)
    return pa.chunked_array([array]), readable


def _one_by_one(text: pa.ChunkedArray, kind: pa.DataType) -> tuple[pa.ChunkedArray, np.ndarray]:
    trimmed = pc.utf8_trim_whitespace(text)
    values, readable = [], np.ones(len(text), dtype=bool)
    for position in range(len(trimmed)):
        cell = trimmed[position]
        try:
            values.append(cell.cast(kind))
        except pa.ArrowInvalid:
            values.append(pa.scalar(None, kind))
            readable[position] = False
    return pa.chunked_array([pa.array([value.as_py() for value in values], kind)]), readable
