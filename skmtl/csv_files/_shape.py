"""Detect rows that an unclosed quote has swallowed into a cell."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MOST_SAMPLES, _LEAST_SAMPLES = 100, 10
# Delimiters and numbers where rows have them, in all lines but the first; ordinary text may
# contain fewer than this.
_LEAST_SIGNS = 4
_NUMBER = re.compile(rb"[-+]?[\d.,]+(?:[eE][-+]?\d+)?|[-+]?(?:NA|N/A|nan|NaN|null|NULL|None|inf|)")


class RowShape:
    """The typical shape of a row: the number of cells, and which of them are numbers.

    Parameters
    ----------
    delimiter : bytes
    n_cells : int
    """

    def __init__(self, delimiter: bytes, n_cells: int) -> None:
        self._delimiter, self._n_cells = delimiter, n_cells
        self._n_samples = 0
        self._numeric = set(range(n_cells))

    @property
    def wants_samples(self) -> bool:
        return self._n_samples < _MOST_SAMPLES

    def add(self, line: bytes) -> None:
        """Learn from a row of a single line."""
        self._n_samples += 1
        cells = self._cells(line)
        self._numeric = {at for at in self._numeric if at < len(cells) and _is_number(cells[at])}

    def fits(self, line: bytes) -> bool:
        """Whether a line could be a row."""
        cells = self._cells(line)
        return len(cells) == self._n_cells and all(_is_number(cells[at]) for at in self._numbers)

    def holds_rows(self, lines: Sequence[bytes]) -> bool:
        """Whether the lines of an apparent row look so much like rows that they are several."""
        rows = [self._cells(line) for line in lines[1:]]
        n_matches = sum(len(cells) - 1 for cells in rows)
        n_matches += sum(
            at < len(cells) and cells[at] != b"" for cells in rows for at in self._numbers
        )
        return n_matches >= _LEAST_SIGNS and all(map(self.fits, lines))

    @property
    def _numbers(self) -> set[int]:
        """Positions of the columns that seem to be numeric."""
        return set() if self._n_samples < _LEAST_SAMPLES else self._numeric

    def _cells(self, line: bytes) -> list[bytes]:
        return line.rstrip(b"\r\n").split(self._delimiter)


def _is_number(cell: bytes) -> bool:
    return _NUMBER.fullmatch(cell.strip(b'" ')) is not None
