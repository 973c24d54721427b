"""What docs/architecture.md says of the tree is so, and stays so."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from skmtl import estimators
from tests.imports import circles, graph, imports, modules

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "architecture.md").read_text()
FILES = modules(ROOT)
IMPORTS = [edge for edge in imports(ROOT) if edge.when != "type checking"]
MOST_LINES = 400
MOST_CLASSES = 5  # of skmtl, among those that an estimator inherits from, itself included

# A row of the table of imports: a package, and those that it imports or "nothing".
ROW = re.compile(r"^\| `([\w/]+?)(?:/|\.py)` \| (.*?) \|$", re.MULTILINE)


def package_of(module: str) -> str:
    """The package that a module lies in, as the document names it: "engines/network", "tasks".

    A module beside the packages stands for itself, and skmtl's own ``__init__`` for all of it.
    """
    parts = module.split(".")
    if FILES[module].name != "__init__.py" and len(parts) > 2:
        parts = parts[:-1]
    return "/".join(parts[1:]) or "skmtl"


def package_imports() -> dict[str, set[str]]:
    """The packages that each package imports, at the top or in functions.

    The private modules beside the packages help all of them, and are left out.
    """
    imported: dict[str, set[str]] = {package_of(name): set() for name in FILES}
    for edge in IMPORTS:
        importer, other = package_of(edge.importer), package_of(edge.imported)
        if importer != other and not other.startswith("_"):
            imported[importer].add(other)
    return {
        name: others
        for name, others in imported.items()
        if name != "skmtl" and not name.startswith("_")
    }


def floors() -> list[list[str]]:
    """The packages on each floor of the drawing, from the top down."""
    drawing = TEXT.split("## Floors")[1].split("```")[1].strip("\n")
    return [
        re.findall(r"^([a-z_/]+?)(?:/|\.py)(?= |$)", floor, re.MULTILINE)
        for floor in drawing.split("\n\n")
    ]


def crosses_a_wall(importer: str, imported: str) -> bool:
    """Whether a private module, or a private name in a module, is taken from another package."""
    parts = imported.split(".")
    private = [place for place, part in enumerate(parts) if place > 1 and part.startswith("_")]
    if not private:
        return False
    package = ".".join(parts[: private[0]])
    if package in FILES and FILES[package].name != "__init__.py":  # a name in a module
        package = package.rpartition(".")[0]
    return not f"{importer}.".startswith(f"{package}.")


def imported_names() -> Iterator[tuple[str, str]]:
    """Pairs of a module and the full name of something that it imports from skmtl."""
    for module, file in FILES.items():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("skmtl"):
                for alias in node.names:
                    yield module, f"{node.module}.{alias.name}"


def lines_with(pattern: str, files: Iterable[Path]) -> list[str]:
    """Where a pattern occurs, as "file:line"."""
    return [
        f"{file.relative_to(ROOT)}:{number}"
        for file in files
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if re.search(pattern, line)
    ]


def test_packages_import_what_the_document_says_and_nothing_else():
    table = TEXT[TEXT.index("all imports between packages") :]
    said = {row[1]: set(re.findall(r"`([\w/]+)`", row[2])) for row in ROW.finditer(table)}
    assert said == package_imports()


def test_imports_go_down_only():
    floor_of = {name: floor for floor, names in enumerate(floors()) for name in names}
    found = package_imports()
    assert set(floor_of) == set(found)
    up = [
        f"{name} imports {other}"
        for name, others in found.items()
        for other in others - {"skmtl"}
        if floor_of[other] <= floor_of[name]
    ]
    assert up == []


def test_there_are_no_circles():
    found = package_imports()
    assert circles({name: others - {"skmtl"} for name, others in found.items()}) == []
    assert circles(graph(IMPORTS)) == []


def test_what_is_private_to_a_package_stays_there():
    assert [pair for pair in imported_names() if crosses_a_wall(*pair)] == []


@pytest.mark.parametrize(
    ("importer", "imported", "crosses"),
    [
        ("skmtl.export._model", "skmtl.tables._numeric.RobustScaler", True),
        ("skmtl.estimators.rmtgb", "skmtl.models.rmtgb._LEAVES", True),
        ("skmtl.models.network", "skmtl.engines.network._engine", True),
        ("skmtl.engines.network._samples", "skmtl.engines._protocol", False),
        ("skmtl.engines._protocol", "skmtl.engines.network._samples", True),
        ("skmtl.boosting._partition", "skmtl.boosting._theta", False),
        ("skmtl.boosting._ensemble", "skmtl._waves.cosine_waves", False),
    ],
)
def test_walls_are_where_packages_end(importer, imported, crosses):
    assert crosses_a_wall(importer, imported) is crosses


def test_no_file_is_long():
    lengths = {name: len(file.read_text().splitlines()) for name, file in FILES.items()}
    assert {name: n for name, n in lengths.items() if n > MOST_LINES} == {}


def test_the_package_of_estimators_holds_public_classes_alone():
    others = [
        f"{module}:{node.lineno}"
        for module, file in FILES.items()
        if module.startswith("skmtl.estimators.")
        for node in ast.parse(file.read_text()).body[1:]  # without the docstring
        if not isinstance(node, ast.Import | ast.ImportFrom)
        and not (isinstance(node, ast.ClassDef) and node.name in estimators.__all__)
    ]
    assert others == []


@pytest.mark.parametrize("name", estimators.__all__)
def test_estimators_inherit_from_few_classes(name):
    cls = getattr(estimators, name)
    ours = [base.__name__ for base in cls.__mro__ if base.__module__.startswith("skmtl.")]
    assert len(ours) <= MOST_CLASSES, ours


def test_only_answers_ask_whether_a_model_has_something_private():
    others = [file for name, file in FILES.items() if not name.startswith("skmtl.answers")]
    assert lines_with(r"hasattr\(\w+, [\"']_", others) == []


def test_a_class_is_named_once():
    names = Counter(
        name
        for file in FILES.values()
        for name in re.findall(r"^class (\w+)", file.read_text(), re.MULTILINE)
    )
    assert [name for name, times in names.items() if times > 1] == []


BOOSTING = """
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

import skmtl
from skmtl import RMTGB, RMTGBSurvival
from skmtl.datasets import make_survival

X = pd.DataFrame({"hour": [6.0, 9.0, 12.0, 18.0] * 10, "port": ["JFK", "LGA"] * 20})
Y = pd.DataFrame({"delay": X["hour"] * 2, "late": X["hour"] > 9})
for model, data in [(RMTGB, (X, Y)), (RMTGBSurvival, make_survival(60, random_state=0))]:
    fitted = model(n_rounds=2, n_bags=1, random_state=0).fit(*data)
    fitted.predict(data[0])
    fitted.score_tasks(*data)
    with TemporaryDirectory() as folder:
        fitted.save(Path(folder) / "model.skmtl")
        skmtl.load(Path(folder) / "model.skmtl").predict(data[0])
print([name for name in ("torch", "skmtl.training", "skmtl.networks") if name in sys.modules])
print("skmtl.models.rmtgb" in sys.modules and "skmtl.engines.boosting" in sys.modules)
"""


def test_boosting_does_without_torch_from_fit_to_load():
    result = subprocess.run([sys.executable, "-c", BOOSTING], capture_output=True, text=True)
    assert result.stdout == "[]\nTrue\n", result.stderr
