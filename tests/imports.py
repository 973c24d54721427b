"""The imports between the modules of skmtl, read from their source."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

ROOT = Path(__file__).parents[1]

When = Literal["loading", "calling", "type checking"]


class Import(NamedTuple):
    """An import of one module of skmtl by another.

    Attributes
    ----------
    importer, imported : str
        Names of modules, such as "skmtl.scoring._run". A package stands for its ``__init__``.
    when : {"loading", "calling", "type checking"}
        Whether it happens when the importer is loaded, in a function that is called, or never:
        below ``if TYPE_CHECKING``.
    line : int
        Of the importer's file.
    """

    importer: str
    imported: str
    when: When
    line: int


def modules(root: Path = ROOT) -> dict[str, Path]:
    """The file of each module of skmtl below a folder."""
    files = sorted((root / "skmtl").rglob("*.py"))
    return {_module_name(file.relative_to(root)): file for file in files}


def imports(root: Path = ROOT) -> list[Import]:
    """All imports of modules of skmtl by one another."""
    files = modules(root)
    return [
        Import(importer, imported, when, line)
        for importer, file in files.items()
        for imported, when, line in _imports_of(file, importer, files)
        if imported != importer
    ]


def graph(edges: Iterable[Import]) -> dict[str, set[str]]:
    """The modules that each module imports."""
    imported_by: dict[str, set[str]] = {}
    for edge in edges:
        imported_by.setdefault(edge.importer, set()).add(edge.imported)
        imported_by.setdefault(edge.imported, set())
    return imported_by


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The largest sets of nodes that reach one another, sorted; none where there is no circle.

    Parameters
    ----------
    graph : dict of str to set of str
        The nodes that each node points to.
    """
    reached = {node: _reached(node, graph) for node in graph}
    knots = {
        tuple(sorted(other for other in reached[node] if node in reached[other]))
        for node in graph
        if node in reached[node]
    }
    return [list(knot) for knot in sorted(knots)]


def _reached(start: str, graph: dict[str, set[str]]) -> set[str]:
    """The nodes that a path of one or more edges leads to."""
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        further = graph[waiting.pop()] - reached
        reached |= further
        waiting += further
    return reached


def _module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports_of(
    file: Path, module: str, files: dict[str, Path]
) -> Iterator[tuple[str, When, int]]:
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node, when in _statements(ast.parse(file.read_text()), "loading"):
        imported = (_known(name, files) for name in _names(node, package))
        for name in dict.fromkeys(name for name in imported if name is not None):
            yield name, when, node.lineno


def _statements(node: ast.AST, when: When) -> Iterator[tuple[ast.Import | ast.ImportFrom, When]]:
    """The import statements below a node, and when they are run."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node, when
    elif isinstance(node, ast.If) and _is_type_checking(node.test):
        for child in node.body:
            yield from _statements(child, "type checking")
        for child in node.orelse:
            yield from _statements(child, when)
    elif not isinstance(node, ast.expr):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            when = "calling" if when == "loading" else when
        for child in ast.iter_child_nodes(node):
            yield from _statements(child, when)


def _is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _names(node: ast.Import | ast.ImportFrom, package: str) -> list[str]:
    """What a statement imports, each a module or something in a module."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    parts = package.split(".")
    base = [".".join(parts[: len(parts) - node.level + 1])] if node.level else []
    source = ".".join([*base, *([node.module] if node.module else [])])
    return [f"{source}.{alias.name}" for alias in node.names]


def _known(name: str, files: dict[str, Path]) -> str | None:
    """The module of skmtl that a name is, or is in."""
    while name:
        if name in files:
            return name
        name = name.rpartition(".")[0]
    return None
