"""Find the files to score, and name them."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from skmtl._paths import AnyPath, any_path, relative_path
from skmtl._stores import StorePath
from skmtl.csv_files import CSV_ENDINGS, is_csv
from skmtl.scoring._errors import ScoringError
from skmtl.scoring._file_state import FileState, Place, content_sum, place_of
from skmtl.scoring._model import PathLike
from skmtl.tables import above_partitions, partition_keys, without_links

_PARQUET = (".parquet", ".pq")
_PATTERN = "*?["


@dataclass(frozen=True)
class InputFile:
    """A file to score, and its current state.

    Attributes
    ----------
    path : Path or StorePath
    name : str
        Path relative to the folder that was passed, or to the common folder of all inputs,
        including the folders of partitions. The scores are named after it.
    format : "parquet" or "csv"
    place : Place
        Identity of the file, independent of its name.
    state : FileState
    keys : dict of str to str or None
        Columns in the path, as in ``month=5/data.parquet``; None for a missing value.
    """

    path: AnyPath
    name: str
    format: Literal["parquet", "csv"]
    place: Place
    state: FileState
    keys: dict[str, str | None] = field(hash=False)

    @property
    def size(self) -> int:
        """Size in bytes."""
        return self.state.size

    @cached_property
    def sha256(self) -> str:
        """Checksum of the content; the file is read to compute it."""
        return content_sum(self.path)


def find_inputs(inputs: PathLike | Sequence[PathLike], out: AnyPath) -> list[InputFile]:
    """Expand paths and patterns to files, in the order of their names.

    A file with several names or links occurs once. Files within `out` are excluded, and in folders
    also files and subfolders whose names start with a dot or an underscore.

    Raises
    ------
    FileNotFoundError
        If no file exists.
    ValueError
        If a file name is neither that of a Parquet nor of a CSV file, if two files have the same
        name, or if a file is in two partitions because of links.
    """
    named = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    expanded = [_expand(any_path(text, "inputs")) for text in named]
    identities = {path: place_of(path) for _, paths in expanded for path in paths}
    output = out.resolve()
    outside = [path for path in identities if not _is_within(path.resolve(), output)]
    if not outside:
        within = f" outside {str(out)!r}" * bool(identities)
        raise FileNotFoundError(f"There is no Parquet or CSV file to score{within}: {inputs!r}.")
    root = above_partitions(_common_folder([without_links(root) for root, _ in expanded]))
    names = {path: _name(path, top, root) for top, paths in expanded for path in paths}
    files: dict[Place, InputFile] = {}
    for path in sorted(outside, key=names.__getitem__):
        file = _input_file(path, names[path], identities[path])
        earlier = files.setdefault(file.place, file)
        if earlier.keys != file.keys:
            raise ValueError(
                f"{str(earlier.path)!r} and {str(path)!r} are one file in two partitions, by a "
                "link. Give it by one of these names."
            )
    _check_names(list(files.values()))
    return list(files.values())


def _check_names(files: Sequence[InputFile]) -> None:
    counts = Counter(stem(file.name) for file in files)
    twice = [file for file in files if counts[stem(file.name)] > 1]
    if twice:
        raise ValueError(
            f"The scores of {str(twice[0].path)!r} and {str(twice[1].path)!r} would have the same "
            "name. Score them into different folders."
        )


def stem(name: str) -> str:
    """Return the common start of the names of a file's parts."""
    return name.removesuffix(".parquet")


def _expand(path: AnyPath) -> tuple[AnyPath, list[AnyPath]]:
    """Return the folder that names are relative to, and the files."""
    text = str(path)
    if path.is_dir():
        return path, list(_below(path))
    if path.exists() or not any(sign in text for sign in _PATTERN):
        return path.parent, [path]
    fixed = path
    while any(sign in str(fixed) for sign in _PATTERN):
        fixed = fixed.parent
    if isinstance(path, StorePath):
        matches: list[AnyPath] = list(path.matches())
    else:
        matches = [Path(match) for match in glob.glob(text, recursive=True)]
    return fixed, [file for match in matches for file in _matched(match)]


def _matched(path: AnyPath) -> list[AnyPath]:
    """Return the files of a match of a pattern, which can be a folder as written by Spark."""
    if not path.is_dir():
        return [path]
    files = [] if _is_hidden(path) else list(_below(path))
    if not files and _format(path) is not None:
        raise FileNotFoundError(f"The folder {str(path)!r} has no Parquet or CSV file.")
    return files


def _below(folder: AnyPath, above: frozenset[AnyPath] = frozenset()) -> Iterator[AnyPath]:
    """Iterate over the tables in a folder and its subfolders, following links to folders."""
    real = folder.resolve()
    if real in above:  # a link to a parent folder
        return
    paths: list[AnyPath] = list(folder.iterdir())
    for path in sorted(paths, key=lambda path: path.name):
        if _is_hidden(path):
            continue
        if path.is_dir():
            yield from _below(path, above | {real})
        elif _format(path) is not None:
            yield path


def _is_hidden(path: AnyPath) -> bool:
    return path.name.startswith((".", "_"))


def _is_within(path: AnyPath, folder: AnyPath) -> bool:
    return path == folder or folder in path.parents


def _common_folder(folders: Sequence[AnyPath]) -> AnyPath:
    """Return the deepest folder that has all folders.

    Raises
    ------
    ValueError
        If they are in different stores, or some on this machine and some in a store.
    """
    first = folders[0]
    for folder in (first, *first.parents):
        if all(_is_within(each, folder) for each in folders):
            return folder
    elsewhere = next(each for each in folders if first.parents[-1] not in each.parents)
    raise ValueError(
        f"inputs names {str(first)!r} and {str(elsewhere)!r}, which have no folder in common that "
        "the scores could be named after. Score them into different folders."
    )


def _format(path: AnyPath) -> Literal["parquet", "csv"] | None:
    name = path.name.lower()
    if name.endswith(_PARQUET):
        return "parquet"
    return "csv" if is_csv(name) else None


def _name(path: AnyPath, top: AnyPath, root: AnyPath) -> str:
    below = relative_path(path, top)
    if ".." in below.parts:  # after the wildcards of a pattern
        return os.path.relpath(str(path.resolve()), str(root))
    return relative_path(without_links(top) / below, root).as_posix()


def _input_file(path: AnyPath, name: str, place: Place | None) -> InputFile:
    if place is None or not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r} to score.")
    kind = _format(path)
    if kind is None:
        raise ValueError(
            f"{str(path)!r} is neither Parquet nor CSV by its name, which must end in one of "
            f"{', '.join((*_PARQUET, *CSV_ENDINGS))}."
        )
    keys = partition_keys(Path(name).parent.parts)
    return InputFile(path, name, kind, place, FileState.of(path), keys)


def check_unchanged(file: InputFile) -> None:
    """Raise a ScoringError if a file has changed since it was found."""
    try:
        changed = FileState.of(file.path) != file.state
    except OSError:
        changed = True
    if changed:
        raise ScoringError(
            f"{str(file.path)!r} was changed, replaced or removed while it was read, so the part "
            "that was written from it is discarded. Score again when the file is complete."
        )
