"""However files are named, moved, linked or copied, every row is scored once."""

from __future__ import annotations

import json
import os
import random
import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import skmtl
from skmtl.scoring import ScoringError

pytest.importorskip("pyarrow")
import pyarrow as pa
import pyarrow.parquet as pq

from skmtl.scoring._storage import PartFile


@pytest.fixture
def score(case_of, houses, tmp_path):
    """Scores what it is given into "out", and returns the ids that are there afterwards."""
    model, _ = case_of("rmtgb")

    def scored(*inputs, out="out", **options):
        skmtl.score_files(model, list(inputs), tmp_path / out, keep=["id"], **options)
        scores = pd.read_parquet(tmp_path / out)
        return (scores["id"] - 10**15).tolist()

    return scored


def every(ids, n=500):
    return sorted(ids) == list(range(n))


def make_link(tmp_path, name, target):
    link = tmp_path / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(tmp_path / target)
    return link


NAMES = {
    "folder": "in",
    "pattern": "in/*.parquet",
    "pattern of everything": "in/*",
    "pattern through folders": "**/[ab].parquet",
    "upper folder": ".",
    "way up and down": "in/../in",
    "link": "link",
    "link in a folder": "links/in",
    "folder of links": "links",
    "absolute way up": "other/../in/*.parquet",
}


@pytest.fixture
def many_names(tmp_path, houses):
    for name in ("other", "sub"):
        (tmp_path / name).mkdir()
    make_link(tmp_path, "link", "in")
    make_link(tmp_path, "links/in", "in")
    make_link(tmp_path, "links/a.parquet", "in/a.parquet")
    os.link(tmp_path / "in" / "b.parquet", tmp_path / "in" / "c.parquet")
    make_link(tmp_path, "in/back", "in")


@pytest.mark.parametrize("second", NAMES.values(), ids=NAMES)
def test_a_file_is_known_by_any_of_its_names_in_the_next_call(score, tmp_path, many_names, second):
    assert every(score(tmp_path / "in"))
    assert every(score(tmp_path / second))
    files = [tmp_path / "in" / "b.parquet", tmp_path / "links" / "a.parquet"]
    shutil.rmtree(tmp_path / "out")
    assert every(score(tmp_path / second, tmp_path / "in", *files))


@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    calls=st.lists(
        st.lists(st.sampled_from(list(NAMES.values())), min_size=1, max_size=3),
        min_size=2,
        max_size=3,
    )
)
def test_any_names_in_any_calls(score, tmp_path, many_names, calls):
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    for inputs in calls:
        assert every(score(*(tmp_path / name for name in inputs)))


class History:
    """A folder of files that someone moves, swaps, rewrites and damages, and its scores."""

    def __init__(self, folder, seed):
        self.random = random.Random(seed)
        self.folder, self.out = folder / "files", folder / self.random.choice(["out", "files/out"])
        (self.folder / "sub").mkdir(parents=True)
        self.n_rows = 0
        for _ in range(3):
            self.write(self.name())

    def files(self):
        paths = [path for path in self.folder.rglob("*.parquet") if self.out not in path.parents]
        return sorted(paths)

    def name(self):
        return (
            self.folder / self.random.choice(["", "sub"]) / f"{self.random.choice('abc')}.parquet"
        )

    def write(self, path):
        n = self.random.choice([0, 1, 25])
        ids = np.arange(self.n_rows, self.n_rows + n)
        pd.DataFrame({"id": ids, "x": np.arange(n) * 1.0}).to_parquet(path, row_group_size=10)
        self.n_rows += n

    def happen(self):
        path, other = self.random.choice(self.files()), self.random.choice(self.files())
        parts = sorted(self.out.rglob("*.parquet"))
        match self.random.choice(["new", "move", "swap", "rewrite", "chmod", "lose"]):
            case "new":
                self.write(self.name())
            case "move":
                path.rename(self.name())
            case "swap" if path != other:
                aside = path.rename(self.folder / "aside")
                other.rename(path)
                aside.rename(other)
            case "rewrite":
                status = path.stat()
                self.write(path)
                os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
            case "chmod":
                path.chmod(0o600)
            case "lose" if parts:
                self.random.choice(parts).unlink()

    def names(self):
        every = [[self.folder], [f"{self.folder}/**"], self.files(), [self.folder / "sub" / ".."]]
        return self.random.choice(every)


