"""Paths in a store such as S3, through fsspec."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from fnmatch import fnmatchcase
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, BinaryIO, Self

# The properties by which stores say that the content of a file differs.
_VERSIONS = ("ETag", "etag", "md5Hash", "content_md5", "checksum")


class StorePath:
    """A path in a store, with those methods of `pathlib.Path` that skmtl uses.

    It is not an `os.PathLike`, so that no function mistakes it for a path on this machine. Answers
    are never taken from fsspec's cache, because other processes write to stores as well.

    Parameters
    ----------
    store : fsspec.AbstractFileSystem
    path : str
        The path in the store, without its scheme.
    """

    def __init__(self, store: Any, path: str) -> None:
        self._store = store
        self._path = path.rstrip("/") or store.root_marker

    @classmethod
    def at(cls, address: str, what: str) -> Self:
        """Return the path at an address such as ``"s3://bucket/file"``.

        Raises
        ------
        ValueError
            If no store has this scheme.
        ImportError
            If the package for the store is not installed; the message names it.
        """
        from fsspec.core import url_to_fs

        try:
            return cls(*url_to_fs(address))
        except ImportError as error:
            raise ImportError(f"{what} is {address!r}. {error}") from error
        except ValueError as error:
            raise ValueError(
                f"{what} is {address!r}, but fsspec cannot open it: {error}. Pass a path on this "
                "machine, or an address of a store that fsspec knows."
            ) from error

    def __str__(self) -> str:
        return self._store.unstrip_protocol(self._path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StorePath) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __lt__(self, other: StorePath) -> bool:
        return str(self) < str(other)

    def __truediv__(self, below: PurePath | str) -> Self:
        return self._with(posixpath.join(self._path, str(below)))

    def _with(self, path: str) -> Self:
        return type(self)(self._store, path)

    @property
    def name(self) -> str:
        return posixpath.basename(self._path)

    @property
    def parent(self) -> Self:
        return self._with(self._store._parent(self._path))

    @property
    def parents(self) -> Sequence[Self]:
        parents: list[Self] = []
        parent = self.parent
        while parent != self and parent not in parents:
            parents.append(parent)
            parent = parent.parent
        return parents

    @property
    def in_arrow(self) -> tuple[str, Any]:
        """The path and the file system, as pyarrow takes them."""
        return self._path, self._store

    def resolve(self) -> Self:
        """Return the path itself: there are no links in a store."""
        return self

    def relative_to(self, folder: StorePath | str) -> PurePosixPath:
        above = folder._path if isinstance(folder, StorePath) else folder
        return PurePosixPath(self._path).relative_to(above)

    def exists(self) -> bool:
        return self._kind() is not None

    def is_dir(self) -> bool:
        return self._kind() == "directory"

    def is_file(self) -> bool:
        return self._kind() == "file"

    def _kind(self) -> str | None:
        try:
            with self._asked():
                return self._store.info(self._path)["type"]
        except (FileNotFoundError, NotADirectoryError):
            return None

    def size_and_times(self) -> tuple[int, int, int]:
        """Return the size, the time of the last change in ns, and a number for the content.

        The time and the number are 0 in stores that do not have them.
        """
        with self._asked():
            known = self._store.info(self._path)
        versions = [str(known[name]) for name in _VERSIONS if known.get(name)]
        number = int(hashlib.sha256(versions[0].encode()).hexdigest()[:15], 16) if versions else 0
        return int(known["size"] or 0), self._time_ns(), number

    def _time_ns(self) -> int:
        try:
            with self._asked():
                time = self._store.modified(self._path)
        except NotImplementedError:
            return 0
        return int(time.replace(tzinfo=time.tzinfo or UTC).timestamp() * 1e6) * 1000

    def iterdir(self) -> Iterator[Self]:
        try:
            with self._asked():
                found = self._store.ls(self._path, detail=False)
        except FileNotFoundError:  # in a store of objects, a folder without files does not exist
            found = []
        return (path for each in found if (path := self._with(each)) != self)

    def rglob(self, pattern: str) -> Iterator[Self]:
        """Return the files below the path whose names match."""
        with self._asked():
            found = [self._with(each) for each in self._store.find(self._path)]
        return (path for path in found if fnmatchcase(path.name, pattern))

    def matches(self) -> list[Self]:
        """Return the files and folders that match the path, as a pattern."""
        with self._asked():
            return [self._with(each) for each in sorted(self._store.glob(self._path))]

    def open(self, mode: str = "rb") -> BinaryIO:
        """Open a file to read its bytes."""
        assert mode == "rb"
        with self._asked():
            return self._store.open(self._path, "rb")

    def read_text(self, encoding: str = "utf-8") -> str:
        with self.open() as stream:
            return stream.read().decode(encoding)

    def mkdir(self, *, parents: bool = True, exist_ok: bool = True) -> None:
        """Create the folder, if the store has folders, but not a bucket."""
        if not self._store.root_marker:
            bucket = self._with(self._path.partition("/")[0])
            if not bucket.exists():
                raise FileNotFoundError(f"There is no {str(bucket)!r} to write into.")
        with self._asked():
            self._store.makedirs(self._path, exist_ok=True)

    def unlink(self, *, missing_ok: bool = False) -> None:
        if self.exists():
            with self._asked():
                self._store.rm_file(self._path)
        elif not missing_ok:
            raise FileNotFoundError(f"There is no {str(self)!r} to remove.")

    def upload(self, file: Path) -> None:
        """Copy a file of this machine here; stores of objects show all of it or nothing."""
        with self._asked():
            self._store.put_file(str(file), self._path)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Ask the store itself, and turn errors of its library into OSError."""
        try:
            self._store.invalidate_cache()
            yield
        except (OSError, NotImplementedError):
            raise
        except Exception as error:  # of any library
            raise OSError(f"{str(self)!r} cannot be reached: {error}") from error
