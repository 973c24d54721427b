"""A text as rows, each of which is given or refused."""

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

# Bytes that are read at a time, and the most that a row may have.
_BLOCK, _LONGEST = 2**22, 2**23
_SHOWN = 80  # of a row in a reason


class Records(NamedTuple):
    """Consecutive rows of a file.

    Attributes
    ----------
    text : bytes
        Those that can be read, as they stand in the file.
    rows : int64 ndarray
        Their numbers in the file, from 0.
    refused : list of (int, str)
        The numbers of the others, and why.
    """

    text: bytes
    rows: NDArray[np.int64]
    refused: list[tuple[int, str]]


def read_records(read: Read, begun: bytes, delimiter: bytes, n_cells: int) -> Iterator[Records]:
    """Rows of a text, some megabytes at a time.

    Every line is part of a row that is given or refused; only blank lines between rows of several
    cells are not rows. A quote that is not closed, or is closed before its cell ends, costs the
    line that it stands in and no other: the next line begins a row.

    Parameters
    ----------
    read : callable
        Returns the next bytes.
    begun : bytes
        What has been read already.
    delimiter : bytes
    n_cells : int
        Of every row.

    Raises
    ------
    CsvError
        If the file is damaged, or a line is longer than 8 MB.
    """
    shape = RowShape(delimiter, n_cells)
    grammars = {end: Grammar(delimiter, n_cells, end) for end in (False, True)}
    text, row, at_end = begun, 0, False
    while not at_end:
        try:
            block = read(_BLOCK)
        except DAMAGES as error:
            raise CsvError(f"cannot be read after row {row:,}: {error}") from error
        at_end = not block
        text += block
        taken = _Taken(text, row, grammars[at_end], shape, delimiter, n_cells)
        if not taken.take_at_once(at_end):
            taken.take_one_by_one(at_end)
        yield taken.records()
        text, row = text[taken.stop :], taken.row


class _Taken:
    """The rows of a text up to `stop`, of which the last one is before number `row`."""

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
        begins = [0, *(stop for _, stop in self._cuts)]
        ends = [*(start for start, _ in self._cuts), self.stop]
        kept = [self._text[start:stop] for start, stop in zip(begins, ends, strict=True)]
        return Records(b"".join(kept), rows, self._refused)

    def take_at_once(self, at_end: bool) -> bool:
        """Take the rows, unless a quote may be where it should not."""
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
        """Take the rows of any text, wherever its quotes are."""
        text, grammar = self._text, self._grammar
        while self.stop < len(text):
            at = self.stop
            if self._n_cells > 1 and (blank := grammar.blank.match(text, at)):
                self.stop = blank.end()
                continue
            row = grammar.row.match(text, at)
            if row is None or not self._is_plausible(row.group()):
                fault = self._fault(at, at_end)
                if fault is None:  # it may go on in what is not read yet
                    return
                self.stop, reason = fault
                self._refuse(self.row, at, self.stop, reason)
            else:
                self.stop = row.end()
            self.row += 1

    def _is_plausible(self, row: bytes) -> bool:
        """Whether what reads as a row is not several, between which a quote was not closed."""
        if row.count(b"\n") > 1 or row.count(b"\r") > 1:
            return not self._shape.holds_rows(row.splitlines())
        if self._shape.wants_samples:
            self._shape.add(row)
        return True

    def _fault(self, at: int, at_end: bool) -> tuple[int, str] | None:
        """Where to go on after a row that cannot be read, and why it cannot be."""
        text, grammar = self._text, self._grammar
        any_row, line = grammar.any_row.match(text, at), grammar.line.match(text, at)
        may_go_on = not at_end and len(text) - at <= _LONGEST
        if any_row is not None:
            row = any_row.group()
            others = row.splitlines()[1:]
            if not any(map(self._shape.fits, others)):
                return any_row.end(), self._wrong_count(grammar.count_cells(row), row)
            far = (
                f"is closed only after {len(others):,} line ends, behind what reads as other rows"
            )
        elif may_go_on and (line is None or grammar.begun.match(text, at)):
            return None
        else:
            far = "is not closed, or closed before the cell ends"
        if line is None:
            raise self._too_long()
        return line.end(), f"A quote that opens a cell {far}: {_shown(line.group())}."

    def _wrong_count(self, n_cells: int, row: bytes) -> str:
        return f"The row has {n_cells} cells where the header has {self._n_cells}: {_shown(row)}."

    def _refuse(self, row: int, start: int, stop: int, reason: str) -> None:
        self._refused.append((row, reason))
        self._cuts.append((start, stop))

    def _too_long(self) -> CsvError:
        return CsvError(
            f"has a line of more than {_LONGEST:,} bytes in row {self.row:,}: "
            f"{_shown(self._text[self.stop :])}. Is it text, in the encoding that was given?"
        )


def _shown(row: bytes) -> str:
    return repr(row.rstrip(b"\r\n")[:_SHOWN].decode("utf-8", "replace"))
