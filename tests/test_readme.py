"""The examples of the README run, one after the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
EXAMPLE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_python_examples_run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some write files
    examples = EXAMPLE.findall(README.read_text())
    assert len(examples) > 3
    names: dict = {}
    for example in examples:
        exec(compile(example, str(README), "exec"), names)
    assert "dep_delay" in capsys.readouterr().out


def test_what_is_linked_exists():
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README.read_text())
    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []
