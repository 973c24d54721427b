"""The error raised when reading fails."""

from __future__ import annotations


class CsvError(ValueError):
    """A damaged CSV file, or rows or cells that cannot be read; the message names the file."""
