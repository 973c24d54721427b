"""The files that scoring writes, which are either complete or do not exist."""

from __future__ import annotations

import io
import json
import os
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from skmtl._paths import AnyPath, in_arrow, written_whole
from skmtl._stores import StorePath

_KEY = b"skmtl.scoring"
_PART = ".part"
_CHUNK = 2**20


class Written(NamedTuple):
    """Number of bytes before the footer of a file, and their CRC-32."""

    n_bytes: int = 0
    crc32: int = 0

    def stands_in(self, path: AnyPath) -> bool:
        """Whether a file starts with these bytes; always true if there are none."""
        if self.n_bytes == 0:
            return True
        crc32, left = 0, self.n_bytes
        try:
            with path.open("rb") as stream:
                while left and (chunk := stream.read(min(left, _CHUNK))):
                    crc32, left = zlib.crc32(chunk, crc32), left - len(chunk)
        except OSError:
            return False
        return left == 0 and crc32 == self.crc32


class _Summed(io.BufferedWriter):
    """A stream that sums up what is written to it."""

    written = Written()

    def write(self, data: Any, /) -> int:
        crc32 = zlib.crc32(data, self.written.crc32)
        self.written = Written(self.written.n_bytes + len(data), crc32)
        return super().write(data)


@dataclass(frozen=True)
class Manifest:
    """The description of a finished part, in the footer of the part itself.

    So a part and its manifest appear together, by one rename.

    Attributes
    ----------
    job : str
        Checksum of the model and options.
    input, path : str
        Name and location of the file.
    size, mtime_ns, ctime_ns : int
        Size and times of the file; `ctime_ns` is 0 in scores of earlier versions.
    sha256 : str
        Checksum of the content of the file; empty in scores of earlier versions.
    cells : list of (str, int, int), or None
        Missing cells and unknown categories of the scored rows by column; None if unknown, and in
        scores of earlier versions.
    part, start, stop : int
        Number of the part, and its rows.
    last : bool
        Whether the file ends with the part.
    n_refused : int
        Number of rows in its file of errors.
    written, written_errors : Written
        The bytes before the footers of the part and of its file of errors.
    """

    job: str
    input: str
    path: str
    size: int
    mtime_ns: int
    part: int
    start: int
    stop: int
    last: bool
    n_refused: int
    written: Written
    written_errors: Written
    ctime_ns: int = 0
    sha256: str = ""
    cells: Sequence[tuple[str, int, int]] | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows of the part, including refused ones."""
        return self.stop - self.start

    @classmethod
    def read(cls, path: AnyPath) -> Self | None:
        """Read the manifest of a file; None if the file is damaged or not a part."""
        source, store = in_arrow(path)
        try:
            metadata = (pq.read_metadata(source, filesystem=store).metadata or {}).get(_KEY)
            if metadata is None:
                return None
            fields = json.loads(metadata)
            for name in ("written", "written_errors"):
                fields[name] = Written(*fields[name])
            return cls(**fields)
        except (OSError, LookupError, ValueError, TypeError, pa.ArrowException):
            return None

    def as_metadata(self) -> dict[bytes, bytes]:
        return {_KEY: json.dumps(asdict(self)).encode()}


class PartFile:
    """An unfinished Parquet file, with a temporary name until `publish`.

    Until then, a file for a store is in this machine's temporary folder.
    """

    def __init__(self, path: AnyPath, schema: pa.Schema) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._hidden = path, _unfinished(path)
        self._stream = _Summed(io.FileIO(self._hidden, "w"))
        # Dictionaries of numbers that are nearly all distinct cost time and save nothing.
        numbers = (pa.types.is_floating, pa.types.is_integer)
        repeated = [f.name for f in schema if not any(is_kind(f.type) for is_kind in numbers)]
        self._writer = pq.ParquetWriter(self._stream, schema, use_dictionary=repeated)

    def write(self, table: pa.Table) -> None:
        self._writer.write_table(table)

    @property
    def written(self) -> Written:
        """The bytes before the footer, if nothing more is written."""
        return self._stream.written

    def publish(self, metadata: dict[bytes, bytes]) -> None:
        """Complete the file and rename it durably, even in case of a power failure."""
        if metadata:
            self._writer.add_key_value_metadata(metadata)
        self._writer.close()
        _store(self._stream)
        if isinstance(self._path, StorePath):
            self._path.upload(self._hidden)
            self._hidden.unlink()
        else:
            os.replace(self._hidden, self._path)
            _store_names(self._path.parent)

    def discard(self) -> None:
        """Discard what has been written, unless it has been published."""
        if not self._stream.closed:
            with suppress(OSError, pa.ArrowException):  # a full disk, perhaps
                self._writer.close()
            with suppress(OSError):
                self._stream.close()
        self._hidden.unlink(missing_ok=True)


def _unfinished(path: AnyPath) -> Path:
    if isinstance(path, Path):
        return path.with_name(f".{path.name}{_PART}")
    descriptor, name = tempfile.mkstemp(_PART)
    os.close(descriptor)
    return Path(name)


def write_json(path: AnyPath, content: Any) -> None:
    """Write a small file atomically."""
    with written_whole(path) as stream:
        stream.write(json.dumps(content, indent=1).encode())
    if isinstance(path, Path):
        _store_names(path.parent)


def _store(stream: Any) -> None:
    """Flush the content of a file to the disk, and close it."""
    stream.flush()
    os.fsync(stream.fileno())
    stream.close()


def _store_names(folder: Path) -> None:
    """Flush the names in a folder to the disk, if the system supports it."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_leftovers(folder: AnyPath) -> None:
    """Remove unfinished files of a killed job."""
    for path in folder.rglob(f".*{_PART}"):
        path.unlink(missing_ok=True)


@contextmanager
def locked(path: AnyPath) -> Iterator[bool]:
    """Acquire an exclusive lock; yields False if another process holds it.

    The operating system releases the lock when the process ends, however it ends. Stores have no
    such locks.
    """
    if isinstance(path, StorePath):
        yield True
        return
    try:
        lock = FileLock(path).acquire(timeout=0)
    except Timeout:
        yield False
    else:
        with lock:
            yield True
