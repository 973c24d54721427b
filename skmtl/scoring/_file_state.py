"""Which file a path leads to, and whether it is still as it was."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

# A file without links to itself by its path, one with several names by its number on the disk.
Place = str | tuple[int, int]

# Of the end of a file: the footer of Parquet, or the last rows.
_TAIL = 2**16


def place_of(path: Path | str) -> Place | None:
    """The file that a path leads to through links, hard ones as well; None where there is none."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    # Numbers of files are trusted where the system says that there are several names alone: some
    # file systems make them up.
    several = status.st_nlink > 1
    return (status.st_dev, status.st_ino) if several else os.path.realpath(path)


@dataclass(frozen=True)
class FileState:
    """What shows that a file has been rewritten or replaced.

    Attributes
    ----------
    size : int
        In bytes.
    mtime_ns : int
        When the content was changed, which anyone may set.
    ctime_ns : int
        When the file was changed in any way, which the system sets where it can.
    tail : str
        Checksum of the last bytes.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    tail: str

    @classmethod
    def of(cls, path: Path) -> Self:
        with open(path, "rb") as stream:
            status = os.fstat(stream.fileno())
            stream.seek(max(status.st_size - _TAIL, 0))
            tail = hashlib.sha256(stream.read(_TAIL)).hexdigest()
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, tail)


def content_sum(path: Path) -> str:
    """Checksum of all bytes of a file."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
