"""The files to score: which there are, and by what each is known again."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from skmtl.scoring._model import PathLike

_PARQUET = (".parquet", ".pq")
_CSV = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_PATTERN = "*?["


@dataclass(frozen=True)
class InputFile:
    """A file, as it is now.

    Attributes
    ----------
    path : Path
    name : str
        Its path below the folder that was given, or that all which were given have in common:
        what its scores are called.
    format : "parquet" or "csv"
    size, mtime_ns : int
        Bytes, and when it was changed. They tell whether it is the file that was scored before.
    keys : dict of str to str
        Columns that are in the path, as in ``month=5/data.parquet``.
    """

    path: Path
    name: str
    format: Literal["parquet", "csv"]
    size: int
    mtime_ns: int
    keys: dict[str, str] = field(hash=False)

    @property
    def stem(self) -> str:
        """What the names of its parts begin with."""
        return self.name.removesuffix(".parquet")


def find_inputs(inputs: PathLike | Sequence[PathLike], out: Path) -> list[InputFile]:
    """The files that a path, a pattern or a list of these stands for, in the order of their names.

    Files within `out` are none of them; nor, of a folder, those whose name, or whose subfolder's
    name, begins with a dot or an underscore.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a file is neither Parquet nor CSV by its name, or two have the same name.
    """
    given = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    expanded = [_expand(os.fspath(each)) for each in given]
    own = out.absolute()
    every = {path.absolute(): path for _, paths in expanded for path in paths}
    paths = [path for place, path in sorted(every.items()) if own not in place.parents]
    if not paths:
        within = f" outside {str(out)!r}" * bool(every)
        raise FileNotFoundError(f"There is no Parquet or CSV file to score{within}: {inputs!r}.")
    root = Path(os.path.commonpath([root.absolute() for root, _ in expanded]))
    found = [_input_file(path, root) for path in paths]
    stems = Counter(each.stem for each in found)
    twice = [each for each in found if stems[each.stem] > 1]
    if twice:
        raise ValueError(
            f"The scores of {str(twice[0].path)!r} and {str(twice[1].path)!r} would have the same "
            "name. Score them into different folders."
        )
    return found


def _expand(inputs: str) -> tuple[Path, list[Path]]:
    """The folder that names are relative to, and the files."""
    path = Path(inputs)
    if path.is_dir():
        below = [each for each in path.rglob("*") if each.is_file() and _format(each) is not None]
        return path, [each for each in below if not _is_hidden(each.relative_to(path))]
    if path.exists() or not any(sign in inputs for sign in _PATTERN):
        return path.parent, [path]
    fixed = path
    while any(sign in str(fixed) for sign in _PATTERN):
        fixed = fixed.parent
    return fixed, [
        Path(each) for each in glob.glob(inputs, recursive=True) if os.path.isfile(each)
    ]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def _format(path: Path) -> Literal["parquet", "csv"] | None:
    name = path.name.lower()
    if name.endswith(_PARQUET):
        return "parquet"
    return "csv" if name.endswith(_CSV) else None


def _input_file(path: Path, root: Path) -> InputFile:
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r} to score.")
    kind = _format(path)
    if kind is None:
        raise ValueError(
            f"{str(path)!r} is neither Parquet nor CSV by its name, which must end in one of "
            f"{', '.join((*_PARQUET, *_CSV))}."
        )
    relative = path.absolute().relative_to(root)
    keys = dict(part.split("=", 1) for part in relative.parent.parts if "=" in part)
    status = path.stat()
    return InputFile(
        path,
        relative.as_posix(),
        kind,
        status.st_size,
        status.st_mtime_ns,
        {key: unquote(value) for key, value in keys.items()},
    )
