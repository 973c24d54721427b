"""Every block of Python on the pages for users runs by itself, here with small models."""

from __future__ import annotations

import pytest

from tests.docs.pages import BLOCK, README, RUNNABLE, name_of
from tests.small_models import bound_models

BLOCKS = {
    f"{name_of(page)}-{number}": code
    for page in RUNNABLE
    for number, code in enumerate(BLOCK.findall(page.read_text()))
}


def test_there_are_blocks_on_most_pages():
    assert len(BLOCKS) > 20
    assert len({name.rsplit("-", 1)[0] for name in BLOCKS}) > 9


@pytest.mark.slow
@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_runs_by_itself(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some write files
    bound_models(monkeypatch.setattr)
    exec(compile(BLOCKS[name], name, "exec"), {})


def test_the_first_screen_is_short():
    assert len(README.read_text().splitlines()) <= 120
