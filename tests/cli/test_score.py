"""``skmtl score``: what `score_files` does, from the command line."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl.cli import main


@pytest.fixture
def model(folder, outcome):
    outcome()
    return folder / "model.skmtl"


def scored(capsys, *arguments):
    code = main(["score", *map(str, arguments), "--json"])
    shown = capsys.readouterr()
    return code, json.loads(shown.out), shown.err


def test_scores_are_those_of_score_frame(model, folder, capsys):
    out = folder / "scores"
    code, report, _ = scored(
        capsys, model, folder / "test.csv", out, "--keep", "id", "--csv-type", "id=int64"
    )
    assert code == 0
    assert (report["n_rows"], report["n_refused"], report["n_files"]) == (40, 0, 1)
    assert report["out"] == str(out)
    table = pd.read_csv(folder / "test.csv")
    expected = skmtl.score_frame(skmtl.load(model), table, keep=["id"])
    found = pd.read_parquet(out)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    assert {"id", "price_prediction", "sold_prediction"} <= set(found)


def test_options_reach_the_scores(model, folder, capsys):
    arguments = (model, folder / "test.csv", folder / "scores", "--no-proba", "--batch-rows", "7")
    code, report, _ = scored(capsys, *arguments, "--part-rows", "10")
    assert (code, report["n_parts"]) == (0, 4)
    found = pd.read_parquet(folder / "scores")
    assert found.columns.tolist() == ["price_prediction", "sold_prediction"]
    code, report, _ = scored(capsys, *arguments, "--part-rows", "10")
    assert (code, report["n_parts_before"]) == (0, 4)
    code, report, err = scored(capsys, *arguments[:3])
    assert code == 1
    assert "overwrite" in err
    assert scored(capsys, *arguments[:3], "--overwrite")[0] == 0


def test_rows_that_are_set_aside_have_an_exit_code_of_their_own(model, folder, capsys):
    table = pd.read_csv(folder / "test.csv")
    table.loc[[3, 5], "size"] = np.inf
    table.to_parquet(folder / "bad.parquet")
    out = folder / "scores"
    code, report, err = scored(capsys, model, folder / "bad.parquet", out)
    assert code == 1
    assert "size" in err and "--on-error quarantine" in err
    code, report, err = scored(
        capsys, model, folder / "bad.parquet", out, "--on-error", "quarantine", "--overwrite"
    )
    assert (code, report["n_rows"], report["n_refused"]) == (3, 40, 2)
    assert pd.read_parquet(report["errors"])["error_row"].tolist() == [3, 5]
    assert main(["score", *map(str, (model, folder / "bad.parquet", out)), "--on-error",
                 "quarantine"]) == 3  # fmt: skip
    assert "2 rows could not be scored; see " in capsys.readouterr().out


def test_times_by_event_or_for_all(folder, outcome, capsys):
    from tests.cli.test_fit import SURVIVAL

    outcome(SURVIVAL)
    model, table = folder / "model.skmtl", folder / "patients.csv"
    for i, given in enumerate([["0.1,0.2"], ["death=0.1,0.2"], ["death=0.1", "death=0.2"]]):
        options = [word for one in given for word in ("--times", one)]
        assert scored(capsys, model, table, folder / f"{i}", *options)[0] == 0
    first, *others = (pd.read_parquet(folder / f"{i}") for i in range(3))
    for other in others:
        pd.testing.assert_frame_equal(first, other)
    assert sum("0.1" in name for name in first) > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--times", "7,x"], "--times must be numbers separated by commas"),
        (["--csv-type", "id"], "--csv-type must be NAME=VALUE, got 'id'"),
        (["--on-error", "ignore"], "invalid choice: 'ignore'"),
        (["--batch-rows", "many"], "invalid int value: 'many'"),
    ],
)
def test_wrong_options_are_usage_errors(options, message, tmp_path, capsys):
    assert main(["score", "a.skmtl", "b.csv", str(tmp_path / "c"), *options]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--keep", "nope"], "no columns ['nope']"), (["--times", "3"], "no such task")],
    ids=["keep", "times"],
)
def test_options_that_do_not_suit_are_usage_errors(model, folder, options, message, capsys):
    code, _, err = scored(capsys, model, folder / "test.csv", folder / "s", *options)
    assert code == 2
    assert message in err
    assert not (folder / "s").exists()


def test_what_is_not_there_fails(model, folder, capsys):
    assert scored(capsys, folder / "none.skmtl", folder / "test.csv", folder / "s")[0] == 1
    code, answer, err = scored(capsys, model, folder / "none-*.csv", folder / "s")
    assert code == 1
    assert answer["error"] in err


@pytest.mark.slow
def test_the_module_is_the_command(model, folder):
    command = [sys.executable, "-m", "skmtl", "score", model, folder / "test.csv", folder / "s"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("40 rows of 1 file are in 1 file in ")


def test_formats_of_csv_files(folder, model, capsys):
    table = pd.read_csv(folder / "test.csv")
    text = table.to_csv(index=False, sep=";", decimal=",", na_rep="-")
    (folder / "other.csv").write_bytes(text.encode("utf-16"))
    options = ["--keep", "city", "--csv-delimiter", ";", "--csv-decimal", ","]
    options += ["--csv-encoding", "utf-16", "--csv-missing", "-", "--csv-missing", "NA"]
    code, _, err = scored(capsys, model, folder / "other.csv", folder / "s", *options)
    assert code == 0, err
    expected = skmtl.score_frame(skmtl.load(model), table, keep=["city"])
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "s"), expected, check_exact=True)
    code, _, err = scored(
        capsys, model, folder / "other.csv", folder / "t", "--csv-encoding", "utf-0"
    )
    assert code == 2 and "csv_encoding must be an encoding that Python has" in err
