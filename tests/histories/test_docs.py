"""All examples in docs/histories.md run."""

from __future__ import annotations

import pytest

from tests.docs.pages import BLOCK, ROOT

BLOCKS = BLOCK.findall((ROOT / "docs" / "histories.md").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_an_example_runs(number, capsys):
    exec(compile(BLOCKS[number], f"histories.md, block {number}", "exec"), {})
    assert capsys.readouterr().out


def test_there_are_examples():
    assert len(BLOCKS) >= 4
