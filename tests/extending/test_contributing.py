"""CONTRIBUTING.md shows code that is tested, and names files that exist."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
# What a recipe is about to make.
TO_BE_MADE = {
    "skmtl/tasks/_gamma.py",
    "skmtl/balancing/_equal_lengths.py",
    "skmtl/boosting/_cluster.py",
}


def test_its_code_is_that_of_the_examples():
    examples = "".join(
        (ROOT / "tests/extending" / name).read_text() for name in ("network.py", "ridge.py")
    )
    shown = re.findall(r"^ *```python\n(.*?)^ *```", TEXT, re.DOTALL | re.MULTILINE)
    assert len(shown) == 2
    for code in shown:
        assert textwrap.dedent(code) in examples


def test_its_files_exist():
    named = set(re.findall(r"[`(]((?:skmtl|tests|docs)/[\w/]*(?:\.\w+)?)[`)]", TEXT))
    assert len(named) > 30
    assert {name for name in named if not (ROOT / name).exists()} == TO_BE_MADE
