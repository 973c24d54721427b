"""``skmtl inspect``: the description of a model in a file."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import tomllib

import pytest

import skmtl
from skmtl.cli import main
from skmtl.files import read_header
from tests.files.cases import CORPUS


@pytest.mark.parametrize("name", ["rmtgb", "multitab-long", "survival-competing", "grouped-rmtgb"])
def test_json_is_the_header_and_that_it_is_sound(name, capsys):
    path = CORPUS / f"{name}.skmtl"
    assert main(["inspect", str(path), "--json"]) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert shown.err == ""
    assert found.pop("checksums") == "ok"
    assert found.pop("bytes") == path.stat().st_size
    assert found.pop("path") == str(path)
    assert found == read_header(path)


def test_the_text_names_features_tasks_and_parameters(capsys):
    assert main(["inspect", str(CORPUS / "rmtgb.skmtl")]) == 0
    text = capsys.readouterr().out
    for part in (
        ": RMTGB, ",
        "features    3 numeric, 2 categorical: size, age, new, colour, city",
        "  sold    binary: no, yes",
        "  risk    ordinal: 0.0, 1.0, 2.0, 3.0",
        "  n_rounds = 3",
        f"skmtl {skmtl.__version__}",
        "  boosters.txt  ",
    ):
        assert part in text
    assert "'$'" not in text


def test_long_data_name_their_task_column(capsys):
    assert main(["inspect", str(CORPUS / "rmtgb-long.skmtl")]) == 0
    assert "task column shop" in capsys.readouterr().out


def test_a_damaged_file_fails_with_the_section(tmp_path, capsys):
    damaged = bytearray((CORPUS / "rmtgb.skmtl").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path = tmp_path / "model.skmtl"
    path.write_bytes(damaged)
    assert main(["inspect", str(path), "--json"]) == 1
    shown = capsys.readouterr()
    assert "section" in shown.err
    assert str(path) in shown.err
    answer = json.loads(shown.out)
    assert answer["exit_code"] == 1
    assert answer["error"] in shown.err


def test_a_file_that_is_not_there_fails_without_a_traceback(tmp_path, capsys):
    assert main(["inspect", str(tmp_path / "none.skmtl")]) == 1
    shown = capsys.readouterr()
    assert shown.err == f"skmtl: {tmp_path / 'none.skmtl'}: No such file or directory\n"
    assert shown.out == ""


def test_debug_shows_where_an_error_comes_from(tmp_path):
    with pytest.raises(FileNotFoundError):
        main(["inspect", str(tmp_path / "none.skmtl"), "--debug"])


def test_the_command_imports_neither_torch_nor_lightgbm_nor_pandas():
    path = str(CORPUS / "multitab.skmtl")
    code = (
        "import sys; from skmtl.cli import main; main(['inspect', sys.argv[1], '--json']); "
        "print(sorted({'torch', 'lightgbm', 'pandas', 'numpy'} & set(sys.modules)), "
        "file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert done.stderr == "[]\n"
    assert json.loads(done.stdout)["estimator"] == "MultiTab"


def test_a_reader_that_stops_early_is_no_error():
    command = f"{sys.executable} -m skmtl inspect {CORPUS / 'rmtgb.skmtl'} --json | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.stderr == ""


def test_the_installed_command_is_this_one():
    scripts = tomllib.loads((CORPUS.parents[2] / "pyproject.toml").read_text())["project"][
        "scripts"
    ]
    module, _, name = scripts["skmtl"].partition(":")
    assert getattr(importlib.import_module(module), name) is main


def test_options_that_do_not_exist_are_a_usage_error(capsys):
    assert main(["inspect", "a", "b"]) == 2
    assert main(["inspekt", "a"]) == 2
    assert main([]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert main(["--help"]) == 0
    assert "Exit codes" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"skmtl {skmtl.__version__}\n"
