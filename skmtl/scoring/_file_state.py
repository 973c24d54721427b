"""Identify files, and detect changes to them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

# A file is identified by its path, or by its inode if it has several names.
Place = str | tuple[int, int]

# Bytes at the end of a file to check: the footer of a Parquet file, or the last rows.
_TAIL = 2**16


def place_of(path: Path | str) -> Place | None:
    """Identify the file that a path leads to, through links and hard links; None if missing."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    # Inodes are only used for files with several names, because some file systems make them up.
    several = status.st_nlink > 1
    return (status.st_dev, status.st_ino) if several else os.path.realpath(path)


@dataclass(frozen=True)
class FileState:
    """Properties that change if a file is rewritten or replaced.

    Attributes
    ----------
    size : int
        Size in bytes.
    mtime_ns : int
        Time of the last change of the content, which users can set.
    ctime_ns : int
        Time of the last change of any kind, which the system sets if it supports it.
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
    """Return the checksum of all bytes of a file."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
