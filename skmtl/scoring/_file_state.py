"""Identify files, and detect changes to them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import Self

from skmtl._paths import AnyPath, any_path
from skmtl._stores import StorePath

# A file is identified by its path, or by its inode if it has several names.
Place = str | tuple[int, int]

# Bytes at the end of a file to check: the footer of a Parquet file, or the last rows.
_TAIL = 2**16
_CHUNK = 2**20


def place_of(path: AnyPath | str) -> Place | None:
    """Identify the file that a path leads to, through links and hard links; None if missing."""
    path = any_path(path, "The file")
    if isinstance(path, StorePath):
        return str(path) if path.exists() else None
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
    def of(cls, path: AnyPath) -> Self:
        with path.open("rb") as stream:
            if isinstance(path, StorePath):
                size, mtime_ns, ctime_ns = path.size_and_times()
            else:
                status = os.fstat(stream.fileno())
                size, mtime_ns, ctime_ns = (
                    status.st_size, status.st_mtime_ns, status.st_ctime_ns,
                )  # fmt: skip
            stream.seek(max(size - _TAIL, 0))
            tail = hashlib.sha256(stream.read(_TAIL)).hexdigest()
        return cls(size, mtime_ns, ctime_ns, tail)


def content_sum(path: AnyPath) -> str:
    """Return the checksum of all bytes of a file."""
    checksum = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            checksum.update(chunk)
    return checksum.hexdigest()
