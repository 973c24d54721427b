"""The grammar of rows of a CSV file, as regular expressions on bytes.

A cell that starts with a quote ends with a quote; inside it a doubled quote means one quote, and
delimiters and line ends are text. In any other cell, quotes are text: RFC 4180 does not allow
this, but programs write and read such cells.
"""

from __future__ import annotations

import re


class Grammar:
    """Patterns to match at a position in a text.

    Parameters
    ----------
    delimiter : bytes
    n_cells : int
        Cells in a row of the file.
    at_end : bool
        Whether the text ends with the file, so that the last row needs no line end.

    Attributes
    ----------
    row, any_row : Pattern
        A row including its line end, with `n_cells` or any number of cells.
    begun : Pattern
        The start of a row whose rest may not have been read yet.
    blank, line : Pattern
        An empty line, and any line, ignoring quotes.
    """

    def __init__(self, delimiter: bytes, n_cells: int, at_end: bool) -> None:
        escaped = re.escape(delimiter)
        inside = rb'"[^"]*+(?:""[^"]*+)*+'
        plain = rb'[^"\r\n%b][^\r\n%b]*+' % (escaped, escaped)
        cell = rb'(?:%b"|%b|)' % (inside, plain)
        # A carriage return at the end of the text may be the first half of a line end.
        end = rb"(?:\r\n?|\n|\Z)" if at_end else rb"(?:\r\n|\n|\r(?!\Z))"
        self.row = re.compile(rb"%b(?:%b%b){%d}%b" % (cell, escaped, cell, n_cells - 1, end))
        self.any_row = re.compile(rb"%b(?:%b%b)*+%b" % (cell, escaped, cell, end))
        self.begun = re.compile(rb'(?:%b%b)*+(?:%b"?|%b|)\r?\Z' % (cell, escaped, inside, plain))
        self.blank = re.compile(rb"(?:\r\n?|\n)" if at_end else end)
        self.line = re.compile(rb"[^\r\n]*+%b" % end)
        self._cell = re.compile(rb"(?:\A|%b)%b" % (escaped, cell))

    def count_cells(self, row: bytes) -> int:
        """Return the number of cells in a row."""
        return len(self._cell.findall(row))
