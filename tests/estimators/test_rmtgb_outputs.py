"""What a fitted R-MTGB tells: parts of predictions, importances, rounds, losses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

LONG = ("shared", "signature", "partition", "task")
WIDE = ("shared", "partition", "task")


@pytest.fixture
def long_model(boosted, long_table):
    return boosted.mixed(task_column="shop", blocks=LONG).fit(*long_table)


@pytest.fixture
def wide_model(boosted, table):
    return boosted.mixed(blocks=WIDE, n_bags=2).fit(*table)


def raw_score(model, X, target):
    """The prediction of a regression, the log-odds of a binary target."""
    if model.task_kinds_[target] == "regression":
        return model.predict(X)[target]
    classes = [name for name, kind in model.task_kinds_.items() if kind != "regression"]
    proba = model.predict_proba(X)[classes.index(target)]
    return np.log(proba[:, 1] / proba[:, 0])


@pytest.mark.parametrize("target", ["price", "sold"])
def test_contributions_and_shap_values_sum_to_the_scores_of_long_data(
    target, long_model, long_table
):
    X = long_table.X.assign(shop=long_table.X["shop"].where(long_table.X.index % 5 > 0, "new"))
    expected = raw_score(long_model, X, target)
    parts = long_model.contributions(X)
    assert parts.columns.names == ["target", "part"]
    assert list(parts[target]) == ["intercept", *LONG]
    np.testing.assert_allclose(parts[target].sum(axis=1), expected, rtol=1e-6, atol=1e-9)
    shap = long_model.shap_values(X)
    assert list(shap[target]) == ["size", "age", "city", "shop", "base"]
    np.testing.assert_allclose(shap[target].sum(axis=1), expected, rtol=1e-6, atol=1e-9)
    assert parts.index.equals(X.index)
    assert shap.index.equals(X.index)
    # The base is the same for the known and the unknown tasks but for trees of their own.
    assert shap[(target, "shop")].nunique() > 4


def test_contributions_and_shap_values_sum_to_the_scores_of_wide_data(wide_model, table):
    parts, shap = wide_model.contributions(table.X), wide_model.shap_values(table.X)
    assert parts.columns.names == ["target", "score", "part"]
    for target in ["price", "sold"]:
        expected = raw_score(wide_model, table.X, target)
        for frame in (parts, shap):
            total = frame[target][0].sum(axis=1)
            np.testing.assert_allclose(total, expected, rtol=1e-6, atol=1e-9)
    assert list(shap["price"][0]) == [*table.X, "base"]
    proba = wide_model.predict_proba(table.X)[1]
    for frame in (parts, shap):
        scores = frame["grade"].T.groupby(level="score").sum().T.to_numpy()
        expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(proba, expected, rtol=1e-6)


def test_one_score_has_plain_columns(boosted, long_table):
    X, y = long_table.X, long_table.Y["price"]
    model = boosted.regressor(task_column="shop", n_bags=2).fit(X, y)
    parts, shap = model.contributions(X), model.shap_values(X)
    assert parts.columns[0] == "intercept"
    assert set(parts.columns[1:]) <= set(LONG)
    assert list(shap) == ["size", "age", "city", "shop", "base"]
    np.testing.assert_allclose(parts.sum(axis=1), model.predict(X), rtol=1e-6)
    np.testing.assert_allclose(shap.sum(axis=1), model.predict(X), rtol=1e-6)


def test_features_may_be_called_like_the_parts(boosted, long_table):
    X = long_table.X.rename(columns={"size": "base", "age": "intercept"})
    model = boosted.mixed(task_column="shop").fit(X, long_table.Y)
    shap = model.shap_values(X)
    assert list(shap["price"]) == ["base", "intercept", "city", "shop", "base"]
    np.testing.assert_allclose(shap["price"].sum(axis=1), model.predict(X)["price"], rtol=1e-6)


def test_a_feature_without_influence_has_no_shap_value(boosted, table):
    X = table.X.assign(constant=1.0)
    shap = boosted.regressor().fit(X, table.X["size"]).shap_values(X)
    assert (shap["constant"] == 0).all()
    assert shap["size"].corr(table.X["size"], method="spearman") > 0.95


@pytest.mark.parametrize("layout", ["long", "wide"])
@pytest.mark.parametrize("n_bags", [1, 2])
def test_the_last_stage_is_the_prediction(layout, n_bags, boosted, long_table):
    X, Y = long_table
    model = boosted.mixed(task_column="shop" if layout == "long" else None, n_bags=n_bags).fit(
        X, Y
    )
    stages = list(model.staged_predict(X))
    pd.testing.assert_frame_equal(stages[-1], model.predict(X), rtol=1e-9)
    # The first has the intercepts alone, which depend on the task only.
    first = stages[0]["price"]
    by_task = first.groupby(X["shop"]) if layout == "long" else first.groupby(0 * X["size"])
    assert (by_task.nunique() == 1).all()
    errors = [(stage["price"] - Y["price"]).abs().mean() for stage in stages]
    assert errors[-1] < 0.7 * errors[0]


def test_a_model_without_any_round_has_one_stage(boosted, table):
    model = boosted.regressor(n_rounds=0).fit(table.X, table.X["size"])
    (stage,) = model.staged_predict(table.X)
    np.testing.assert_array_equal(stage, model.predict(table.X))
    np.testing.assert_allclose(stage, table.X["size"].mean(), atol=0.2)
    assert (model.feature_importances_ == 0).all()


def test_importances_are_shares_of_the_gain(long_model, long_table):
    X = long_table.X
    assert long_model.feature_importances_.shape == (4,)
    assert long_model.feature_importances_.sum() == pytest.approx(1)
    by_block = long_model.block_importances_
    assert by_block.index.tolist() == list(LONG)
    assert by_block.columns.tolist() == ["size", "age", "city", "shop"]
    assert by_block.to_numpy().sum() == pytest.approx(1)
    assert (by_block.loc[["shared", "partition", "task"], "shop"] == 0).all()
    assert by_block.loc["signature", "shop"] > 0
    own = by_block.sum()[list(X.columns)]
    np.testing.assert_allclose(long_model.feature_importances_, own)


def test_importances_of_tasks(long_model, wide_model):
    own = long_model.task_importances_
    assert own.index.names == ["target", "shop"]
    assert own.columns.tolist() == ["size", "age", "city"]
    np.testing.assert_allclose(own.sum(axis=1), np.where(own.sum(axis=1) > 0, 1, 0))
    wide = wide_model.task_importances_
    assert wide.index.tolist() == ["price", "sold", "grade"]
    assert wide_model.feature_importances_.argmax() == 0
    assert wide_model.feature_importances_.sum() == pytest.approx(1)


def test_rounds_blocks_history_and_selection_of_long_data(boosted, long_table):
    model = boosted.mixed(task_column="shop", n_bags=2).fit(*long_table)
    assert model.task_names_ == ["price", "sold"]
    assert set(model.blocks_) == {"price", "sold"}
    rounds = model.n_rounds_
    assert rounds.index.names == ["target", "bag"]
    assert ((rounds.fillna(0) >= 0) & (rounds.fillna(0) <= 15)).all(axis=None)
    selection = model.selection_
    assert selection.index.names == ["target", "rank"]
    for target, blocks in model.blocks_.items():
        own = selection.loc[target]
        assert own["blocks"].iloc[0] == blocks
        assert own["kept"].iloc[0]
        # One that was given up has fewer bags and comes last.
        assert own["n_bags"].is_monotonic_decreasing
        full = own[own["n_bags"] == 2]
        assert full["validation_loss"].is_monotonic_increasing
        assert len(rounds.loc[target]) == 2 * own["kept"].sum()


def test_history_has_the_losses_of_every_round(boosted, long_table):
    X, y = long_table.X, long_table.Y["price"]
    model = boosted.regressor(task_column="shop", blocks=("shared", "task"), n_bags=2).fit(X, y)
    history = model.history_
    assert history.index.names == ["target", "bag", "step"]
    assert list(history) == ["block", "round", "loss", "validation_loss"]
    for (_, bag, block), own in history.groupby(["target", "bag", "block"], sort=False):
        assert own["round"].tolist() == list(range(len(own)))
        assert own["loss"].iloc[-1] < own["loss"].iloc[0]
        if block == "shared":
            best = own["validation_loss"].argmin()
            assert model.n_rounds_.loc[("price", bag), "shared"] == best
    assert model.selection_["validation_loss"].notna().all()


def test_without_validation_the_rounds_are_those_that_were_asked_for(boosted, table):
    model = boosted.mixed(early_stopping=False, n_rounds={"shared": 4, "partition": 3, "task": 2})
    model.fit(*table)
    # "grade", of several scores, has a model and so blocks of its own.
    assert model.blocks_["price"] == model.blocks_["sold"] == WIDE
    assert model.blocks_["grade"] == ("shared",)
    rounds = model.n_rounds_.droplevel("bag")
    assert rounds.loc["price"].tolist() == [4, 3, 2]
    assert rounds.loc["grade", "shared"] == 4
    assert "validation_loss" not in model.history_
    assert model.selection_["validation_loss"].isna().all()
