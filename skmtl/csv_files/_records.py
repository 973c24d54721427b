"""Split a text into rows that are accepted and rows that are refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmtl.csv_files._errors import CsvError
from skmtl.csv_files._grammar import Grammar
from skmtl.csv_files._layout import Layout, layout_of
from skmtl.csv_files._shape import RowShape
from skmtl.csv_files._text import DAMAGES, Read

# Bytes to read at a time, and the maximum length of a row.
_BLOCK, _LONGEST = 2**22, 2**23
_SHOWN = 80  # bytes of a row that a message quotes


class Records(NamedTuple):
    """Consecutive rows of a file.

    Attributes
    ----------
    text : bytes
        The accepted rows, unchanged.
    rows : int64 ndarray
        Their row numbers in the file, from 0.
    refused : list of (int, str)
        Row numbers of the refused rows, and why.
    """

    text: bytes
    rows: NDArray[np.int64]
    refused: list[tuple[int, str]]


def read_records(
    read: Read, already_read: bytes, delimiter: bytes, n_cells: int
) -> Iterator[Records]:
    """Iterate over the rows of a text, some megabytes at a time.

    Every line is part of a row that is accepted or refused; only blank lines are skipped, if rows
    have several cells. A quote that is never closed, or is closed in the middle of a cell, costs
    only its own line: the next line starts a new row.

    Parameters
    ----------
    read : callable
        Returns the next bytes.
    already_read : bytes
        The bytes that have been read already.
    delimiter : bytes
    n_cells : int
        Cells in every row.

    Raises
    ------
    CsvError
        If the file is damaged, or a line is longer than 8 MB.
    """
    shape = RowShape(delimiter, n_cells)
    grammars = {end: Grammar(delimiter, n_cells, end) for end in (False, True)}
    text, row, at_end = already_read, 0, False
    while not at_end:
        try:
            block = read(_BLOCK)
        except DAMAGES as error:
            raise CsvError(f"cannot be read after row {row:,}: {error}") from error
        at_end = not block
        text += block
        splitter = _RowSplitter(text, row, grammars[at_end], shape, delimiter, n_cells)
        if not splitter.take_at_once(at_end):
            splitter.take_one_by_one(at_end)
        yield splitter.records()
        text, row = text[splitter.stop :], splitter.row


class _RowSplitter:
    """Splits a text into rows; it has got to position `stop`, where row number `row` starts."""

    def __init__(
        self,
        text: bytes,
        row: int,
        grammar: Grammar,
        shape: RowShape,
        delimiter: bytes,
        n_cells: int,
    ) -> None:
        self._text, self._grammar, self._shape = text, grammar, shape
        self._delimiter, self._n_cells = delimiter, n_cells
        self._first = self.row = row
        self.stop = 0
        self._refused: list[tuple[int, str]] = []
        self._cuts: list[tuple[int, int]] = []

    def records(self) -> Records:
        refused = np.array([row - self._first for row, _ in self._refused], dtype=np.int64)
        rows = np.delete(np.arange(self._first, self.row), refused)
        starts = [0, *(stop for _, stop in self._cuts)]
        stops = [*(start for start, _ in self._cuts), self.stop]
        kept = [self._text[start:stop] for start, stop in zip(starts, stops, strict=True)]
        return Records(b"".join(kept), rows, self._refused)

    def take_at_once(self, at_end: bool) -> bool:
        """Split all rows at once; return False if a quote may be misplaced."""
        layout = layout_of(self._text, self._delimiter, at_end)
        if layout is None or not self._are_plausible(layout):
            return False
        starts, stops, following, n_cells, _ = layout
        is_row = (stops > starts) | (self._n_cells == 1)
        numbers = self.row + np.cumsum(is_row) - 1
        for at in np.flatnonzero(is_row & (n_cells != self._n_cells)).tolist():
            reason = self._wrong_count(int(n_cells[at]), self._text[starts[at] : stops[at]])
            self._refuse(int(numbers[at]), int(starts[at]), int(following[at]), reason)
        self.row += int(is_row.sum())
        self.stop = int(following[-1]) if len(following) else 0
        return True

    def _are_plausible(self, layout: Layout) -> bool:
        starts, stops, following, n_cells, has_lines = layout
        if len(self._text) - (following[-1] if len(following) else 0) > _LONGEST:
            return False
        for at in np.flatnonzero(~has_lines & (n_cells == self._n_cells)).tolist():
            if not self._shape.wants_samples:
                break
            self._shape.add(self._text[starts[at] : stops[at]])
        return all(
            n_cells[at] == self._n_cells
            and self._is_plausible(self._text[starts[at] : following[at]])
            for at in np.flatnonzero(has_lines)
        )

    def take_one_by_one(self, at_end: bool) -> None:
        """Split the rows one by one, wherever the quotes are."""
        text, grammar = self._text, self._grammar
        while self.stop < len(text):
            at = self.stop
            if self._n_cells > 1 and (blank := grammar.blank.match(text, at)):
                self.stop = blank.end()
                continue
            row = grammar.row.match(text, at)
            if row is None or not self._is_plausible(row.group()):
                fault = self._fault(at, at_end)
                if fault is None:  # the rest of the row may not have been read yet
                    return
                self.stop, reason = fault
                self._refuse(self.row, at, self.stop, reason)
            else:
                self.stop = row.end()
            self.row += 1

    def _is_plausible(self, row: bytes) -> bool:
        """Whether a row of several lines is one row, not several that an unclosed quote joined."""
        if row.count(b"\n") > 1 or row.count(b"\r") > 1:
            return not self._shape.holds_rows(row.splitlines())
        if self._shape.wants_samples:
            self._shape.add(row)
        return True

    def _fault(self, at: int, at_end: bool) -> tuple[int, str] | None:
        """Return the position after a row that cannot be read, and the reason."""
        text, grammar = self._text, self._grammar
        any_row, line = grammar.any_row.match(text, at), grammar.line.match(text, at)
        may_go_on = not at_end and len(text) - at <= _LONGEST
        if any_row is not None:
            row = any_row.group()
            later_lines = row.splitlines()[1:]
            if not any(map(self._shape.fits, later_lines)):
                return any_row.end(), self._wrong_count(grammar.count_cells(row), row)
            problem = (
                f"is closed only after {len(later_lines):,} line ends, after what looks like "
                "other rows"
            )
        elif may_go_on and (line is None or grammar.begun.match(text, at)):
            return None
        else:
            problem = "is not closed, or closed before the cell ends"
        if line is None:
            raise self._too_long()
        return line.end(), f"A quote that opens a cell {problem}: {_shown(line.group())}."

    def _wrong_count(self, n_cells: int, row: bytes) -> str:
        return f"The row has {n_cells} cells where the header has {self._n_cells}: {_shown(row)}."

    def _refuse(self, row: int, start: int, stop: int, reason: str) -> None:
        self._refused.append((row, reason))
        self._cuts.append((start, stop))

    def _too_long(self) -> CsvError:
        return CsvError(
            f"has a line of more than {_LONGEST:,} bytes in row {self.row:,}: "
            f"{_shown(self._text[self.stop :])}. Is it a text file, and is its encoding right?"
        )


def _shown(row: bytes) -> str:
    return repr(row.rstrip(b"\r\n")[:_SHOWN].decode("utf-8", "replace"))
