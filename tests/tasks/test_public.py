"""The parts of kinds and boosting that other packages use are public."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import skmtl
import skmtl.boosting
import skmtl.tasks

PACKAGE = Path(skmtl.__file__).parent


@pytest.mark.parametrize("name", ["tasks", "boosting"])
def test_no_other_package_imports_a_private_module(name):
    private = re.compile(rf"skmtl\.{name}\._|from skmtl\.{name} import _")
    files = [file for file in PACKAGE.rglob("*.py") if PACKAGE / name not in file.parents]
    assert len(files) > 100
    assert [file.name for file in files if private.search(file.read_text())] == []


@pytest.mark.parametrize("module", [skmtl.tasks, skmtl.boosting])
def test_public_functions_and_classes_say_what_they_are_for(module):
    for name in module.__all__:
        public = getattr(module, name)
        if isinstance(public, type) or hasattr(public, "__code__"):
            assert public.__doc__, name
