"""The files to score: which there are, and what they are called."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from skmtl._paths import local_path
from skmtl.csv_files import CSV_ENDINGS, is_csv
from skmtl.scoring._errors import ScoringError
from skmtl.scoring._file_state import FileState, Place, content_sum, place_of
from skmtl.scoring._model import PathLike
from skmtl.tables import above_partitions, partition_keys, without_links

_PARQUET = (".parquet", ".pq")
_PATTERN = "*?["


@dataclass(frozen=True)
class InputFile:
    """A file, as it is now.

    Attributes
    ----------
    path : Path
    name : str
        Its path below the folder that was given, or that all which were given have in common,
        but never below a partition: what its scores are called.
    format : "parquet" or "csv"
    place : Place
        The file itself, by whatever name it was given.
    state : FileState
    keys : dict of str to str or None
        Columns that are in the path, as in ``month=5/data.parquet``; None where one is missing.
    """

    path: Path
    name: str
    format: Literal["parquet", "csv"]
    place: Place
    state: FileState
    keys: dict[str, str | None] = field(hash=False)

    @property
    def size(self) -> int:
        """In bytes."""
        return self.state.size

    @cached_property
    def sha256(self) -> str:
        """Checksum of the content, which is read for it."""
        return content_sum(self.path)


def find_inputs(inputs: PathLike | Sequence[PathLike], out: Path) -> list[InputFile]:
    """The files that a path, a pattern or a list of these stands for, in the order of their names.

    A file is one, however many names and links lead to it. Files that lie within `out` are none
    of them; nor, of a folder, those whose name, or whose subfolder's name, begins with a dot or
    an underscore.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a file is neither Parquet nor CSV by its name, if two have the same name, or if one
        lies in two partitions by links.
    """
    named = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    expanded = [_expand(local_path(text, "inputs")) for text in named]
    places = {path: place_of(path) for _, paths in expanded for path in paths}
    output = os.path.realpath(out)
    outside = [path for path in places if not _is_within(os.path.realpath(path), output)]
    if not outside:
        within = f" outside {str(out)!r}" * bool(places)
        raise FileNotFoundError(f"There is no Parquet or CSV file to score{within}: {inputs!r}.")
    root = above_partitions(
        Path(os.path.commonpath([without_links(root) for root, _ in expanded]))
    )
    names = {path: _name(path, top, root) for top, paths in expanded for path in paths}
    files: dict[Place, InputFile] = {}
    for path in sorted(outside, key=names.__getitem__):
        file = _input_file(path, names[path], places[path])
        first = files.setdefault(file.place, file)
        if first.keys != file.keys:
            raise ValueError(
                f"{str(first.path)!r} and {str(path)!r} are one file in two partitions, by a "
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
    """What the names of the parts of a file of this name begin with."""
    return name.removesuffix(".parquet")


def _expand(path: Path) -> tuple[Path, list[Path]]:
    """The folder that names are relative to, and the files."""
    text = str(path)
    if path.is_dir():
        return path, list(_below(path))
    if path.exists() or not any(sign in text for sign in _PATTERN):
        return path.parent, [path]
    fixed = path
    while any(sign in str(fixed) for sign in _PATTERN):
        fixed = fixed.parent
    matches = [Path(match) for match in glob.glob(text, recursive=True)]
    return fixed, [file for match in matches for file in _matched(match)]


def _matched(path: Path) -> list[Path]:
    """The files that a match of a pattern stands for: a folder, as Spark writes, for several."""
    if not path.is_dir():
        return [path]
    files = [] if _is_hidden(path) else list(_below(path))
    if not files and _format(path) is not None:
        raise FileNotFoundError(f"The folder {str(path)!r} holds no Parquet or CSV file.")
    return files


def _below(folder: Path, above: frozenset[str] = frozenset()) -> Iterator[Path]:
    """The tables in a folder and in those below it, through links to folders as well."""
    real = os.path.realpath(folder)
    if real in above:  # a link that leads back
        return
    for path in sorted(folder.iterdir()):
        if _is_hidden(path):
            continue
        if path.is_dir():
            yield from _below(path, above | {real})
        elif _format(path) is not None:
            yield path


def _is_hidden(path: Path) -> bool:
    return path.name.startswith((".", "_"))


def _is_within(path: str, folder: str) -> bool:
    return os.path.commonpath([path, folder]) == folder


def _format(path: Path) -> Literal["parquet", "csv"] | None:
    name = path.name.lower()
    if name.endswith(_PARQUET):
        return "parquet"
    return "csv" if is_csv(name) else None


def _name(path: Path, top: Path, root: Path) -> str:
    below = path.relative_to(top)
    if ".." in below.parts:  # after the wildcards of a pattern
        return os.path.relpath(os.path.realpath(path), root)
    return (without_links(top) / below).relative_to(root).as_posix()


def _input_file(path: Path, name: str, place: Place | None) -> InputFile:
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
    """Raise ScoringError if a file is no longer what it was when it was found."""
    try:
        changed = FileState.of(file.path) != file.state
    except OSError:
        changed = True
    if changed:
        raise ScoringError(
            f"{str(file.path)!r} has been changed, replaced or removed while it was read, so the "
            "part that was made of it is thrown away. Score once more when it is complete."
        )
