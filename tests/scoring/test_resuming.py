"""Interrupted jobs, and folders that are not empty."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl.scoring import ScoringError
from tests.files.cases import BOOSTING, table

pytest.importorskip("pyarrow")

ROOT = Path(__file__).parents[2]
REFUSED = [5, 850, 1499]  # rows with an infinity, by id


@pytest.fixture
def job(case_of, tmp_path):
    """Folders "killed" and "unharmed" with the same files to score, and the model."""
    X, _ = table(1500)
    X["id"] = np.arange(1500)
    X.loc[REFUSED, "size"] = np.inf
    folder = tmp_path / "killed"
    (folder / "in").mkdir(parents=True)
    X[:500].to_parquet(folder / "in" / "a.parquet", row_group_size=100)
    X[500:1000].to_csv(folder / "in" / "b.csv", index=False)
    X[1000:].to_parquet(folder / "in" / "c.parquet", row_group_size=100)
    case_of("rmtgb").model.save(folder / "model.skmtl")
    shutil.copytree(folder, tmp_path / "unharmed")
    return folder, X


def contents(out):
    """What lies in a folder, with the bytes; the record of the job names no time."""
    return {
        path.relative_to(out).as_posix(): pd.read_parquet(path)
        for path in sorted(out.rglob("*"))
        if path.is_file() and not path.name.startswith("_scoring.")
    }


def kill(folder, n_kills, *how):
    command = [sys.executable, "-m", "tests.scoring.killed", str(folder), str(n_kills), "0", *how]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def assert_complete(folder, X):
    out = folder / "out"
    found, expected = contents(out), contents(folder.with_name("unharmed") / "out")
    assert list(found) == list(expected)
    for name in expected:
        pd.testing.assert_frame_equal(found[name], expected[name], check_exact=True)
    scores, errors = pd.read_parquet(out), pd.read_parquet(out / "_errors")
    assert sorted(scores["id"].tolist() + errors["id"].tolist()) == X["id"].tolist()
    assert errors["id"].tolist() == REFUSED


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
@pytest.mark.slow
def test_a_job_that_is_killed_at_random_is_completed_by_the_next_run(job):
    folder, X = job
    assert kill(folder, 10) == 10
    assert_complete(folder, X)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
@pytest.mark.slow
def test_a_job_that_is_killed_around_renamings_is_completed_by_the_next_run(job):
    folder, X = job
    assert kill(folder, 6, "rename") == 6
    assert_complete(folder, X)


@pytest.fixture
def scored(case_of, houses, tmp_path):
    """The files of `houses`, scored once; calling it again scores once more."""
    model, _ = case_of("rmtgb")

    def again(model=model, inputs=tmp_path / "in", **options):
        return skmtl.score_files(model, inputs, tmp_path / "out", keep=["id"], **options)

    again()
    return again


def ids(tmp_path):
    return sorted(pd.read_parquet(tmp_path / "out")["id"] - 10**15)


def test_what_is_finished_is_left_alone(scored, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.parquet")}
    report = scored()
    assert (report.n_parts, report.n_parts_before, report.n_rows) == (2, 2, 500)
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.parquet")}
    assert before == after


def test_the_model_may_come_from_a_file_the_next_time(case_of, scored, tmp_path):
    case_of("rmtgb").model.save(tmp_path / "model.skmtl")
    assert scored(tmp_path / "model.skmtl").n_parts_before == 2


def test_a_file_that_is_new_is_scored_and_one_that_is_gone_keeps_its_scores(
    scored, houses, tmp_path
):
    houses[:50].assign(id=houses["id"][:50] + 1000).to_parquet(tmp_path / "in" / "c.parquet")
    (tmp_path / "in" / "a.parquet").unlink()
    report = scored()
    assert (report.n_parts, report.n_parts_before, report.n_rows) == (2, 1, 250)
    assert ids(tmp_path) == [*range(500), *range(1000, 1050)]


def test_a_file_that_has_changed_is_scored_once_more(scored, houses, tmp_path):
    scored(part_rows=150, overwrite=True)
    houses[:100].to_parquet(tmp_path / "in" / "a.parquet")  # one part instead of two
    report = scored(part_rows=150)
    assert (report.n_parts, report.n_parts_before) == (3, 2)
    assert ids(tmp_path) == [*range(100), *range(300, 500)]


def test_a_part_that_is_damaged_is_scored_once_more(scored, tmp_path):
    part = tmp_path / "out" / "a-00000.parquet"
    part.write_bytes(part.read_bytes()[:-100])
    assert scored().n_parts_before == 1
    assert ids(tmp_path) == list(range(500))


@pytest.mark.parametrize("place", [0.1, 0.5, 0.8])
def test_a_part_with_a_changed_byte_is_scored_once_more(scored, tmp_path, place):
    part = tmp_path / "out" / "a-00000.parquet"
    whole = part.read_bytes()
    at = int(place * (len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")))  # no footer
    part.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    assert scored(verify=False).n_parts_before == 2
    assert part.read_bytes() != whole
    assert scored().n_parts_before == 1
    assert part.read_bytes() == whole


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"PAR1")])
def test_a_part_whose_refused_rows_are_gone_is_scored_once_more(scored, houses, tmp_path, harm):
    houses.assign(size=np.inf)[:10].to_parquet(tmp_path / "in" / "a.parquet")
    assert scored(on_error="quarantine").n_refused == 10
    assert scored(on_error="quarantine").n_parts_before == 2
    harm(tmp_path / "out" / "_errors" / "a-00000.parquet")
    assert scored(on_error="quarantine").n_parts_before == 1
    assert len(pd.read_parquet(tmp_path / "out" / "_errors")) == 10


def test_a_part_that_is_deleted_is_scored_once_more(scored, tmp_path):
    (tmp_path / "out" / "a-00000.parquet").unlink()
    assert scored().n_parts_before == 1
    assert ids(tmp_path) == list(range(500))


def test_leftovers_of_a_killed_job_are_removed(scored, tmp_path):
    leftover = tmp_path / "out" / ".z-00000.parquet.part"
    leftover.write_bytes(b"half a fi")
    orphan = tmp_path / "out" / "_errors" / "z-00000.parquet"
    orphan.parent.mkdir()
    orphan.write_bytes((tmp_path / "out" / "a-00000.parquet").read_bytes())
    scored()
    assert not leftover.exists() and not orphan.exists()


@pytest.mark.parametrize(
    "options",
    [{"proba": False}, {"part_rows": 100}, {"csv_delimiter": ";"}],
    ids=lambda options: next(iter(options)),
)
def test_other_options_are_an_error_or_replace_everything(scored, tmp_path, options):
    with pytest.raises(ScoringError, match=f"another job, which differs in {next(iter(options))}"):
        scored(**options)
    assert scored(**options, overwrite=True).n_parts_before == 0
    assert ids(tmp_path) == list(range(500))


def test_another_model_is_an_error_or_replaces_everything(scored, tmp_path):
    X, Y = table()
    other = skmtl.RMTGB(**BOOSTING).fit(X, Y[["price"]])
    with pytest.raises(ScoringError, match="another job, which differs in model"):
        scored(other)
    scored(other, overwrite=True)
    columns = pd.read_parquet(tmp_path / "out").columns.tolist()
    assert columns == ["id", "price_prediction"]
    assert ids(tmp_path) == list(range(500))


def test_the_number_of_threads_may_change(case_of, scored):
    more = copy.deepcopy(case_of("rmtgb").model).set_params(n_jobs=2)
    assert scored(more).n_parts_before == 2


def test_the_size_of_batches_and_what_becomes_of_bad_rows_may_change(scored):
    assert scored(batch_rows=10, on_error="quarantine").n_parts_before == 2


def test_a_folder_with_something_else_is_left_alone(case_of, houses, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("precious")
    with pytest.raises(ScoringError, match=r"'thesis\.txt', which score_files did not write"):
        skmtl.score_files(case_of("rmtgb").model, tmp_path / "in", tmp_path / "out")


def test_another_file_of_the_same_name_does_not_replace_the_first(scored, houses, tmp_path):
    (tmp_path / "tuesday").mkdir()
    houses[:7].to_parquet(tmp_path / "tuesday" / "a.parquet")
    with pytest.raises(ScoringError, match=r"holds the scores of .*in/a\.parquet'"):
        scored(inputs=tmp_path / "tuesday")
    assert ids(tmp_path) == list(range(500))


def test_two_jobs_cannot_score_into_one_folder(scored, tmp_path):
    refused = []

    def second_job(_):
        with pytest.raises(
            ScoringError, match="Another process is currently scoring into"
        ) as refusal:
            scored()
        refused.append(refusal)

    (tmp_path / "out" / "a-00000.parquet").unlink()
    assert scored(progress=second_job).n_parts_before == 1
    assert refused
    assert scored().n_parts_before == 2


def test_a_process_that_was_killed_holds_no_lock(scored, tmp_path):
    code = (
        "import sys; from filelock import FileLock; "
        "lock = FileLock(sys.argv[1]); lock.acquire(); print('locked', flush=True); input()"
    )
    lock = tmp_path / "out" / "_scoring.lock"
    with subprocess.Popen(
        [sys.executable, "-c", code, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline().strip() == b"locked"
        with pytest.raises(ScoringError, match="Another process is currently scoring into"):
            scored()
        other.kill()
    assert scored().n_parts_before == 2


@pytest.mark.parametrize("content", ["{", "[]", "null", '"text"', "7", "", "[" * 10**5])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_damaged_record_is_named(scored, tmp_path, content, overwrite):
    (tmp_path / "out" / "_scoring.json").write_text(content)
    with pytest.raises(ScoringError, match=r"_scoring\.json' is damaged.* score into another"):
        scored(overwrite=overwrite)


def test_a_record_of_other_bytes_is_named(scored, tmp_path):
    (tmp_path / "out" / "_scoring.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(ScoringError, match=r"_scoring\.json' is damaged"):
        scored()


def harm(part):
    part.write_bytes(part.read_bytes()[:-100])


@pytest.mark.parametrize("hurt", [Path.unlink, harm], ids=["deleted", "damaged"])
@pytest.mark.parametrize("numbers", [[0], [4], [9], [3, 7], range(10)], ids=str)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_report_of_a_resumed_job_counts_every_part_once(
    case_of, tmp_path, hurt, numbers, kind
):
    X, _ = table(1000)
    X.loc[[5, 450, 999], "size"] = np.inf
    if kind == "csv":
        X.to_csv(tmp_path / "rows.csv", index=False)
    else:
        X.to_parquet(tmp_path / "rows.parquet", row_group_size=100)

    def score(watcher=False):
        return skmtl.score_files(
            case_of("rmtgb").model, tmp_path / f"rows.{kind}", tmp_path / "out", proba=False,
            part_rows=100, on_error="quarantine", progress=watcher,
        )  # fmt: skip

    score()
    parts = sorted((tmp_path / "out").glob("*.parquet"))
    times = {part: part.stat().st_mtime_ns for part in parts}
    for number in numbers:
        hurt(parts[number])
    progress = []
    report = score(progress.append)
    assert (report.n_parts, report.n_rows, report.n_refused) == (10, 1000, 3)
    kept = [part for part in parts if part.stat().st_mtime_ns == times[part]]
    assert report.n_parts_before == len(kept) < 10
    assert (progress[-1].n_rows, progress[-1].n_refused) == (1000, 3)
    assert max(step.n_rows for step in progress) == 1000
    assert len(pd.read_parquet(tmp_path / "out")) == 997
