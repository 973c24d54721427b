"""A single block of R-MTGB is plain LightGBM: on all rows, or on those of each task."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

N = 400
ROUNDS = 12
# What the reference is told; the estimator is told the same in its own words.
LIGHTGBM = {
    "learning_rate": 0.2,
    "num_leaves": 7,
    "min_data_in_leaf": 10,
    "lambda_l2": 0.5,
    "max_bin": 63,
    "feature_pre_filter": False,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
OURS = {
    "n_rounds": ROUNDS,
    "learning_rate": 0.2,
    "num_leaves": 7,
    "min_data_in_leaf": 10,
    "lightgbm_params": {"lambda_l2": 0.5, "max_bin": 63},
    "early_stopping": False,
}
SHOPS = ["east", "north", "south"]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(N, 3)), columns=["a", "b", "c"])
    X["b"] = X["b"].mask(rng.random(N) < 0.1)
    X["shop"] = rng.choice(SHOPS, N)
    slope = X["shop"].map({"east": 1.0, "north": 2.0, "south": -1.0})
    y = 5 + 3 * (slope * X["a"] + np.sin(3 * X["c"]) + X["shop"].map(len) / 4)
    return X, y + rng.normal(size=N)


def reference(X, target, start, objective, **parameters):
    """Raw scores of LightGBM from a start per row, and its trees."""
    data = lgb.Dataset(X, target, init_score=start, params=LIGHTGBM)
    booster = lgb.train({**LIGHTGBM, "objective": objective, **parameters}, data, ROUNDS)
    return start + booster.predict(X, raw_score=True), booster


def n_leaves(booster):
    return [tree["num_leaves"] for tree in booster.dump_model()["tree_info"]]


@pytest.mark.parametrize("task", [None, "shop"], ids=["one task", "long"])
def test_the_shared_block_of_a_regression(task, data, boosted):
    X, y = data
    X = X if task else X.drop(columns="shop")
    model = boosted.regressor(task_column=task, blocks=("shared",), **OURS).fit(X, y)
    centre, scale = y.mean(), y.std(ddof=0)
    start = (model.contributions(X)["intercept"].to_numpy() - centre) / scale
    features = X[["a", "b", "c"]].to_numpy()
    scores, booster = reference(features, (y - centre) / scale, start, "regression")
    np.testing.assert_allclose(model.predict(X), centre + scale * scores, rtol=1e-6)
    assert model.n_rounds_["shared"].tolist() == [booster.num_trees()]
    assert len(set(start.round(9))) == (3 if task else 1)


@pytest.mark.parametrize("task", [None, "shop"], ids=["one task", "long"])
def test_the_shared_block_of_a_binary_task(task, data, boosted):
    X, y = data
    sold = np.where(y > 6, "yes", "no")
    X = X if task else X.drop(columns="shop")
    model = boosted.classifier(task_column=task, blocks=("shared",), **OURS).fit(X, sold)
    start = model.contributions(X)["intercept"].to_numpy()
    features = X[["a", "b", "c"]].to_numpy()
    scores, _ = reference(features, sold == "yes", start, "binary")
    expected = 1 / (1 + np.exp(-scores))
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], expected, rtol=1e-6)
    parts = model.contributions(X)
    np.testing.assert_allclose(parts["shared"], scores - start, rtol=1e-5, atol=1e-7)


def test_the_shared_block_of_classes(data, boosted):
    X, y = data
    X, grade = X.drop(columns="shop"), np.digitize(y, [3, 8])
    settings = OURS | {"lightgbm_params": {"max_bin": 63}}
    model = boosted.classifier(blocks=("shared",), **settings).fit(X, grade)
    start = model.contributions(X).xs("intercept", axis=1, level="part").to_numpy()
    # LightGBM's Hessian is 3 / 2 of the true one for three classes, which a rate as much higher
    # makes up for where no penalty stands beside it.
    own = {**LIGHTGBM, "lambda_l2": 0.0, "learning_rate": 0.3}
    data = lgb.Dataset(X.to_numpy(), grade, init_score=start.ravel("F"), params=own)
    booster = lgb.train({**own, "objective": "multiclass", "num_class": 3}, data, ROUNDS)
    scores = start + booster.predict(X.to_numpy(), raw_score=True)
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-5)


def test_the_shared_trees_and_their_splits_are_those_of_lightgbm(data, boosted):
    X, y = data
    features = X[["a", "b", "c"]]
    model = boosted.regressor(blocks=("shared",), **OURS).fit(features, y)
    centre, scale = y.mean(), y.std(ddof=0)
    _, booster = reference(features.to_numpy(), (y - centre) / scale, np.zeros(N), "regression")
    gains = booster.feature_importance("gain")
    np.testing.assert_allclose(model.feature_importances_, gains / gains.sum(), rtol=1e-5)
    stages = list(model.staged_predict(features))
    assert len(stages) == 1 + booster.num_trees()
    for rounds in (1, 5, ROUNDS):
        expected = booster.predict(features.to_numpy(), num_iteration=rounds)
        np.testing.assert_allclose(stages[rounds], centre + scale * expected, rtol=1e-6)
        # As many leaves have as many different values.
    first = np.unique(stages[1].round(9))
    assert len(first) == n_leaves(booster)[0]


def test_categories_are_those_of_lightgbm(data, boosted):
    X, y = data
    X = X[["a", "shop"]]
    params = {"min_data_per_group": 1, **OURS["lightgbm_params"]}
    settings = OURS | {"lightgbm_params": params}
    model = boosted.regressor(blocks=("shared",), **settings).fit(X, y)
    centre, scale = y.mean(), y.std(ddof=0)
    codes = X.assign(shop=pd.Categorical(X["shop"], categories=SHOPS))
    own = {**LIGHTGBM, "min_data_per_group": 1}
    data = lgb.Dataset(codes, (y - centre) / scale, params=own)
    booster = lgb.train({**own, "boost_from_average": False}, data, ROUNDS)
    np.testing.assert_allclose(
        model.predict(X), centre + scale * booster.predict(codes), rtol=1e-6
    )


@pytest.mark.parametrize("kind", ["regression", "binary"])
def test_the_task_block_is_a_model_per_task_of_long_data(kind, data, boosted):
    X, y = data
    if kind == "binary":
        target, centre, scale = (y > 6).to_numpy(), 0.0, 1.0
        model = boosted.classifier(task_column="shop", blocks=("task",), **OURS).fit(X, target)
    else:
        centre, scale = y.mean(), y.std(ddof=0)
        target = ((y - centre) / scale).to_numpy()
        model = boosted.regressor(task_column="shop", blocks=("task",), **OURS).fit(X, y)
    parts = model.contributions(X)
    start = (parts["intercept"].to_numpy() - centre) / scale
    features = X[["a", "b", "c"]].to_numpy()
    # The bins are those of all rows.
    pooled = lgb.Dataset(features, target, init_score=start, params=LIGHTGBM).construct()
    for shop in SHOPS:
        rows = np.flatnonzero(X["shop"] == shop)
        booster = lgb.train({**LIGHTGBM, "objective": kind}, pooled.subset(rows.tolist()), ROUNDS)
        expected = scale * booster.predict(features[rows], raw_score=True)
        np.testing.assert_allclose(parts["task"].iloc[rows], expected, rtol=1e-5, atol=1e-6)
        gains = booster.feature_importance("gain")
        np.testing.assert_allclose(model.task_importances_.loc[shop], gains / gains.sum(), 1e-5)


def test_the_task_block_is_a_model_per_target_of_wide_data(data, boosted):
    X, y = data
    X = X[["a", "b", "c"]]
    Y = pd.DataFrame({"price": y, "rent": X["a"] - X["c"]})
    Y = Y.mask(np.random.default_rng(1).random(Y.shape) < 0.3)
    model = boosted.regressor(blocks=("task",), **OURS).fit(X, Y)
    labelled = Y.notna().any(axis=1)  # other rows decide no bins
    X, Y = X[labelled], Y[labelled]
    pooled = lgb.Dataset(X.to_numpy(), np.zeros(len(X)), params=LIGHTGBM).construct()
    for i, name in enumerate(Y):
        rows = np.flatnonzero(Y[name].notna())
        centre, scale = Y[name].mean(), Y[name].std(ddof=0)
        own = pooled.subset(rows.tolist()).construct()
        own.set_label(((Y[name].iloc[rows] - centre) / scale).to_numpy())
        settings = {**LIGHTGBM, "objective": "regression", "boost_from_average": False}
        booster = lgb.train(settings, own, ROUNDS)
        expected = centre + scale * booster.predict(X.to_numpy())
        np.testing.assert_allclose(model.predict(X)[:, i], expected, rtol=1e-5, atol=1e-6)