@pytest.mark.parametrize("seed", range(3))
def test_after_any_history_every_row_is_there_once(tmp_path, seed):
    X = pd.DataFrame({"x": np.arange(60.0)})
    model = skmtl.RMTGBRegressor(n_rounds=2, n_bags=1, random_state=0).fit(X, X["x"])
    history = History(tmp_path, seed)
    for _ in range(6):
        history.happen()
        report = skmtl.score_files(model, history.names(), history.out, keep=["id"], part_rows=10)
        expected = [i for path in history.files() for i in pd.read_parquet(path)["id"]]
        scored = pd.read_parquet(history.out)["id"]
        assert scored.is_unique and set(expected) <= set(scored)
        assert report.n_rows == len(expected)


@pytest.mark.parametrize("out", ["in/sub/../out", "linked", "in/linked", "link/out", "in/out"])
def test_scores_within_the_input_by_another_name_are_no_input(score, tmp_path, out):
    (tmp_path / "in" / "sub").mkdir()
    (tmp_path / "in" / "deep" / "out").mkdir(parents=True)
    make_link(tmp_path, "linked", "in/deep/out")
    make_link(tmp_path, "in/linked", "in/deep/out")
    make_link(tmp_path, "link", "in")
    for inputs in ("in", "link", "in/**/*.parquet", "in/sub/.."):
        assert every(score(tmp_path / inputs, out=out))


def test_a_folder_that_matches_a_pattern_is_scored(score, houses, tmp_path):
    spark = tmp_path / "in" / "c.parquet"
    (spark / "_temporary").mkdir(parents=True)
    for part in range(2):
        rows = houses[part * 50 : part * 50 + 50]
        rows.assign(id=rows["id"] + 500).to_parquet(spark / f"part-{part}.snappy.parquet")
    (spark / "_SUCCESS").touch()
    (spark / "_temporary" / "x.parquet").touch()
    assert every(score(tmp_path / "in" / "*.parquet"), 600)
    assert every(score(tmp_path / "in"), 600)
    assert every(score(spark, out="alone") + list(range(500)), 600)


def test_a_folder_that_matches_as_a_table_and_holds_none_is_an_error(score, tmp_path):
    (tmp_path / "in" / "c.parquet").mkdir()
    (tmp_path / "in" / "c.parquet" / "000000_0").touch()
    with pytest.raises(FileNotFoundError, match=r"c\.parquet' has no Parquet or CSV file"):
        score(tmp_path / "in" / "*.parquet")


def test_a_link_that_leads_nowhere_is_an_error(score, tmp_path):
    make_link(tmp_path, "in/c.parquet", "gone.parquet")
    with pytest.raises(FileNotFoundError, match=r"There is no file .*c\.parquet'"):
        score(tmp_path / "in")


def test_a_file_that_was_moved_keeps_its_scores(score, tmp_path):
    score(tmp_path / "in", part_rows=150)
    parts = sorted((tmp_path / "out").glob("*.parquet"))
    times = [part.stat().st_mtime_ns for part in parts]
    (tmp_path / "in" / "done").mkdir()
    (tmp_path / "in" / "a.parquet").rename(tmp_path / "in" / "done" / "z.parquet")
    assert every(score(tmp_path / "in", part_rows=150))
    (tmp_path / "in").rename(tmp_path / "later")
    assert every(score(tmp_path / "later", part_rows=150))
    assert [part.stat().st_mtime_ns for part in parts] == times
    parts[1].unlink()
    for _ in range(2):
        assert every(score(tmp_path / "later", part_rows=150))
    assert sorted((tmp_path / "out").glob("*.parquet")) == parts


