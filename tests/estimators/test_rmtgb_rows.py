"""A row's prediction by R-MTGB depends on that row alone, a model on its data and seed alone."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest

ALL_BLOCKS = ("shared", "signature", "partition", "task")


@pytest.fixture
def long_model(boosted, long_table):
    return boosted.mixed(task_column="shop", blocks=ALL_BLOCKS).fit(*long_table)


def numbers(model, X):
    """Predictions and probabilities in one frame."""
    (proba,) = model.predict_proba(X)
    return pd.DataFrame({"price": model.predict(X)["price"], "sold": proba[:, 1]})


def same(first, second):
    pd.testing.assert_frame_equal(first, second, check_exact=True, check_dtype=False)


# Missing labels


@pytest.mark.parametrize("missing", [np.nan, None, pd.NA], ids=["NaN", "None", "NA"])
@pytest.mark.parametrize("layout", ["long", "wide"])
def test_how_a_missing_label_is_written_makes_no_difference(layout, missing, boosted, long_table):
    X, Y = long_table
    settings = {"task_column": "shop", "blocks": ALL_BLOCKS} if layout == "long" else {}
    expected = numbers(boosted.mixed(**settings).fit(X, Y), X)
    written = Y.astype(object).where(Y.notna(), missing)
    assert all(value is missing or value is not None for value in written["price"])
    same(numbers(boosted.mixed(**settings).fit(X, written), X), expected)


@pytest.mark.parametrize("layout", ["long", "wide"])
def test_a_row_without_any_label_is_as_good_as_absent(layout, boosted, long_table):
    """LightGBM would learn zeros from it."""
    X, Y = long_table.X.round({"size": 0, "age": 0}), long_table.Y  # as many bins as values
    more = pd.concat([X, X.sample(60, random_state=0)])
    labels = pd.concat([Y, Y[:60].mask(Y[:60].notna())])
    settings = {
        "task_column": "shop" if layout == "long" else None,
        "blocks": ALL_BLOCKS if layout == "long" else ("shared", "task"),
        "early_stopping": False,
        # LightGBM counts the rows of leaves, with labels or without.
        "min_data_in_leaf": 1,
        "lightgbm_params": {"min_data_in_bin": 1, "min_data_per_group": 1},
    }
    expected = numbers(boosted.mixed(**settings).fit(X, Y), X)
    got = numbers(boosted.mixed(**settings).fit(more, labels), X)
    pd.testing.assert_frame_equal(got, expected, rtol=1e-6)


def test_a_target_without_labels_in_a_task_is_predicted_there(boosted, long_table):
    X, Y = long_table
    Y = Y.assign(price=Y["price"].where(X["shop"] != "north"))
    model = boosted.mixed(task_column="shop", blocks=ALL_BLOCKS).fit(X, Y)
    assert np.isfinite(model.predict(X)["price"]).all()
    north = X[X["shop"] == "north"]
    assert (model.contributions(north)[("price", "task")] == 0).all()
    assert (model.contributions(north)[("sold", "task")] != 0).any()


# Tasks that fit has not seen


def test_an_unseen_task_is_the_same_whatever_it_is_called(long_model, long_table):
    strange = numbers(long_model, long_table.X.assign(shop="centre"))
    assert np.isfinite(strange).all(axis=None)
    same(numbers(long_model, long_table.X.assign(shop="port")), strange)
    assert (strange != numbers(long_model, long_table.X)).any(axis=None)


def test_an_unseen_task_gets_what_is_shared_and_no_task_of_its_own(long_model, long_table):
    parts = long_model.contributions(long_table.X.assign(shop="centre"))
    price = parts["price"]
    assert price["intercept"].nunique() == 1
    assert (price["task"] == 0).all()
    assert (price[["shared", "partition"]] != 0).any().all()
    prediction = long_model.predict(long_table.X.assign(shop="centre"))["price"]
    np.testing.assert_allclose(prediction, price.drop(columns="task").sum(axis=1))


def test_an_unseen_task_does_not_know_the_trees_of_a_single_task(boosted, long_table):
    """What only one task's trees learn reaches no unseen task."""
    X, Y = long_table
    y = Y["price"].fillna(100)
    settings = {"task_column": "shop", "blocks": ("task",), "early_stopping": False}
    # The labels of one task change, but neither their mean nor that of the squares.
    west = np.flatnonzero(X["shop"] == "west")
    other = y.copy()
    other.iloc[west] = y.iloc[west].to_numpy()[::-1]
    first, second = [boosted.regressor(**settings).fit(X, labels) for labels in (y, other)]
    new = X.assign(shop="centre")
    np.testing.assert_allclose(first.predict(new), second.predict(new), rtol=1e-9)
    assert (first.predict(X.iloc[west]) != second.predict(X.iloc[west])).any()
    rest = X["shop"] != "west"
    np.testing.assert_allclose(first.predict(X[rest]), second.predict(X[rest]), rtol=1e-9)


