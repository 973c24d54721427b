"""Missing and unknown cells of scored rows: counted in memory, in files, and by resumed jobs."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl.cli import main
from tests.files.cases import BOOSTING, NETWORK, table
from tests.scoring.conftest import EVERY

pytest.importorskip("pyarrow")


@pytest.fixture
def drifted():
    """500 rows of the models' table in which sizes, cities and colours are lost."""
    X, _ = table(500)
    r = np.random.default_rng(1)
    X["size"] = X["size"].mask(r.random(500) < 0.4)
    X["city"] = X["city"].where(r.random(500) < 0.7, "Atlantis")
    X["new"] = X["new"].astype("boolean").mask(r.random(500) < 0.1)
    return X


def counted(X, learnt):
    """The counts by hand."""
    known = {name: set(learnt[name].dropna()) for name in ("city", "colour")}
    missing = X.isna().sum()
    unknown = {name: (~X[name].isin(ok) & X[name].notna()).sum() for name, ok in known.items()}
    return missing.to_dict(), {name: unknown.get(name, 0) for name in X}


def assert_report(report, X, learnt):
    missing, unknown = counted(X, learnt)
    assert report.index.tolist() == X.columns.tolist()
    assert report["missing"].to_dict() == missing
    assert report["unknown"].to_dict() == unknown
    np.testing.assert_allclose(report["missing_share"], report["missing"] / len(X))
    np.testing.assert_allclose(report["unknown_share"], report["unknown"] / len(X))
    np.testing.assert_allclose(report["fit_missing_share"], learnt.isna().mean())
    assert (report["fit_unknown_share"] <= 1 / len(learnt)).all()


@pytest.mark.parametrize("batch_rows", [None, 7])
@pytest.mark.parametrize("name", ["rmtgb", "multitab"])
def test_a_frame_is_counted(name, drifted, batch_rows):
    X, Y = table()
    model = skmtl.RMTGB(**BOOSTING) if name == "rmtgb" else skmtl.MultiTab(**NETWORK)
    model.fit(X, Y[["price"]])
    scores, report = skmtl.score_frame(
        model, drifted[drifted.columns[::-1]], report=True, batch_rows=batch_rows
    )
    pd.testing.assert_frame_equal(scores, skmtl.score_frame(model, drifted))
    if name == "rmtgb":  # a network learns its columns from the rows that it trains on
        assert_report(report, drifted, X)
    else:
        missing, unknown = counted(drifted, X)
        assert report["missing"].to_dict() == missing
        assert report["unknown"].to_dict() == unknown


def score(model, tmp_path, name, **options):
    return skmtl.score_files(
        model, tmp_path / name, tmp_path / "out", part_rows=100, batch_rows=40, **options
    )


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_files_are_counted_also_by_jobs_that_go_on(case_of, drifted, tmp_path, kind):
    model, X = case_of("rmtgb")
    name = f"rows.{kind}"
    if kind == "csv":
        drifted.to_csv(tmp_path / name, index=False)
    else:
        drifted.to_parquet(tmp_path / name, row_group_size=100)
    first = score(model, tmp_path, name)
    assert_report(first.columns, drifted, X)
    assert first.lost is None
    (tmp_path / "out" / f"rows{'.csv' * (kind == 'csv')}-00002.parquet").unlink()
    for _ in range(2):
        again = score(model, tmp_path, name)
        pd.testing.assert_frame_equal(again.columns, first.columns)
    assert again.n_parts_before == 5


def test_rows_that_are_refused_are_not_counted(case_of, drifted, tmp_path):
    model, X = case_of("rmtgb")
    drifted.loc[[3, 250, 499], "size"] = np.inf
    drifted.to_parquet(tmp_path / "rows.parquet", row_group_size=100)
    for _ in range(2):
        report = score(model, tmp_path, "rows.parquet", on_error="quarantine")
        assert report.n_refused == 3
        assert_report(report.columns, drifted.drop(index=[3, 250, 499]), X)


def test_a_column_that_is_lost_is_named(case_of, drifted, tmp_path, capsys):
    model, _ = case_of("rmtgb")
    drifted["city"] = "Atlantis"
    drifted["age"] = np.nan
    drifted.to_parquet(tmp_path / "rows.parquet", row_group_size=100)
    report = score(model, tmp_path, "rows.parquet")
    assert "'city' holds unknown categories in all 500 rows" in report.lost
    assert "'age' is missing in all 500 rows" in report.lost
    with pytest.warns(UserWarning, match="'city' holds unknown categories in all 500 rows"):
        skmtl.score_frame(model, drifted, batch_rows=7)
    model.save(tmp_path / "m.skmtl")
    command = ["score", str(tmp_path / "m.skmtl"), str(tmp_path / "rows.parquet"), "--json"]
    assert main([*command, str(tmp_path / "json")]) == 0
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["columns"]["city"]["unknown"] == 500
    assert outcome["lost"] == report.lost
    assert main([*command[:-1], str(tmp_path / "text")]) == 0
    assert report.lost in capsys.readouterr().out


def test_a_part_without_a_value_is_no_reason_for_a_warning(case_of, tmp_path):
    model, _ = case_of("rmtgb")
    X, _ = table(500)
    X.loc[:200, "size"] = np.nan
    scores, report = skmtl.score_frame(model, X, batch_rows=50, report=True)
    assert len(scores) == 500 and report.loc["size", "missing"] == 201


@pytest.mark.parametrize("name", EVERY)
def test_every_model_counts_its_columns_or_says_that_it_does_not(case_of, name):
    model, X = case_of(name)
    scores, report = skmtl.score_frame(model, X, report=True)
    assert len(scores) == len(X)
    assert (report[["missing", "unknown"]] >= 0).all(axis=None)
    assert (report["missing_share"] + report["unknown_share"] <= 1).all()
    empty, nothing = skmtl.score_frame(model, X[:0], report=True)
    assert len(empty) == 0 and nothing is None
    assert empty.columns.tolist() == scores.columns.tolist()


def test_the_columns_of_arrays_have_the_names_of_the_file(tmp_path):
    r = np.random.default_rng(0)
    X = r.normal(size=(60, 2))
    model = skmtl.RMTGBRegressor(**BOOSTING).fit(X, X[:, 0])
    frame = pd.DataFrame(X, columns=["left", "right"])
    frame.loc[:9, "right"] = np.nan
    frame.to_parquet(tmp_path / "rows.parquet")
    report = score(model, tmp_path, "rows.parquet")
    assert report.columns["missing"].to_dict() == {"left": 0, "right": 10}
    _, by_frame = skmtl.score_frame(model, frame, report=True)
    pd.testing.assert_frame_equal(by_frame, report.columns)