def write_of_one_size(rows, path, status=None):
    """Write a file whose size depends on the number of rows alone, with the time of another."""
    pq.write_table(pa.Table.from_pandas(rows), path, compression="none", use_dictionary=False)
    if status is not None:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert path.stat().st_size == status.st_size
    return path.stat()


@pytest.mark.parametrize("name", ["a.parquet", "new.parquet"])
def test_a_file_is_known_by_its_bytes_and_not_by_size_and_time(score, houses, tmp_path, name):
    path = tmp_path / "in" / "a.parquet"
    status = write_of_one_size(houses[:300], path)
    assert every(score(tmp_path / "in"))
    path.unlink()
    rows = houses[:300].assign(id=houses["id"][:300] + 10_000)
    write_of_one_size(rows, tmp_path / "in" / name, status)
    old = range(300) if name != "a.parquet" else []  # scores of files that are gone stay
    assert sorted(score(tmp_path / "in")) == [*old, *range(300, 500), *range(10_000, 10_300)]


def test_a_file_that_was_only_touched_by_the_system_keeps_its_scores(score, tmp_path):
    score(tmp_path / "in")
    part = tmp_path / "out" / "a-00000.parquet"
    before = part.stat().st_mtime_ns
    (tmp_path / "in" / "a.parquet").chmod(0o600)
    assert every(score(tmp_path / "in"))
    assert part.stat().st_mtime_ns == before


def test_whether_the_same_bytes_are_a_moved_file_or_a_new_one_is_not_guessed(score, tmp_path):
    score(tmp_path / "in")
    old = tmp_path / "in" / "a.parquet"
    (tmp_path / "in" / "z.parquet").write_bytes(old.read_bytes())
    old.unlink()
    with pytest.raises(ScoringError, match=r"z\.parquet' has the bytes of .*a\.parquet'.* time"):
        score(tmp_path / "in")
    (tmp_path / "out" / "a-00000.parquet").unlink()
    assert every(score(tmp_path / "in"))


def test_a_copy_beside_the_file_is_a_file(score, tmp_path):
    shutil.copy2(tmp_path / "in" / "b.parquet", tmp_path / "in" / "c.parquet")
    at_once = score(tmp_path / "in")
    assert sorted(at_once) == sorted([*range(500), *range(300, 500)])
    (tmp_path / "in" / "c.parquet").unlink()
    score(tmp_path / "in", out="later")
    shutil.copy2(tmp_path / "in" / "b.parquet", tmp_path / "in" / "c.parquet")
    assert sorted(score(tmp_path / "in", out="later")) == sorted(at_once)


def test_files_that_take_turns_under_a_name(score, houses, tmp_path):
    folder = tmp_path / "in"
    score(folder)
    (folder / "archive").mkdir()
    (folder / "a.parquet").rename(folder / "archive" / "monday.parquet")
    new = houses[:300].assign(id=houses["id"][:300] + 500)
    new.to_parquet(folder / "a.parquet")
    assert every(score(folder), 800)
    swapped = folder / "swapped"
    (folder / "a.parquet").rename(swapped)
    (folder / "b.parquet").rename(folder / "a.parquet")
    swapped.rename(folder / "b.parquet")
    assert every(score(folder), 800)


def test_the_archive_alone_keeps_the_scores_of_what_was_moved_there(score, houses, tmp_path):
    folder = tmp_path / "in"
    score(folder)
    (tmp_path / "archive").mkdir()
    (folder / "a.parquet").rename(tmp_path / "archive" / "monday.parquet")
    houses[:300].assign(id=houses["id"][:300] + 500).to_parquet(folder / "a.parquet")
    assert every(score(tmp_path / "archive"))
    assert every(score(folder, tmp_path / "archive"), 800)


def test_files_without_rows_are_never_moved_files(score, houses, tmp_path):
    houses[:0].to_parquet(tmp_path / "in" / "c.parquet")
    score(tmp_path / "in")
    (tmp_path / "in" / "c.parquet").unlink()
    houses[:0].to_parquet(tmp_path / "in" / "d.parquet")
    assert every(score(tmp_path / "in"))
    assert (tmp_path / "out" / "d-00000.parquet").exists()
    (tmp_path / "in").rename(tmp_path / "later")
    assert every(score(tmp_path / "later"))


