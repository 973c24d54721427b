"""Columns whose values stand in the names of folders, as in ``month=5/data.parquet``."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

# What Hive, Spark and pyarrow write for a missing value.
_MISSING = "__HIVE_DEFAULT_PARTITION__"
# Other readers do not treat digits of other scripts as numbers.
_INTEGER = re.compile(r"-?[0-9]+")
_DECIMAL = re.compile(r"-?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|nan", re.IGNORECASE)
_BOOLEANS = {"true": True, "false": False}
_INT64 = range(-(2**63), 2**63)

KeyType = Literal["int64", "double", "bool", "string"]


def partition_keys(folders: Sequence[str]) -> dict[str, str | None]:
    """The keys in the names of folders, from the top down, with the text of their values.

    Raises
    ------
    ValueError
        If a key stands there with two values.
    """
    keys: dict[str, str | None] = {}
    for folder in folders:
        key, equals, text = folder.partition("=")
        if not equals:
            continue
        name, value = unquote(key), None if text == _MISSING else unquote(text)
        if keys.setdefault(name, value) != value:
            raise ValueError(f"The path {os.path.join(*folders)!r} has two values of {name!r}.")
    return keys


def above_partitions(folder: Path) -> Path:
    """The folder that is partitioned, of one that may be a partition itself.

    So ``sales/year=2024/month=5`` has its keys, whether it is given or all of ``sales``.
    """
    while "=" in folder.name:
        folder = folder.parent
    return folder


def without_links(folder: Path) -> Path:
    """A folder without links on the way; but what is a partition by its name stays one."""
    absolute = Path(os.path.realpath(folder) if ".." in folder.parts else os.path.abspath(folder))
    table = above_partitions(absolute)
    return Path(os.path.realpath(table)) / absolute.relative_to(table)


def key_type(values: Collection[str | None]) -> KeyType:
    """The type of a key with these values: whole numbers, decimal numbers, booleans or text.

    Whole numbers that no int64 holds are text: they are ids, whose digits matter.
    """
    words = [value for value in values if value is not None]
    if not words:
        return "string"
    if all(_INTEGER.fullmatch(word) for word in words):
        return "int64" if all(int(word) in _INT64 for word in words) else "string"
    if all(_DECIMAL.fullmatch(word) for word in words):
        return "double"
    return "bool" if all(word.lower() in _BOOLEANS for word in words) else "string"


def number_type(values: Collection[str | None]) -> KeyType | None:
    """The type of a key that must be numbers or booleans; None where it cannot be."""
    words = [value for value in values if value is not None]
    found = key_type(words)
    if found != "string":
        return found
    return "double" if all(_DECIMAL.fullmatch(word) for word in words) else None


def key_value(text: str | None, kind: KeyType) -> int | float | bool | str | None:
    """The value of a key as a value of its type."""
    if text is None or kind == "string":
        return text
    if kind == "bool":
        return _BOOLEANS[text.lower()]
    return int(text) if kind == "int64" else float(text)
