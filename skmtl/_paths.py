"""Paths of files: on this machine, or in a store."""

from __future__ import annotations

import os
import re
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from skmtl._stores import StorePath

AnyPath = Path | StorePath

# "s3://bucket", and "s3:/bucket", as pathlib writes it. A scheme of one letter is a Windows drive.
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+)(:/+)", re.IGNORECASE)
# "simplecache::s3://bucket"
_CHAIN = re.compile(r"(?:[a-z][a-z0-9+.-]*::)+[a-z][a-z0-9+.-]+:/", re.IGNORECASE)


def any_path(path: str | os.PathLike[str] | StorePath, what: str) -> AnyPath:
    """Return a path on this machine, or in a store for an address such as ``"s3://bucket/file"``.

    Parameters
    ----------
    path : path
    what : str
        What the path is for, for error messages.

    Raises
    ------
    ValueError
        If fsspec knows no store of this scheme, or for a chain of addresses.
    ImportError
        If the package for the store is not installed.
    """
    if isinstance(path, StorePath):
        return path
    text = os.fspath(path)
    if _CHAIN.match(text):
        raise ValueError(
            f"{what} is {text!r}, a chain of addresses, which cannot be read here. Pass the last "
            "address alone."
        )
    address = _ADDRESS.match(text)
    if address is None:
        return Path(path)
    scheme, rest = address[1].lower(), text[address.end() :]
    if scheme in ("file", "local"):
        return Path("/", rest)
    slashes = address[2] if "//" in address[2] else "://"
    return StorePath.at(f"{scheme}{slashes}{rest}", what)


def in_arrow(path: AnyPath) -> tuple[Any, Any]:
    """Return a path and its file system, as pyarrow takes them."""
    return path.in_arrow if isinstance(path, StorePath) else (path, None)


def relative_path(path: AnyPath, folder: AnyPath) -> PurePath:
    """Return a path relative to a folder above it, both on this machine or both in one store."""
    return path.relative_to(folder)  # type: ignore[arg-type]


def size_of(path: AnyPath) -> int:
    """Return the size of a file in bytes."""
    return path.size_and_times()[0] if isinstance(path, StorePath) else path.stat().st_size


@contextmanager
def written_whole(path: AnyPath) -> Iterator[BinaryIO]:
    """Open a file to write; it appears under its path only once it is complete.

    For a path in a store, the file is first written to this machine's temporary folder.
    """
    if isinstance(path, StorePath):
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder, "part")
            with open(part, "xb") as stream:
                yield stream
            path.upload(part)
        return
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with open(part, "xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
