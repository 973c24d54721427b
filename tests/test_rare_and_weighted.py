"""The examples of docs/rare_and_weighted.md run, one after the other."""

from __future__ import annotations

import re
from pathlib import Path

GUIDE = Path(__file__).parents[1] / "docs" / "rare_and_weighted.md"


def test_the_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    names: dict = {}
    for example in examples:
        exec(compile(example, str(GUIDE), "exec"), names)
    assert names["results"]["test_rare"].min() > 0.9
