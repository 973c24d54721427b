"""The examples of docs/export.md run, one after the other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("onnxruntime", reason='needs the extra "onnx"')

GUIDE = Path(__file__).parents[2] / "docs" / "export.md"


def test_the_examples_run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    names: dict = {}
    for example in examples:
        exec(compile(example, str(GUIDE), "exec"), names)
    assert names["quantiles"].shape == (3, 3)
    assert names["quantiles"][0, 1] != names["quantiles"][1, 1]  # the airport was read
    assert float(capsys.readouterr().out.split()[-1]) < 1e-9
