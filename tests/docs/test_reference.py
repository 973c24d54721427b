"""The API reference lists every public name, and explains every parameter."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

import skmtl
from skmtl.balancing import BALANCERS
from skmtl.tasks import KINDS
from tests.docs.pages import BLOCKS, PAGES, ROOT
from tests.estimators.test_docstrings import documented_parameters, has_words, parameters, section

# The packages that users import from.
PACKAGES = ("skmtl", *(n for n in skmtl.__all__ if inspect.ismodule(getattr(skmtl, n))))
MENTION = re.compile(r"\b(skmtl(?:\.[a-z]\w*)*\.[A-Za-z]\w*)\b")


def listed() -> Iterator[str]:
    for page in (ROOT / "docs/reference").glob("*.rst"):
        package = ""
        for line in page.read_text().splitlines():
            if line.startswith(".. currentmodule::"):
                package = line.split()[-1]
            elif re.fullmatch(r" {3}[A-Za-z]\w+", line) and page.stem != "index":
                yield f"{package}.{line.strip()}"


def found(name: str) -> Any:
    """What a name with dots stands for, or None."""
    package, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(package), attribute, None)
    except ModuleNotFoundError:
        return None


LISTED = sorted(set(listed()))
# A name may be listed as that of the package which users import it from.
THINGS = [found(name) for name in LISTED]


def is_listed(thing: Any) -> bool:
    return any(thing is other for other in THINGS)


def imported(text: str) -> Iterator[str]:
    """Names that code imports from packages of skmtl."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "skmtl":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def imports() -> list[tuple[str, str]]:
    """Modules of skmtl, and each name that they import from its packages."""
    paths = {
        path: ".".join(path.relative_to(ROOT).parts) for path in (ROOT / "skmtl").rglob("*.py")
    }
    return [
        (module, name) for path, module in paths.items() for name in imported(path.read_text())
    ]


def is_shared(name: str, package: str) -> bool:
    """Whether other packages of skmtl import a name of a package."""
    return any(
        other == f"{package}.{name}" and not module.startswith(f"{package}.")
        for module, other in imports()
    )


def examples(thing: Any) -> str:
    """The code of a docstring."""
    lines = (inspect.getdoc(thing) or "").splitlines()
    return "\n".join(line[4:] for line in lines if line.startswith((">>> ", "... ")))


def has_page(thing: Any) -> bool:
    """Modules and aliases of types, such as `MetricLike`, have none."""
    return inspect.isclass(thing) or inspect.isroutine(thing)


@pytest.mark.parametrize("package", [name for name in PACKAGES if name != "skmtl"])
def test_public_names_are_listed(package):
    """A name that no package shares with others is for users, and so are all warnings."""
    package = f"skmtl.{package}"
    module = importlib.import_module(package)
    things = {name: getattr(module, name) for name in module.__all__}
    missing = {
        name
        for name, thing in things.items()
        if has_page(thing)
        and not is_listed(thing)
        and (
            not is_shared(name, package)
            or (inspect.isclass(thing) and issubclass(thing, Exception))
        )
    }
    assert missing == set()


def test_the_names_of_skmtl_itself_are_listed():
    things = {name: getattr(skmtl, name) for name in skmtl.__all__}
    assert [n for n, thing in things.items() if has_page(thing) and not is_listed(thing)] == []


def test_what_the_documentation_imports_or_mentions_is_listed():
    pages = [path.read_text() for path in PAGES if path.stem != "architecture"]
    code = [block.code for block in BLOCKS if block.language == "python"]
    code = [block for block in code if block.lstrip().startswith(("import", "from"))]
    code += [path.read_text() for path in (ROOT / "docs/gallery").rglob("*.py")]
    code += [examples(thing) for thing in THINGS]
    names = {name for text in code for name in imported(text)}
    names |= {name for page in pages for name in MENTION.findall(page)}
    public = {name: found(name) for name in names}
    missing = [n for n, thing in public.items() if has_page(thing) and not is_listed(thing)]
    assert sorted(missing) == []


def test_all_kinds_and_balancers_are_listed():
    kinds = {
        f"skmtl.tasks.{kind.__name__}"
        for kind in KINDS.values()
        if kind.__module__.startswith("skmtl.")  # other tests register kinds of their own
    }
    balancers = {f"skmtl.balancing.{type(balancer).__name__}" for balancer in BALANCERS.values()}
    assert kinds | balancers <= set(LISTED)


@pytest.mark.parametrize("name", LISTED)
def test_what_is_listed_exists_and_is_documented(name):
    assert found(name).__doc__


@pytest.mark.parametrize("name", [n for n in LISTED if has_words(found(n))])
def test_every_parameter_of_what_is_listed_is_explained(name):
    thing = found(name)
    if getattr(thing, "_is_protocol", False):
        return  # nobody calls it
    bases = inspect.getmro(thing) if inspect.isclass(thing) else (thing,)
    documented = {parameter for base in bases for parameter in documented_parameters(base)}
    prose = set(re.findall(r"(?<!`)`(\w+)`", inspect.getdoc(thing)))
    taken = set(parameters(thing))
    if documented or len(taken) > 1:  # a summary may explain a single one
        assert taken - documented - prose == set()
    assert section(thing, "Parameters").keys() - taken == set()
