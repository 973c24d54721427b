"""Read the bytes of a file, decompressed, as UTF-8."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any, BinaryIO

import pyarrow as pa

from skmtl.csv_files._errors import CsvError
from skmtl.csv_files._format import COMPRESSIONS

# The errors that damaged or truncated files raise.
DAMAGES = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, UnicodeError)

Read = Callable[[int], bytes]


@contextmanager
def opened_text(raw: BinaryIO, name: str, encoding: str) -> Iterator[Read]:
    """Return a function that reads the next bytes of a file as UTF-8, none at its end.

    Bytes that are invalid in the file's encoding stay invalid in UTF-8, so that the error can name
    the cell that holds them.

    Parameters
    ----------
    raw : binary file
    name : str
        Its ending determines the compression.
    encoding : str

    Raises
    ------
    CsvError
        If the file cannot be decompressed.
    """
    try:
        stream = _unpacked(raw, name)
    except DAMAGES as error:
        raise CsvError(f"cannot be read: {error}") from error
    if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig"):
        yield stream.read
        return
    text = io.TextIOWrapper(stream, encoding, "surrogateescape", newline="")
    yield lambda size: text.read(size).encode("utf-8", "surrogateescape")


def _unpacked(raw: BinaryIO, name: str) -> Any:
    suffix = PurePath(name).suffix.lower()
    if suffix not in COMPRESSIONS:
        return raw
    opener = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open, ".zst": _zstd, ".zip": _zip}
    return opener[suffix](raw)  # type: ignore[operator]


def _zstd(raw: BinaryIO) -> Any:
    return pa.CompressedInputStream(raw, "zstd")


def _zip(raw: BinaryIO) -> Any:
    archive = zipfile.ZipFile(raw)
    names = [name for name in archive.namelist() if not name.endswith("/")]
    if len(names) != 1:
        raise CsvError(f"must contain one file, not {len(names)}: {names[:5]}.")
    return archive.open(names[0])
