"""Files that change while they are read."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl.scoring import ScoringError

pytest.importorskip("pyarrow")
import pyarrow as pa
import pyarrow.parquet as pq


def write(rows, path):
    if path.suffix == ".csv":
        rows.to_csv(path, index=False)
    else:  # so that the size depends on the number of rows alone
        pq.write_table(
            pa.Table.from_pandas(rows), path, row_group_size=50, compression="none",
            use_dictionary=False,
        )  # fmt: skip


def rewritten(rows, path):
    write(rows, path)


def replaced(rows, path):
    beside = path.with_name(f"beside{path.suffix}")
    write(rows, beside)
    beside.replace(path)


def rewritten_and_set_back(rows, path):
    status = path.stat()
    write(rows, path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replaced_and_set_back(rows, path):
    status = path.stat()
    replaced(rows, path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def removed(rows, path):
    path.unlink()


def moved_away(rows, path):
    path.rename(path.with_name("elsewhere"))
    write(rows, path)


def grown(rows, path):
    with open(path, "ab") as stream:
        stream.write(path.read_bytes()[-60:])


def cut(rows, path):
    os.truncate(path, path.stat().st_size // 2)


CHANGES = [
    rewritten, replaced, rewritten_and_set_back, replaced_and_set_back, removed, moved_away, grown,
    cut,
]  # fmt: skip


@pytest.fixture
def rows(houses):
    return houses.assign(id=np.arange(500) + 100_000)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("at", [1, 4])
def test_the_part_is_refused_and_the_next_run_has_the_new_file(
    case_of, rows, tmp_path, change, kind, at
):
    path = tmp_path / f"rows.{kind}"
    new = rows.assign(id=rows["id"] + 100_000)
    write(rows, path)
    calls = []

    def changing(_):
        calls.append(None)
        if len(calls) == at:
            change(new, path)

    def score(progress=False):
        return skmtl.score_files(
            case_of("rmtgb").model, path, tmp_path / "out", keep=["id"], part_rows=100,
            batch_rows=50, csv_types={"id": "int64"} if kind == "csv" else None, progress=progress,
        )  # fmt: skip

    with pytest.raises(ScoringError, match=r"was changed, replaced or removed while it was"):
        score(changing)
    scored = [pd.read_parquet(part)["id"] for part in sorted((tmp_path / "out").glob("*.parquet"))]
    expected = rows["id"][: (at - 1) // 2 * 100].tolist()
    assert pd.concat([pd.Series(dtype="int64"), *scored]).tolist() == expected
    write(new, path)
    assert score().n_rows == 500
    assert pd.read_parquet(tmp_path / "out")["id"].tolist() == new["id"].tolist()


def test_a_file_that_changed_between_the_plan_and_its_turn_is_refused(case_of, rows, tmp_path):
    (tmp_path / "files").mkdir()
    for name in "ab":
        write(rows, tmp_path / "files" / f"{name}.parquet")

    def changing(_):
        replaced_and_set_back(rows.assign(id=0), tmp_path / "files" / "b.parquet")

    with pytest.raises(ScoringError, match=r"b\.parquet' was changed"):
        skmtl.score_files(
            case_of("rmtgb").model, tmp_path / "files", tmp_path / "out", progress=changing
        )
    assert [path.name for path in (tmp_path / "out").glob("*.parquet")] == ["a-00000.parquet"]
