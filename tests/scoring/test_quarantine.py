"""Rows that cannot be scored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skmtl
from skmtl.scoring import ScoringError
from tests.files.cases import BOOSTING
from tests.pandas_versions import IS_PANDAS_3

pytest.importorskip("pyarrow")
import pyarrow.parquet as pq


class Fussy(SimpleImputer):
    def transform(self, X):
        if (np.asarray(X)[:, 0] > 2.5).any():
            raise RuntimeError("too large for me")
        return super().transform(X)


def errors_of(report):
    return pd.read_parquet(report.errors)


@pytest.fixture
def damaged(houses, tmp_path):
    """The houses, of which three rows have an infinity, in ``in/a.parquet`` alone."""
    (tmp_path / "in" / "b.parquet").unlink()
    houses.loc[[7, 160, 499], "size"] = [np.inf, -np.inf, np.inf]
    houses.to_parquet(tmp_path / "in" / "a.parquet", row_group_size=150)
    return houses


def test_rows_with_infinities_are_set_aside_and_the_others_scored(case_of, damaged, tmp_path):
    model, _ = case_of("rmtgb")
    report = skmtl.score_files(
        model, tmp_path / "in", tmp_path / "out", keep=["id", "city"], on_error="quarantine",
        batch_rows=50, part_rows=150,
    )  # fmt: skip
    good = damaged.drop(index=[7, 160, 499])
    expected = skmtl.score_frame(model, good, keep=["id", "city"])
    scores = pd.read_parquet(tmp_path / "out")
    pd.testing.assert_frame_equal(scores, expected.reset_index(drop=True), check_exact=True)
    assert (report.n_rows, report.n_refused) == (500, 3)
    errors = errors_of(report)
    assert errors["error_row"].tolist() == [7, 160, 499]
    assert errors["id"].tolist() == damaged["id"].loc[[7, 160, 499]].tolist()
    assert errors["error_file"].tolist() == ["a.parquet"] * 3
    assert errors["error_reason"].unique().tolist() == ["Column 'size' holds infinity."]
    found = sorted(path.name for path in report.errors.iterdir())
    assert found == ["a-00000.parquet", "a-00001.parquet", "a-00003.parquet"]


def test_by_default_the_first_such_row_stops_the_job(case_of, damaged, tmp_path):
    model, _ = case_of("rmtgb")
    with pytest.raises(
        ScoringError, match=r"Row 160 .*a\.parquet' cannot be scored: .*'size' holds infinity"
    ):
        damaged["size"] = damaged["size"].where(damaged.index != 7, 0.0)
        damaged.to_parquet(tmp_path / "in" / "a.parquet", row_group_size=150)
        skmtl.score_files(model, tmp_path / "in", tmp_path / "out", part_rows=150, batch_rows=150)
    assert [path.name for path in (tmp_path / "out").glob("[!_]*")] == ["a-00000.parquet"]
    # What was finished is taken over.
    report = skmtl.score_files(
        model, tmp_path / "in", tmp_path / "out", part_rows=150, on_error="quarantine"
    )
    assert (report.n_parts_before, report.n_parts, report.n_refused) == (1, 4, 2)


def test_parts_with_refused_rows_are_not_finished_for_who_wants_none(case_of, damaged, tmp_path):
    model, _ = case_of("rmtgb")
    where = (model, tmp_path / "in", tmp_path / "out")
    skmtl.score_files(*where, on_error="quarantine")
    with pytest.raises(ScoringError, match="Row 7 "):
        skmtl.score_files(*where)
    assert skmtl.score_files(*where, on_error="quarantine").n_parts_before == 1


def test_rows_that_lose_their_fault_leave_the_errors(case_of, damaged, tmp_path):
    model, _ = case_of("rmtgb")
    where = (model, tmp_path / "in", tmp_path / "out")
    assert skmtl.score_files(*where, on_error="quarantine").n_refused == 3
    damaged.replace([np.inf, -np.inf], 0.0).to_parquet(tmp_path / "in" / "a.parquet")
    report = skmtl.score_files(*where, on_error="quarantine")
    assert report.n_refused == 0 and report.errors is None
    assert list((tmp_path / "out" / "_errors").iterdir()) == []
    assert len(pd.read_parquet(tmp_path / "out")) == 500


def test_task_ids_that_are_missing_or_unknown(case_of, tmp_path):
    _, X = case_of("rmtgb-long")
    y = X["size"]
    model = skmtl.RMTGBRegressor(task_column="shop", unseen="error", **BOOSTING).fit(X, y)
    X = X.assign(shop=X["shop"].astype("Int64"))
    X.loc[[3, 50], "shop"] = [None, 99]
    X.to_parquet(tmp_path / "rows.parquet")
    X.to_csv(tmp_path / "rows.csv", index=False)
    for file in ("rows.parquet", "rows.csv"):
        out = tmp_path / f"out-{file}"
        report = skmtl.score_files(model, tmp_path / file, out, on_error="quarantine")
        errors = errors_of(report)
        assert errors["error_row"].tolist() == [3, 50]
        assert errors["error_reason"][0] == "Column 'shop' holds no task id."
        assert "the task 99" in errors["error_reason"][1]
        assert len(pd.read_parquet(out)) == len(X) - 2


def test_rows_that_only_the_model_can_judge_are_found_one_by_one(case_of, houses, tmp_path):
    X = houses[["size"]]
    model = make_pipeline(Fussy(), skmtl.RMTGBRegressor(**BOOSTING)).fit(
        X[X["size"] < 2], X["size"][X["size"] < 2]
    )
    report = skmtl.score_files(
        model, tmp_path / "in", tmp_path / "out", keep=["id"], on_error="quarantine"
    )
    errors, bad = errors_of(report), X["size"] > 2.5
    assert 0 < bad.sum() == len(errors)
    assert errors["id"].tolist() == houses["id"][bad].tolist()
    assert errors["error_reason"].unique().tolist() == ["RuntimeError: too large for me"]
    scores = pd.read_parquet(tmp_path / "out")
    expected = skmtl.score_frame(model, houses[~bad], keep=["id"])
    pd.testing.assert_frame_equal(scores, expected.reset_index(drop=True), check_exact=True)


def test_a_fault_of_all_rows_is_no_fault_of_the_rows(case_of, tmp_path):
    model, _ = case_of("pipeline")
    rows = pd.DataFrame({"size": 1.0, "city": "Bern", "new": ["perhaps"] * 3000})
    rows["age"], rows["colour"] = 1, "red"
    rows.to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(ScoringError, match="refuses every row that was tried"):
        skmtl.score_files(model, tmp_path / "rows.parquet", tmp_path / "out",
                          on_error="quarantine")  # fmt: skip


def test_cells_of_a_csv_file_that_are_no_numbers(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    text = houses.assign(size=houses["size"].map(repr))
    text.loc[[0, 40, 41], "size"] = ["abc", " 1.5 ", "inf"]
    text.to_csv(tmp_path / "rows.csv", index=False)
    report = skmtl.score_files(
        model, tmp_path / "rows.csv", tmp_path / "out", keep=["id", "size"],
        on_error="quarantine", batch_rows=100, csv_types={"id": "int64"},
    )  # fmt: skip
    errors = errors_of(report)
    assert errors["error_row"].tolist() == [0, 41]
    assert errors["error_reason"].tolist() == [
        "Column 'size' holds 'abc', which is not a number.", "Column 'size' holds infinity.",
    ]  # fmt: skip
    houses.loc[40, "size"] = 1.5
    expected = skmtl.score_frame(model, houses.drop(index=[0, 41]), keep=["id", "size"])
    scores = pd.read_parquet(tmp_path / "out")
    # Before pandas 3, `to_numeric` may miss the last digit of a text.
    pd.testing.assert_frame_equal(
        scores, expected.reset_index(drop=True), check_exact=IS_PANDAS_3, rtol=1e-15
    )


def test_rows_of_a_csv_file_with_too_few_or_too_many_cells(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    houses.to_csv(tmp_path / "rows.csv", index=False)
    lines = (tmp_path / "rows.csv").read_text().splitlines()
    lines.insert(1, "1,2")  # row 0
    lines.insert(100, "a,b,c,d,e,f,g,h")  # row 99
    lines.insert(101, "")  # no row at all
    lines.append("last")  # row 502
    (tmp_path / "rows.csv").write_text("\n".join(lines))
    report = skmtl.score_files(
        model, tmp_path / "rows.csv", tmp_path / "out", keep=["id"], on_error="quarantine",
        batch_rows=30, part_rows=100, csv_types={"id": "int64"},
    )  # fmt: skip
    assert (report.n_rows, report.n_refused) == (503, 3)
    errors = errors_of(report)
    assert errors["error_row"].tolist() == [0, 99, 502]
    assert errors["id"].isna().all()
    assert errors["error_reason"][0] == "The row has 2 cells where the header has 6: '1,2'."
    expected = skmtl.score_frame(model, houses, keep=["id"])
    scores = pd.read_parquet(tmp_path / "out")
    pd.testing.assert_frame_equal(scores, expected.reset_index(drop=True), check_exact=True)
    ends = [
        pq.read_metadata(path).num_rows for path in sorted((tmp_path / "out").glob("*.parquet"))
    ]
    assert ends == [98, 100, 100, 100, 100, 2]


def test_text_of_a_csv_file_that_is_no_utf8(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    houses.to_csv(tmp_path / "rows.csv", index=False)
    lines = (tmp_path / "rows.csv").read_bytes().splitlines()
    lines[5] = lines[5].rsplit(b",", 1)[0] + b",Z\xfcrich"
    (tmp_path / "rows.csv").write_bytes(b"\n".join(lines) + b"\n")
    report = skmtl.score_files(
        model, tmp_path / "rows.csv", tmp_path / "out", on_error="quarantine"
    )
    errors = errors_of(report)
    assert errors["error_row"].tolist() == [4]
    assert "which is not UTF-8 text" in errors["error_reason"][0]


def test_a_kept_column_that_was_given_a_type_must_have_it(case_of, houses, tmp_path):
    model, _ = case_of("rmtgb")
    text = houses.astype({"id": "str"})
    text.loc[9, "id"] = "nine"
    text.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(ScoringError, match=r"Row 9 .*'id' holds 'nine', which is not int64"):
        skmtl.score_files(
            model, tmp_path / "rows.csv", tmp_path / "out", keep=["id"], csv_types={"id": "int64"}
        )


def test_nothing_is_looked_for_while_all_is_well(case_of, houses, tmp_path, monkeypatch):
    from skmtl.scoring._rows import RowScorer

    monkeypatch.setattr(RowScorer, "_suspects", None)
    model, _ = case_of("rmtgb")
    report = skmtl.score_files(model, tmp_path / "in", tmp_path / "out", on_error="quarantine")
    assert report.n_rows == 500


def test_a_full_disk_is_no_fault_of_the_rows(case_of, houses, tmp_path, monkeypatch):
    from skmtl.scoring._outputs import Outputs

    def full(self, X):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Outputs, "values", full)
    with pytest.raises(OSError, match="No space left"):
        skmtl.score_files(
            case_of("rmtgb").model, tmp_path / "in", tmp_path / "out", on_error="quarantine"
        )
    assert not list((tmp_path / "out").rglob("*.part"))


def test_a_model_that_cannot_be_known_again_is_refused(houses, tmp_path):
    X = houses[["size"]]
    model = make_pipeline(FunctionTransformer(lambda X: X), skmtl.RMTGBRegressor(**BOOSTING))
    with pytest.raises(TypeError, match=r"A Pipeline is identified by its pickle.*in a module"):
        skmtl.score_files(model.fit(X, X["size"]), tmp_path / "in", tmp_path / "out")