def test_a_damaged_part_of_a_file_that_is_gone_is_named_when_all_others_are_scored(
    score, houses, tmp_path
):
    score(tmp_path / "in")
    part = tmp_path / "out" / "a-00000.parquet"
    part.write_bytes(part.read_bytes()[:-9])
    (tmp_path / "in" / "a.parquet").unlink()
    houses[:50].assign(id=houses["id"][:50] + 500).to_parquet(tmp_path / "in" / "c.parquet")
    with pytest.raises(ScoringError, match=r"a-00000\.parquet' is damaged, and the file"):
        score(tmp_path / "in")
    part.unlink()
    assert sorted(score(tmp_path / "in")) == [*range(300, 550)]


@pytest.mark.parametrize("place", ["out/copy.parquet", "out/backup/a-00000.parquet"])
def test_a_copied_part_is_refused(score, tmp_path, place):
    score(tmp_path / "in")
    (tmp_path / place).parent.mkdir(exist_ok=True)
    shutil.copy(tmp_path / "out" / "a-00000.parquet", tmp_path / place)
    with pytest.raises(ScoringError, match=r"is a copy of a part.*It belongs at .*a-00000"):
        score(tmp_path / "in")


def test_a_part_of_another_job_that_was_copied_here_is_refused(score, houses, tmp_path):
    score(tmp_path / "in")
    (tmp_path / "other").mkdir()
    houses.to_parquet(tmp_path / "other" / "z.parquet")
    score(tmp_path / "other", out="scores", proba=False)
    shutil.copy(tmp_path / "scores" / "z-00000.parquet", tmp_path / "out")
    with pytest.raises(ScoringError, match=r"z-00000\.parquet' holds scores of another model"):
        score(tmp_path / "in")


def test_scores_among_the_files_to_score_are_refused(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    keep = [*houses.columns]
    skmtl.score_files(model, tmp_path / "in", tmp_path / "in" / "out", keep=keep)
    with pytest.raises(ScoringError, match=r"has scores of .*a\.parquet'.*Remove it"):
        skmtl.score_files(model, tmp_path / "in", tmp_path / "in" / "second", keep=["id"])
    shutil.move(tmp_path / "in" / "out", tmp_path / "out")
    shutil.copy(tmp_path / "out" / "a-00000.parquet", tmp_path / "in" / "copy.parquet")
    (tmp_path / "in" / "a.parquet").unlink()
    with pytest.raises(ScoringError, match=r"copy\.parquet' has scores of"):
        skmtl.score_files(model, tmp_path / "in", tmp_path / "out", keep=keep)


def test_the_scores_of_one_model_may_be_scored_by_another(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    keep = [*houses.columns]
    skmtl.score_files(model, tmp_path / "in", tmp_path / "first", keep=keep)
    report = skmtl.score_files(model, tmp_path / "first", tmp_path / "out", keep=["id"])
    assert report.n_rows == 500


def test_scores_of_an_earlier_version_are_known_by_their_path(score, tmp_path):
    score(tmp_path / "in")
    before = {}
    for part in (tmp_path / "out").glob("*.parquet"):
        without_new_fields(part)
        before[part] = part.stat().st_mtime_ns
    assert every(score(tmp_path / "in" / "*.parquet"))
    (tmp_path / "in").rename(tmp_path / "later")
    assert every(score(tmp_path / "later", verify=False))
    assert {part: part.stat().st_mtime_ns for part in before} == before


def without_new_fields(part):
    """Rewrite a part as it was written before files were known by their content."""
    table = pq.read_table(part)
    fields = json.loads(pq.read_metadata(part).metadata[b"skmtl.scoring"])
    del fields["ctime_ns"], fields["sha256"]
    writer = PartFile(part, table.schema)
    writer.write(table)
    fields["written"] = list(writer.written)
    writer.publish({b"skmtl.scoring": json.dumps(fields).encode()})
