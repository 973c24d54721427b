"""What ``import skmtl`` promises: public names, at hardly any cost."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version

import pytest

import skmtl

HEAVY = ["lightgbm", "numpy", "pandas", "scipy", "sklearn", "torch"]


def modules_after(code: str) -> set[str]:
    """Top-level modules that a new interpreter has loaded after running the code."""
    report = (
        "; import sys, json; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code + report], capture_output=True, text=True, check=True
    )
    return set(json.loads(result.stdout))


def test_importing_skmtl_imports_no_heavy_library():
    loaded = modules_after("import skmtl; dir(skmtl); skmtl.__version__")
    assert "skmtl" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_subpackages_without_networks_import_neither_torch_nor_lightgbm():
    names = "callbacks, datasets, inspection, metrics, model_selection, survival, tasks"
    loaded = modules_after(f"from skmtl import {names}")
    assert "numpy" in loaded
    assert loaded.isdisjoint({"torch", "lightgbm"})


@pytest.mark.parametrize("name", skmtl.__all__)
def test_public_names_can_be_had_and_are_listed(name):
    assert getattr(skmtl, name).__name__.rpartition(".")[-1] == name
    assert name in dir(skmtl)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'skmtl' has no attribute 'MultiTap'"):
        skmtl.MultiTap  # noqa: B018 - the access is the test
    with pytest.raises(ImportError, match="cannot import name 'MultiTap'"):
        from skmtl import MultiTap  # noqa: F401


def test_the_version_is_that_of_the_installed_package():
    assert skmtl.__version__ == version("skmtl")