def test_unseen_tasks_may_be_refused(boosted, long_table):
    X, Y = long_table
    model = boosted.mixed(task_column="shop", unseen="error").fit(X, Y)
    strange = X.assign(shop=X["shop"].where(X.index != 510, "centre"))
    for method in ("predict", "predict_proba", "contributions", "shap_values"):
        with pytest.raises(ValueError, match=r"Column 'shop' has the task 'centre'.*unseen='sh"):
            getattr(model, method)(strange)
    same(model.predict(X), boosted.mixed(task_column="shop").fit(X, Y).predict(X))


# Company


def test_a_row_is_scored_the_same_in_any_company(long_model, long_table):
    X = long_table.X.assign(shop=long_table.X["shop"].where(long_table.X.index % 7 > 0, "new"))
    expected = numbers(long_model, X)
    order = np.random.default_rng(0).permutation(len(X))
    same(numbers(long_model, X.iloc[order]), expected.iloc[order])
    for shop in X["shop"].unique():
        rows = X["shop"] == shop
        same(numbers(long_model, X[rows]), expected[rows])
    for i in range(5):
        same(numbers(long_model, X[i : i + 1]), expected[i : i + 1])


def test_the_chunks_of_rows_do_not_show(long_model, long_table, monkeypatch):
    expected = numbers(long_model, long_table.X)
    parts = long_model.contributions(long_table.X)
    stages = list(long_model.staged_predict(long_table.X))
    monkeypatch.setattr("skmtl.engines.boosting._engine.SCORING_ROWS", 37)
    same(numbers(long_model, long_table.X), expected)
    same(long_model.contributions(long_table.X), parts)
    for ours, theirs in zip(stages, long_model.staged_predict(long_table.X), strict=True):
        same(ours, theirs)


@pytest.mark.parametrize("layout", ["long", "wide"])
def test_no_row_gives_no_prediction(layout, boosted, long_table):
    X, Y = long_table
    model = boosted.mixed(task_column="shop" if layout == "long" else None).fit(X, Y)
    prediction = model.predict(X[:0])
    assert prediction.shape == (0, 2)
    assert prediction.columns.tolist() == ["price", "sold"]
    assert model.predict_proba(X[:0])[0].shape == (0, 2)
    assert model.contributions(X[:0]).columns.equals(model.contributions(X).columns)
    assert len(model.shap_values(X[:0])) == 0
    assert next(model.staged_predict(X[:0])).shape == (0, 2)


# Seeds and state


def test_the_same_seed_gives_the_same_model(boosted, long_table):
    settings = {"task_column": "shop", "lightgbm_params": {"feature_fraction": 0.5}}
    first, second, other = [
        boosted.mixed(**settings, random_state=seed).fit(*long_table) for seed in (3, 3, 4)
    ]
    same(numbers(first, long_table.X), numbers(second, long_table.X))
    pd.testing.assert_frame_equal(first.history_, second.history_, check_exact=True)
    assert (numbers(first, long_table.X) != numbers(other, long_table.X)).any(axis=None)


def test_a_fit_leaves_no_trace_in_the_next_one(boosted, long_table):
    model = boosted.mixed(task_column="shop").fit(*long_table)
    expected = numbers(model, long_table.X)
    half = long_table.X[:120], long_table.Y[["sold"]][:120]
    model.fit(*half).fit(*long_table)
    same(numbers(model, long_table.X), expected)


@pytest.mark.parametrize("seed", [0, None])
def test_nothing_global_is_touched(seed, boosted, long_table):
    def state():
        return random.getstate(), np.random.get_state()[1].tolist(), np.random.get_state()[2:]

    before = state()
    model = boosted.mixed(task_column="shop", n_bags=2, random_state=seed).fit(*long_table)
    model.predict(long_table.X)
    assert state() == before


def test_without_a_seed_every_model_is_another(boosted, long_table):
    first, second = [
        boosted.mixed(task_column="shop", random_state=None).fit(*long_table) for _ in range(2)
    ]
    assert (numbers(first, long_table.X) != numbers(second, long_table.X)).any(axis=None)


def test_the_users_tables_and_the_model_are_left_as_they_were(boosted, long_table):
    X, Y = long_table.X.copy(), long_table.Y.copy()
    model = boosted.mixed(task_column="shop", blocks=ALL_BLOCKS).fit(*long_table)
    before = set(vars(model))
    numbers(model, long_table.X)
    model.contributions(long_table.X), model.shap_values(long_table.X)
    assert set(vars(model)) == before
    pd.testing.assert_frame_equal(long_table.X, X)
    pd.testing.assert_frame_equal(long_table.Y, Y)


def test_arrays_are_left_as_they_were(boosted):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(60, 3)), rng.normal(size=(60, 2))
    X[::7, 0] = Y[::5, 1] = np.nan
    X.flags.writeable = Y.flags.writeable = False
    kept = X.copy(), Y.copy()
    model = boosted.regressor().fit(X, Y)
    assert model.predict(X).shape == (60, 2)
    np.testing.assert_array_equal(X, kept[0])
    np.testing.assert_array_equal(Y, kept[1])
