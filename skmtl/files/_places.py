"""Open model files: a path on this machine or in a store, or an open binary file."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from skmtl._paths import any_path, written_whole
from skmtl._stores import StorePath

PathLike = str | os.PathLike[str]
ModelPlace = PathLike | BinaryIO
_WHAT = "The model's file"


@contextmanager
def opened_to_write(place: ModelPlace) -> Iterator[BinaryIO]:
    """Open a file to write; its content appears under the path only once it is complete."""
    if not isinstance(place, str | os.PathLike):
        _check_binary(place)
        complete = io.BytesIO()
        yield complete
        complete.seek(0)
        shutil.copyfileobj(complete, place)
        return
    target = any_path(place, _WHAT).resolve()
    if not isinstance(target, StorePath) and not target.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {str(target.parent)!r} to save into.")
    if target.is_dir():
        raise IsADirectoryError(f"{str(target)!r} is a folder. Pass the name of a file.")
    with written_whole(target) as stream:
        yield stream


@contextmanager
def opened_to_read(place: ModelPlace) -> Iterator[BinaryIO]:
    """Open a file to read; of an open file, the rest is read."""
    if isinstance(place, str | os.PathLike):
        with any_path(place, _WHAT).open("rb") as stream:
            yield stream
    else:
        _check_binary(place)
        yield io.BytesIO(place.read())


def _check_binary(file: BinaryIO) -> None:
    if isinstance(file, io.TextIOBase) or not hasattr(file, "read"):
        raise TypeError(
            f"{_WHAT} must be a path, or a file that is open in binary mode ('rb', 'wb'), got "
            f"{file!r}."
        )
