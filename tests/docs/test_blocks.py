"""Every block of Python on the pages runs by itself, and shows what it prints.

By default the blocks run with small models, as a check of their code. With ``SKMTL_PAGES=whole``
they run as they are, and what they print is compared with what the page shows.
"""

from __future__ import annotations

import ast
import os
import re
import warnings
from importlib.util import find_spec
from itertools import zip_longest

import pytest
from sklearn.exceptions import ConvergenceWarning

from tests.docs.pages import BLOCKS, CONTRIBUTING, README, Block
from tests.small_models import bound_models
from tests.stored_outputs import agree

# Others are directives of Sphinx, in braces.
LANGUAGES = {"bash", "dockerfile", "python", "text", "toml"}
# Blocks that show how another library does it run where that library is installed.
OTHER_LIBRARIES = {"mlforecast", "pycox", "sksurv", "torchtuples"}
DURATION = re.compile(r"\b\d\d:\d\d(?= loss)")  # of a fit, in its progress bar
WHOLE = os.environ.get("SKMTL_PAGES") == "whole"

# tests/extending shows that the code of CONTRIBUTING is part of its examples, and tests/scaling
# runs the recipes on clusters.
RUN_HERE = [
    block
    for block in BLOCKS
    if block.language == "python" and block.recipe is None and block.page != CONTRIBUTING
]

every_block = pytest.mark.parametrize("block", RUN_HERE, ids=lambda block: block.name)


def imported(code: str) -> set[str]:
    """The packages that some code imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.split(".")[0] for name in names}


def test_languages_are_those_that_are_tested():
    written = [block for block in BLOCKS if block.page.name != "architecture.md"]  # diagrams
    languages = {block.language for block in written if not block.language.startswith("{")}
    assert languages == LANGUAGES
    assert len(RUN_HERE) > 60


@pytest.mark.slow
@every_block
def test_a_block_runs_by_itself(block: Block, tmp_path, monkeypatch, capsys):
    program = compile(block.code, block.name, "exec")
    lacking = [name for name in OTHER_LIBRARIES & imported(block.code) if not find_spec(name)]
    if lacking:
        pytest.skip(f"only compiled: needs {' and '.join(sorted(lacking))}")
    monkeypatch.chdir(tmp_path)  # some write files
    if WHOLE:
        warnings.simplefilter("error", ConvergenceWarning)  # a reader would see it
    else:
        bound_models(monkeypatch.setattr)
    exec(program, {"__name__": "__main__"})
    printed = capsys.readouterr().out
    assert bool(printed) == bool(block.output), "the page shows what a block prints, as ```text"
    if WHOLE and block.output:
        texts = (DURATION.sub("", text).splitlines() for text in (block.output, printed))
        lines = zip_longest(*texts, fillvalue="")
        assert [pair for pair in lines if not agree(*pair)] == []


def test_the_first_screen_is_short():
    assert len(README.read_text().splitlines()) <= 120
