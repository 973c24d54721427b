"""Forecasters in files, scoring, threads and other formats."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import skmtl
from skmtl.export import to_onnx
from skmtl.files import ModelFileError
from skmtl.timeseries import Forecaster, make_features
from tests.timeseries.panels import shops
from tests.timeseries.test_forecaster import days_after, forecaster


@pytest.fixture(scope="module")
def panel():
    X, Y = shops()
    return X, Y.assign(busy=Y["visits"] > Y["visits"].median())


@pytest.fixture(scope="module")
def fitted(panel) -> Forecaster:
    return forecaster(conformal=0.8).fit(*panel)


def test_a_frame_is_scored_in_parts_as_predict_does(fitted, panel):
    X_next = days_after(panel[0], 7).assign(note="x")[::-1]
    scores = skmtl.score_frame(fitted, X_next, keep=["note"], batch_rows=5)
    predicted = fitted.predict(X_next.drop(columns="note"))
    np.testing.assert_array_equal(scores["sales_prediction"], predicted["sales"])
    quantiles = fitted.predict_quantiles(X_next.drop(columns="note"))
    np.testing.assert_array_equal(scores["sales_quantile_0.1"], quantiles["sales", 0.1])
    assert scores.index.equals(X_next.index)


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_files_are_scored_as_predict_does(fitted, panel, tmp_path, form):
    X_next = days_after(panel[0], 7).drop(columns="rain").assign(rain=np.nan)
    write = X_next.to_parquet if form == "parquet" else X_next.to_csv
    write(tmp_path / f"next.{form}", index=False)
    fitted.save(tmp_path / "model.skmtl")
    report = skmtl.score_files(
        tmp_path / "model.skmtl", tmp_path / f"next.{form}", tmp_path / "out",
        keep=["shop", "day"], batch_rows=5,
    )  # fmt: skip
    assert report.n_rows == 28
    scores = pd.read_parquet(tmp_path / "out")
    np.testing.assert_array_equal(scores["sales_prediction"], fitted.predict(X_next)["sales"])
    again = skmtl.score_files(
        fitted, tmp_path / f"next.{form}", tmp_path / "out", keep=["shop", "day"], batch_rows=5
    )
    assert again.n_parts == again.n_parts_before == 1


def test_periods_are_read_from_files(panel, tmp_path):
    X, Y = panel
    X = X.assign(day=X["day"].dt.to_period("D"))
    forecaster(max_examples=200).fit(X, Y).save(tmp_path / "model.skmtl")
    X_next = days_after(panel[0], 2).assign(day=lambda frame: frame["day"].dt.to_period("D"))
    X_next.to_parquet(tmp_path / "next.parquet")
    # In a process of its own, where nothing has read periods before.
    call = f"""import skmtl
