"""What goes wrong in reading."""

from __future__ import annotations


class CsvError(ValueError):
    """A CSV file that is damaged, or whose rows or cells cannot be read; the message names it."""
