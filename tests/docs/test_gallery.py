"""Every page of the gallery runs, and draws, here with small models.

The build of the site runs them as they are. With ``SKMTL_GALLERY=site`` they are left to it.
"""

from __future__ import annotations

import ast
import os
import runpy

import pytest

from tests.docs.pages import ROOT
from tests.small_models import bound_models

GALLERY = ROOT / "docs" / "gallery"
EXAMPLES = sorted(GALLERY.glob("*/*.py"))

every_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


def test_there_are_examples_in_every_part():
    assert len(EXAMPLES) >= 28
    assert len({path.stem for path in EXAMPLES}) == len(EXAMPLES)
    parts = [folder for folder in GALLERY.iterdir() if folder.is_dir()]
    assert all((part / "README.rst").exists() and list(part.glob("*.py")) for part in parts)


@every_example
def test_an_example_begins_with_a_title(path):
    title, line, *rest = ast.get_docstring(ast.parse(path.read_text())).splitlines()
    assert line == "=" * len(title)
    assert "".join(rest)


@pytest.mark.slow
@pytest.mark.skipif(
    os.environ.get("SKMTL_GALLERY") == "site", reason="the build of the site runs the gallery"
)
@every_example
def test_an_example_runs_and_draws(path, tmp_path, monkeypatch):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    monkeypatch.chdir(tmp_path)
    bound_models(monkeypatch.setattr)
    try:
        runpy.run_path(str(path))
        assert pyplot.get_fignums()
    finally:
        pyplot.close("all")
