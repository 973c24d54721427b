"""Columns whose values are in folder names, as in ``month=5/data.parquet``."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from skmtl._paths import AnyPath
from skmtl._stores import StorePath

# Hive, Spark and pyarrow write this for a missing value.
_MISSING = "__HIVE_DEFAULT_PARTITION__"
# Other readers do not treat digits of other scripts as numbers.
_INTEGER = re.compile(r"-?[0-9]+")
_DECIMAL = re.compile(r"-?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|nan", re.IGNORECASE)
_BOOLEANS = {"true": True, "false": False}
_INT64 = range(-(2**63), 2**63)

KeyType = Literal["int64", "double", "bool", "string"]


def partition_keys(folders: Sequence[str]) -> dict[str, str | None]:
    """Return the keys in folder names, from the top down, with their values as text.

    Raises
    ------
    ValueError
        If a key has two values.
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


def above_partitions(folder: AnyPath) -> AnyPath:
    """Return the folder of the whole table, given a folder that may be a partition of it.

    This way ``sales/year=2024/month=5`` has its keys as columns even if it is read alone.
    """
    while "=" in folder.name:
        folder = folder.parent
    return folder


def without_links(folder: AnyPath) -> AnyPath:
    """Resolve links in the path of a folder, but keep folders that are named as partitions."""
    if isinstance(folder, StorePath):
        return folder
    absolute = Path(os.path.realpath(folder) if ".." in folder.parts else os.path.abspath(folder))
    table = above_partitions(absolute)
    return Path(os.path.realpath(str(table))) / absolute.relative_to(str(table))


def key_type(values: Collection[str | None]) -> KeyType:
    """Return the type of a key: integers, decimal numbers, booleans or text.

    Integers that do not fit in an int64 are text, because they are ids whose digits matter.
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
    """Return the type of a key that must be numbers or booleans; None if it is text."""
    words = [value for value in values if value is not None]
    kind = key_type(words)
    if kind != "string":
        return kind
    return "double" if all(_DECIMAL.fullmatch(word) for word in words) else None


def key_value(text: str | None, kind: KeyType) -> int | float | bool | str | None:
    """Convert the text of a key to its type."""
    if text is None or kind == "string":
        return text
    if kind == "bool":
        return _BOOLEANS[text.lower()]
    return int(text) if kind == "int64" else float(text)
