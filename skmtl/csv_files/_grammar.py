"""What a row of a CSV file is, as regular expressions on bytes.

A cell that begins with a quote ends with one; two quotes within it stand for one, and delimiters
and line ends within it are text. In a cell that begins otherwise, quotes are text (RFC 4180 has
no such cells; programs write and read them).
"""

from __future__ import annotations

import re


class Grammar:
    """Patterns to match at a place in a text.

    Parameters
    ----------
    delimiter : bytes
    n_cells : int
        Of a row of the file.
    at_end : bool
        Whether the text goes up to the end of the file, which ends the last row, or may go on.

    Attributes
    ----------
    row, any_row : Pattern
        A row with its line end: of `n_cells`, or of any number of cells.
    begun : Pattern
        A row that what is not read yet may complete.
    blank, line : Pattern
        A line with nothing in it, and any line, whatever its quotes.
    """

    def __init__(self, delimiter: bytes, n_cells: int, at_end: bool) -> None:
        sign = re.escape(delimiter)
        inside = rb'"[^"]*+(?:""[^"]*+)*+'
        plain = rb'[^"\r\n%b][^\r\n%b]*+' % (sign, sign)
        cell = rb'(?:%b"|%b|)' % (inside, plain)
        # A carriage return before what is not read yet may be the first half of a line end.
        end = rb"(?:\r\n?|\n|\Z)" if at_end else rb"(?:\r\n|\n|\r(?!\Z))"
        self.row = re.compile(rb"%b(?:%b%b){%d}%b" % (cell, sign, cell, n_cells - 1, end))
        self.any_row = re.compile(rb"%b(?:%b%b)*+%b" % (cell, sign, cell, end))
        self.begun = re.compile(rb'(?:%b%b)*+(?:%b"?|%b|)\r?\Z' % (cell, sign, inside, plain))
        self.blank = re.compile(rb"(?:\r\n?|\n)" if at_end else end)
        self.line = re.compile(rb"[^\r\n]*+%b" % end)
        self._cell = re.compile(rb"(?:\A|%b)%b" % (sign, cell))

    def count_cells(self, row: bytes) -> int:
        """The number of cells of a row."""
        return len(self._cell.findall(row))
