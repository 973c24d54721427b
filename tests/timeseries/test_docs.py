"""The examples of docs/forecasting.md run, one after the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "forecasting.md"
EXAMPLE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_examples_run(capsys):
    names: dict = {}
    for example in EXAMPLE.findall(PAGE.read_text()):
        exec(compile(example, str(PAGE), "exec"), names)
    scores = names["forecast_table"](names["table"])
    assert scores.loc["sales", "skill_low"] > 0
    assert "skill_low" in capsys.readouterr().out
