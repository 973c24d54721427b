"""The examples of docs/cli.md run, one after the other."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

import skmtl
from skmtl.cli import main
from tests.small_models import bound_models

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"
BLOCK = re.compile(r"^```(python|toml|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_examples_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    bound_models(monkeypatch.setattr)
    done = {"python": 0, "toml": 0, "bash": 0}
    for language, text in BLOCK.findall(DOCS.read_text()):
        if "no example to run" in text:
            continue
        done[language] += 1
        if language == "python":
            exec(text, {})
        elif language == "toml":
            Path("flights.toml").write_text(text)
        else:
            for line in text.splitlines():
                command, *arguments = shlex.split(line)
                assert command == "skmtl"
                assert main(arguments) == 0, capsys.readouterr().err
    assert done == {"python": 1, "toml": 1, "bash": 4}
    assert set(json.loads(Path("flights.json").read_text())["scores"]) == {
        "arr_delay", "air_time", "late",
    }  # fmt: skip
    printed = capsys.readouterr().out
    assert re.search(r"^  late +binary +[\d,]+ labels, validation loss 0\.\d+: ", printed, re.M)
    assert len(skmtl.load("flights.skmtl").task_names_) == 3
