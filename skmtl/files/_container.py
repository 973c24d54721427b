"""A zip of a few sections with a header that has their checksums."""

from __future__ import annotations

import hashlib
import json
import math
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from skmtl.files._errors import ModelFileError
from skmtl.files._places import ModelPlace, opened_to_read, opened_to_write

FORMAT = 1
"""Number of the format; increased when earlier versions can no longer read the files."""

HEADER = "header.json"
_LEVEL = 6
# Sections that shrink more than this are stored uncompressed, and are not read if compressed, so
# that a small file cannot fill the memory.
_TIGHTEST = 100
_SLACK = 2**20
_MOST_MEMBERS = 16
_SAMPLE = 2**16
# The same model produces the same bytes whenever it is saved.
_DATE = (1980, 1, 1, 0, 0, 0)


def write_file(path: ModelPlace, header: Mapping[str, Any], sections: Mapping[str, bytes]) -> None:
    """Write a file atomically: the path holds the old file or the new one, never a part of it.

    Parameters
    ----------
    path : str, PathLike or binary file
    header : mapping
        Values that JSON can represent.
    sections : mapping of name to bytes
    """
    listed = {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in sections.items()
    }
    text = json.dumps({"format": FORMAT, **header, "sections": listed}, indent=1, allow_nan=False)
    with opened_to_write(path) as stream, zipfile.ZipFile(stream, "w") as archive:
        for name, data in {HEADER: text.encode(), **sections}.items():
            _add(archive, name, data)


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.external_attr = 0o644 << 16
    method = zipfile.ZIP_DEFLATED if _is_worth_packing(data) else zipfile.ZIP_STORED
    archive.writestr(entry, data, compress_type=method, compresslevel=_LEVEL)


def _is_worth_packing(data: bytes) -> bool:
    if len(data) <= _SLACK:
        return True
    # Weights hardly compress, and compressing takes a second for 10 MB.
    if 2 * len(zlib.compress(data[:_SAMPLE], _LEVEL)) > _SAMPLE:
        return False
    return not _is_too_tight(len(data), len(zlib.compress(data, _LEVEL)))


def _is_too_tight(size: int, packed: int) -> bool:
    return size > _TIGHTEST * packed + _SLACK


def read_file(path: ModelPlace) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the header and the sections of a file, after verifying all checksums.

    Raises
    ------
    OSError
        If there is no such file, or it may not be read.
    ModelFileError
        If it is damaged, not a model, or of a later format.
    """
    with opened_to_read(path) as stream:
        size = stream.seek(0, os.SEEK_END)
        with _reading(path, "as a zip"):
            archive = zipfile.ZipFile(stream)
        names = [entry.filename for entry in archive.infolist()]
        if len(names) > _MOST_MEMBERS:
            raise ModelFileError(
                f"{path} is not a model of skmtl: it has {len(names):,} members, and models have "
                f"at most {_MOST_MEMBERS}."
            )
        if HEADER not in names:
            raise ModelFileError(f"{path} is not a model of skmtl: it has no {HEADER!r}.")
        header = _checked_header(path, _section(archive, HEADER, size, path))
        listed = header["sections"]
        missing = [name for name in listed if name not in names]
        if missing:
            raise ModelFileError(f"{path} is damaged: its section {missing[0]!r} is missing.")
        strange = [name for name in names if name not in listed and name != HEADER]
        if strange or len(set(names)) < len(names):
            what = strange or names
            raise ModelFileError(
                f"{path} is damaged: its header does not list exactly the sections {what}."
            )
        return header, {
            name: _checked(path, name, _section(archive, name, size, path), listed[name])
            for name in listed
        }


def read_header(path: ModelPlace) -> dict[str, Any]:
    """Return the header of a model file, without loading the model.

    Parameters
    ----------
    path : str, PathLike or binary file

    Returns
    -------
    dict
        "format", "writer" (versions), "estimator", "parameters", "fit_time" (seconds), "schema"
        (features and tasks) and "sections" (sizes and checksums), as `docs/file_format.md`
        describes them. All sections have been checked.

    Raises
    ------
    OSError
        If there is no such file, or it may not be read.
    ModelFileError
        If it is damaged, not a model, or of a later version.
    """
    return read_file(path)[0]


@contextmanager
def _reading(path: ModelPlace, section: str) -> Iterator[None]:
    try:
        yield
    # zipfile and zlib have a dozen ways to fail over damaged bytes.
    except Exception as error:
        raise ModelFileError(
            f"{path} cannot be read {section} ({type(error).__name__}: {error}). It is damaged, "
            "or no model that skmtl has saved."
        ) from error


def _section(archive: zipfile.ZipFile, name: str, size: int, path: ModelPlace) -> bytes:
    entry = archive.getinfo(name)
    if entry.compress_size > size or _is_too_tight(entry.file_size, entry.compress_size):
        raise ModelFileError(
            f"{path} is refused: its section {name!r} claims {entry.file_size:,} bytes, too many "
            f"for a file of {size:,}."
        )
    with _reading(path, f"in its section {name!r}"):
        return archive.read(name)


def _checked(path: ModelPlace, name: str, data: bytes, listed: Mapping[str, Any]) -> bytes:
    if len(data) != listed["bytes"] or hashlib.sha256(data).hexdigest() != listed["sha256"]:
        raise ModelFileError(
            f"{path} is damaged: the checksum of its section {name!r} is not that of the header."
        )
    return data


_FIELDS = {"writer": dict, "estimator": str, "parameters": dict, "schema": dict, "sections": dict}


def _checked_header(path: ModelPlace, data: bytes) -> dict[str, Any]:
    try:
        header = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"The section {HEADER!r} of {path} is not JSON: {error}") from error
    if not isinstance(header, dict) or type(header.get("format")) is not int:
        raise ModelFileError(f"The section {HEADER!r} of {path} has no number of the format.")
    if header["format"] > FORMAT:
        raise ModelFileError(
            f"{path} has format {header['format']}, which a later version of skmtl wrote "
            f"({header.get('writer')}); this one reads formats up to {FORMAT}. Update skmtl."
        )
    for field, expected in _FIELDS.items():
        if not isinstance(header.get(field), expected):
            raise ModelFileError(
                f"The section {HEADER!r} of {path} has no {field!r} of type {expected.__name__}."
            )
    fit_time = header.get("fit_time")
    if not (fit_time is None or (type(fit_time) is float and 0 <= fit_time < math.inf)):
        raise ModelFileError(
            f"The section {HEADER!r} of {path} has a 'fit_time' of {fit_time!r}, not of seconds."
        )
    for name, entry in header["sections"].items():
        fields = entry if isinstance(entry, dict) else {}
        if type(fields.get("bytes")) is not int or not isinstance(fields.get("sha256"), str):
            raise ModelFileError(
                f"The section {HEADER!r} of {path} has no size and checksum of {name!r}."
            )
    return header