skmtl.score_files({str(tmp_path / "model.skmtl")!r}, {str(tmp_path / "next.parquet")!r},
                  {str(tmp_path / "out")!r}, keep=["day"])"""
    subprocess.run([sys.executable, "-c", call], check=True)
    scores = pd.read_parquet(tmp_path / "out")
    expected = skmtl.load(tmp_path / "model.skmtl").predict(X_next)
    np.testing.assert_array_equal(scores["sales_prediction"], expected["sales"])
    assert scores["day"].tolist() == X_next["day"].tolist()


def test_rows_beyond_the_horizon_are_set_aside(fitted, panel, tmp_path):
    days_after(panel[0], 8).to_parquet(tmp_path / "next.parquet")
    report = skmtl.score_files(
        fitted, tmp_path / "next.parquet", tmp_path / "out", on_error="quarantine"
    )
    assert (report.n_rows, report.n_refused) == (32, 4)
    reasons = pd.read_parquet(report.errors)["error_reason"]
    assert reasons.str.contains("more than horizon=7 steps").all()


def test_files_are_refused_where_the_rows_of_a_series_belong_together(panel, tmp_path):
    X, Y = panel
    model = forecaster(steps="tasks", horizon=2).fit(X, Y[["sales"]])
    X_next = days_after(X, 2)
    X_next.to_parquet(tmp_path / "next.parquet")
    with pytest.raises(ValueError, match="with all rows of a series"):
        skmtl.score_files(model, tmp_path / "next.parquet", tmp_path / "out")
    scores = skmtl.score_frame(model, X_next, batch_rows=3)
    np.testing.assert_array_equal(scores["sales_prediction"], model.predict(X_next)["sales"])


def test_past_columns_need_not_be_there(fitted, panel):
    X_next = days_after(panel[0], 7)
    pd.testing.assert_frame_equal(
        fitted.predict(X_next.drop(columns="rain")), fitted.predict(X_next)
    )
    with pytest.raises(ValueError, match="no column 'promotion'"):
        fitted.predict(X_next.drop(columns="promotion"))


def test_times_may_be_iso_text_as_csv_files_have_it(fitted, panel):
    X_next = days_after(panel[0], 2)
    as_text = X_next.assign(day=X_next["day"].dt.strftime("%Y-%m-%d"))
    pd.testing.assert_frame_equal(fitted.predict(as_text), fitted.predict(X_next))
    with pytest.raises(ValueError, match="ISO 8601"):
        fitted.predict(X_next.assign(day=X_next["day"].dt.strftime("%d/%m/%Y")))


def test_without_history_the_file_is_small_and_each_question_brings_its_own(panel, tmp_path):
    X, Y = panel
    whole, without = forecaster().fit(X, Y), forecaster(keep_history=False).fit(X, Y)
    X_next = days_after(X, 7)
    whole.save(tmp_path / "whole.skmtl")
    without.save(tmp_path / "without.skmtl")
    sizes = [(tmp_path / f"{name}.skmtl").stat().st_size for name in ("whole", "without")]
    assert sizes[1] < sizes[0]
    loaded = skmtl.load(tmp_path / "without.skmtl")
    with pytest.raises(ValueError, match="keep_history=False"):
        loaded.predict(X_next)
    with pytest.raises(ValueError, match="keep_history=False"):
        loaded.score(X, Y)
    expected = whole.predict(X_next)
    pd.testing.assert_frame_equal(loaded.predict(X_next, history=(X, Y)), expected)
    pd.testing.assert_frame_equal(loaded.update(X, Y).predict(X_next), expected)


@pytest.mark.parametrize("way", ["pickle", "joblib", "deepcopy"])
def test_copies_forecast_the_same(fitted, panel, tmp_path, way):
    if way == "pickle":
        copied = pickle.loads(pickle.dumps(fitted))
    elif way == "deepcopy":
        copied = copy.deepcopy(fitted)
    else:
        joblib.dump(fitted, tmp_path / "model.joblib")
        copied = joblib.load(tmp_path / "model.joblib")
    X_next = days_after(panel[0], 7)
    pd.testing.assert_frame_equal(copied.predict(X_next), fitted.predict(X_next))


def test_many_threads_read_one_forecaster(fitted, panel):
    X_next = days_after(panel[0], 7)
    expected = fitted.predict(X_next)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(fitted.predict, [X_next] * 8):
            pd.testing.assert_frame_equal(found, expected)


def test_a_file_whose_parts_do_not_suit_each_other_is_refused(fitted, tmp_path):
    other = copy.copy(fitted)
    plan = fitted._recipe.plan
    plan = type(plan)(plan.lags[:1], plan.windows, plan.columns, plan.categories, plan.calendar)
    other._recipe = copy.copy(fitted._recipe)
    object.__setattr__(other._recipe, "plan", plan)
    other.save(tmp_path / "model.skmtl")
    with pytest.raises(ModelFileError):
        skmtl.load(tmp_path / "model.skmtl")


def test_the_header_says_what_is_read_and_forecast(fitted):
    schema = fitted.__skmtl_fitted__().schema()
    assert schema["features"][:3] == [
        {"name": "shop", "kind": "id"},
        {"name": "day", "kind": "time"},
        {"name": "promotion", "kind": "known"},
    ]
    assert schema["tasks"][2] == {"name": "busy", "kind": "binary", "classes": [False, True]}
    assert fitted.n_features_in_ == 5
    assert fitted.feature_names_in_.tolist() == ["shop", "day", "promotion", "rain", "size"]
    assert not hasattr(clone(fitted), "feature_names_in_")


def test_the_model_within_is_an_onnx_graph(panel):
    runtime = pytest.importorskip("onnxruntime")
    X, Y = panel
    model = forecaster().fit(X, Y[["sales"]])
    with pytest.raises(TypeError, match="Of a Forecaster take its estimator_"):
        to_onnx(model)
    features = make_features(X, Y[["sales"]], pd.Timestamp("2024-02-20"), model)
    graph = runtime.InferenceSession(to_onnx(model.estimator_).SerializeToString())
    inputs = {
        entry.name: features[entry.name].to_numpy(np.float64) for entry in graph.get_inputs()
    }
    (found,) = graph.run(["sales"], inputs)
    expected = model.estimator_.predict(features)["sales"]
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-4, atol=1e-5)
