"""The examples of docs/linear.md run, one after the other."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

GUIDE = Path(__file__).parents[2] / "docs" / "linear.md"


def test_the_examples_run(capsys):
    examples = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    names: dict = {}
    for example in examples:
        exec(compile(example, str(GUIDE), "exec"), names)
    predicted = names["model"].predict(names["X"].head(3))["price"]
    np.testing.assert_allclose(names["prices"], predicted)
    assert "Oslo" in capsys.readouterr().out
