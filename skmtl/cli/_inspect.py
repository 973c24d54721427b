"""Describe a saved model, its features and its tasks, without loading it.

The checksums of the whole file are verified. Nothing in it is executed, and neither torch nor
LightGBM is imported.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from skmtl._paths import any_path, size_of
from skmtl.cli._errors import OK
from skmtl.files import read_header

_SHOWN_NAMES = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a file written by model.save")


def run(options: argparse.Namespace) -> tuple[dict[str, Any], str, int]:
    header = read_header(options.model)  # verifies the checksums of all sections
    contents = {
        "path": options.model,
        "bytes": size_of(any_path(options.model, "MODEL")),
        "checksums": "ok",
        **header,
    }
    return contents, "\n".join(_lines(contents)), OK


def _lines(contents: Mapping[str, Any]) -> Iterator[str]:
    yield f"{contents['path']}: {contents['estimator']}, {contents['bytes']:,} bytes"
    yield f"format      {contents['format']}, all checksums match"
    writer = contents["writer"].items()
    yield "written by  " + ", ".join(f"{name} {version}" for name, version in writer)
    schema = contents["schema"]
    if "features" in schema:
        yield f"features    {_features(schema['features'])}"
    if schema.get("task_column") is not None:
        yield f"task column {words(schema['task_column'])}"
    yield "tasks"
    tasks = schema.get("tasks", [])
    width = max((len(words(task["name"])) for task in tasks), default=0)
    for task in tasks:
        classes = task.get("classes")
        names = "" if classes is None else ": " + _some([words(label) for label in classes])
        yield f"  {words(task['name']):{width}}  {task['kind']}{_facts(task)}{names}"
    if "n_rows" in schema:
        sizes = ", ".join(f"{name} {size:,}" for name, size in schema["sizes"].items())
        yield f"fit         {schema['n_rows']:,} rows{'; ' * bool(sizes)}{sizes}"
    fit_time = contents.get("fit_time")
    yield f"training    {'unknown' if fit_time is None else f'{fit_time:.1f} s'}"
    yield "parameters  (None is omitted)"
    for name, value in contents["parameters"].items():
        if value is not None:
            yield f"  {name} = {words(value)}"
    yield "sections"
    for name, section in contents["sections"].items():
        yield f"  {name}  {section['bytes']:,} bytes"


def _facts(task: Mapping[str, Any]) -> str:
    """Return what the file records of a task's labels; nothing in files of earlier versions."""
    facts = []
    if task.get("n_labels") is not None:
        facts.append(f"{task['n_labels']:,} labels")
    if task.get("validation_loss") is not None:
        facts.append(f"validation loss {task['validation_loss']:.3f}")
    return "  " * bool(facts) + ", ".join(facts)


def _features(features: list[Mapping[str, Any]]) -> str:
    kinds = [feature["kind"] for feature in features]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    return f"{counts}: {_some([words(feature['name']) for feature in features])}"


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN_NAMES
    return ", ".join(names[:_SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def words(node: Any) -> str:
    """Return a short text for a value of a file (see docs/file_format.md)."""
    if isinstance(node, list):
        return "[" + ", ".join(map(words, node)) + "]"
    if not isinstance(node, dict):
        return node if isinstance(node, str) else repr(node)
    if "$" not in node:
        return "{" + ", ".join(f"{key}: {words(value)}" for key, value in node.items()) + "}"
    tag = node["$"]
    if tag == "tuple":
        return "(" + ", ".join(map(words, node["values"])) + ")"
    if tag == "dict":
        pairs = (f"{words(key)}: {words(value)}" for key, value in node["items"])
        return "{" + ", ".join(pairs) + "}"
    if tag == "object":
        settings = node["parameters"] if "parameters" in node else node["state"]
        settings_shown = [
            f"{name}={words(value)}" for name, value in settings.items() if value is not None
        ]
        return f"{node['class']}({', '.join(settings_shown)})"
    plain = [str(value) for key, value in node.items() if key in ("value", "name")]
    return plain[0] if plain else f"<{tag}>"
