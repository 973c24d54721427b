"""A kind from outside of skmtl, that of tests/tasks/gamma.py, has all that those of skmtl have."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, KFold, cross_validate

import skmtl
from skmtl import RMTGB, GroupedTasks, MultiTab
from skmtl.export import to_onnx
from skmtl.inspection import task_affinity, transfer_report
from skmtl.metrics import make_multitask_scorer, task_scorers
from skmtl.model_selection import MultiTaskStratifiedKFold
from tests.extending.network import SharedBottom
from tests.extending.ridge import Ridge
from tests.tasks.gamma import Gamma  # registers the kind

KINDS = {"cost": "gamma", "claims": "gamma"}
MODELS = {
    "network": MultiTab(
        tasks=KINDS, max_epochs=12, row_size=8, n_members=1, n_bags=1, random_state=0
    ),
    "boosting": RMTGB(tasks=KINDS, n_rounds=40, n_bags=1, blocks=("shared",), random_state=0),
    "outside": SharedBottom(
        tasks=KINDS, max_epochs=25, learning_rate=0.02, n_bags=1, random_state=0
    ),
}


@pytest.fixture(params=MODELS)
def model(request):
    return MODELS[request.param]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(150, 2)), columns=["a", "b"])
    cost = rng.gamma(20.0, np.exp(X["a"]) * 50.0)
    claims = rng.gamma(20.0, np.exp(X["a"] / 2 + X["b"] / 2))
    Y = pd.DataFrame({"cost": cost, "claims": claims, "big": cost > 1000})
    Y.loc[:30, "claims"] = None
    return X, Y


def test_it_is_fitted_and_scored(model, data):
    X, Y = data
    fitted = model.fit(X, Y)
    assert fitted.task_kinds_ == KINDS | {"big": "binary"}
    assert (fitted.predict(X)[["cost", "claims"]] > 0).all(axis=None)
    assert (fitted.score_tasks(X, Y) > 0.3).all()
    assert np.isfinite(fitted.score(X, Y))


def test_searches_and_scorers_take_it(model, data):
    X, Y = data
    folds = MultiTaskStratifiedKFold(2, shuffle=True, random_state=0)
    search = GridSearchCV(model, {"learning_rate": [0.01, 0.05]}, cv=folds).fit(X, Y)
    assert np.isfinite(search.best_score_)
    metric = {"cost": "neg_mean_absolute_error", "claims": "d2_absolute_error_score"}
    for scorer in (make_multitask_scorer(metric), task_scorers(metric)):
        scores = cross_validate(model, X, Y, cv=KFold(2), scoring=scorer, error_score="raise")
        assert all(np.isfinite(values).all() for values in scores.values())


def test_groups_and_reports_take_it(model, data):
    X, Y = data
    grouped = GroupedTasks(model, groups=[["cost", "claims"], ["big"]], random_state=0)
    assert (grouped.fit(X, Y).score_tasks(X, Y) > 0.2).all()
    report = transfer_report(model, X, Y, cv=2, n_repeats=1, lightgbm=False, random_state=0)
    assert report.table.loc["cost", "kind"] == "gamma"
    assert np.isfinite(report.table["joint"]).all()
    affinity = task_affinity(model, X, Y, cv=2, random_state=0)
    assert affinity.affinity.index.tolist() == list(Y)


def test_lightgbm_stands_beside_tasks_of_other_kinds_in_a_report(data):
    X, Y = data
    report = transfer_report(MODELS["boosting"], X, Y, cv=2, random_state=0)
    assert report.table["lightgbm"].notna().tolist() == [False, False, True]


def test_files_and_frames_are_scored_by_a_model_from_a_file(model, data, tmp_path):
    X, Y = data
    fitted = model.fit(X, Y)
    fitted.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    assert isinstance(loaded.task_set_.by_name["cost"], Gamma)
    expected = fitted.predict(X)
    pd.testing.assert_frame_equal(loaded.predict(X), expected)
    framed = skmtl.score_frame(loaded, X)
    np.testing.assert_array_equal(framed["cost_prediction"], expected["cost"])
    X.to_parquet(tmp_path / "rows.parquet")
    skmtl.score_files(tmp_path / "model.skmtl", tmp_path / "rows.parquet", tmp_path / "scores")
    scored = pd.read_parquet(tmp_path / "scores")
    np.testing.assert_allclose(scored["claims_prediction"], expected["claims"], rtol=1e-6)


def test_long_data_take_it(data):
    X, Y = data
    X = X.assign(region=np.arange(len(X)) % 3)
    for model in (MODELS["boosting"], MODELS["outside"]):
        settings = {"task_column": "region", "tasks": "gamma"}
        if model is MODELS["boosting"]:
            settings["blocks"] = ("shared", "task")
        fitted = model.__class__(**model.get_params() | settings).fit(X, Y[["cost"]])
        assert (fitted.predict(X)["cost"] > 0).all()
        assert fitted.score(X, Y[["cost"]]) > 0.3


@pytest.mark.parametrize("name", ["network", "boosting"])
def test_it_has_no_graph(name, data):
    with pytest.raises(TypeError, match=r"Task 'cost' has a custom kind, Gamma"):
        to_onnx(MODELS[name].fit(*data))


def test_an_engine_may_refuse_it(data):
    X, Y = data
    with pytest.raises(ValueError, match=r"Task 'cost' is Gamma\(\)"):
        Ridge(tasks="gamma").fit(X, Y[["cost"]])
