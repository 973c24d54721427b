"""Coefficients that tasks have in common."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import MultiTaskLasso, Ridge
from sklearn.preprocessing import StandardScaler

from skmtl import MultiTaskLinear, MultiTaskLinearRegressor


@pytest.fixture(scope="module")
def planted():
    """Eight targets whose coefficients are combinations of two; noisy labels, and the truth."""
    rng = np.random.default_rng(0)
    coef = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 8))
    X, X_test = rng.normal(size=(300, 60)), rng.normal(size=(500, 60))
    return X, X @ coef + 8 * rng.normal(size=(300, 8)), X_test, X_test @ coef


@pytest.fixture(scope="module")
def shops():
    rng = np.random.default_rng(1)
    X = pd.DataFrame({"size": rng.normal(size=200), "shop": np.repeat(list("abcd"), 50)})
    slope = X["shop"].map({"a": 1.0, "b": 1.2, "c": 0.8, "d": -1.0})
    y = slope * X["size"] + X["shop"].map({"a": 5, "b": 0, "c": 0, "d": -5})
    return X, y + 0.1 * rng.normal(size=200)


@pytest.mark.parametrize("known", [1.0, 0.5])
def test_low_rank_finds_few_directions_whatever_labels_are_missing(planted, known):
    X, Y, X_test, Y_test = planted
    seen = np.random.default_rng(2).random(Y.shape) < known
    seen[-1] = known == 1.0  # the last row may have no label at all
    auto, ridge = (
        MultiTaskLinearRegressor(penalty=penalty, n_bags=2, random_state=0).fit(
            X, np.where(seen, Y, np.nan)
        )
        for penalty in ("auto", "ridge")
    )
    assert auto.penalty_ == "low_rank"
    assert 1 - auto.score(X_test, Y_test) < 0.85 * (1 - ridge.score(X_test, Y_test))
    size = np.linalg.svd(auto.coef_, compute_uv=False)
    assert size[2] < 0.35 * size[1]


def test_the_nuclear_norm_is_lowered_to_its_minimum(planted):
    """Whose subgradient has singular values of at most the strength."""
    X, Y, _, _ = planted
    alpha = 100.0
    model = MultiTaskLinearRegressor(penalty="low_rank", alpha=alpha).fit(X, Y)
    scaled, labels = StandardScaler().fit_transform(X), StandardScaler().fit_transform(Y)
    coef = model.standardised_coef_.to_numpy().T
    left, size, right = np.linalg.svd(coef, full_matrices=False)
    gradient = scaled.T @ (labels - scaled @ coef)
    large = size > 0.1 * size[0]
    along = np.diag(left.T @ gradient @ right.T)
    np.testing.assert_allclose(along[large], alpha, rtol=0.01)
    assert np.linalg.svd(gradient, compute_uv=False).max() < 1.01 * alpha


@pytest.mark.parametrize("weights", [{}, {"task_weight": [2.0, 1.0]}])
def test_shared_coefficients_minimise_their_objective(weights):
    """Of a squared and a logistic loss, by a general minimiser."""
    rng = np.random.default_rng(3)
    X = StandardScaler().fit_transform(rng.normal(size=(40, 2)))
    Y = pd.DataFrame({"u": X @ [1, 2] + rng.normal(size=40), "v": X[:, 0] + X[:, 1] > 0.3})
    model = MultiTaskLinear(penalty="shared", alpha=3.0, similarity=0.7, **weights).fit(X, Y)
    u, v = StandardScaler().fit_transform(Y[["u"]])[:, 0], Y["v"].to_numpy()
    share = np.array(weights.get("task_weight", [1, 1])) / np.mean(
        weights.get("task_weight", [1, 1])
    )

    def objective(values):
        common, own, constant = values[:2], values[2:6].reshape(2, 2), values[6:]
        scores = X @ (common + own).T + constant
        losses = share[0] * (u - scores[:, 0]) ** 2 / 2
        losses = losses + share[1] * np.logaddexp(0, np.where(v, -scores[:, 1], scores[:, 1]))
        return losses.sum() + 1.5 * ((common**2).sum() / 0.7 + (own**2).sum() / 0.3)

    found = minimize(objective, np.zeros(8), options={"gtol": 1e-8}).x
    expected = found[:2] + found[2:6].reshape(2, 2)
    np.testing.assert_allclose(model.standardised_coef_, expected, atol=2e-4)


def test_the_limits_of_similarity_are_separate_and_pooled_coefficients(planted):
    X, Y, _, _ = planted
    Y = Y[:, :3]
    separate = MultiTaskLinearRegressor(penalty="shared", alpha=20.0, similarity=0.0).fit(X, Y)
    ridge = MultiTaskLinearRegressor(penalty="ridge", alpha=20.0).fit(X, Y)
    np.testing.assert_allclose(separate.predict(X), ridge.predict(X), atol=1e-6)
    pooled = MultiTaskLinearRegressor(penalty="shared", alpha=20.0, similarity=1.0).fit(X, Y)
    scaled, labels = StandardScaler().fit_transform(X), StandardScaler().fit_transform(Y)
    common = Ridge(alpha=20.0 / 3).fit(scaled, labels.mean(axis=1)).coef_
    np.testing.assert_allclose(pooled.standardised_coef_, np.tile(common, (3, 1)), atol=1e-4)


def test_ids_of_long_data_have_slopes_of_their_own_where_that_helps(shops):
    X, y = shops
    model = MultiTaskLinearRegressor(task_column="shop", random_state=0).fit(X, y)
    assert model.penalty_ == "shared"
    assert model.score(X, y) > 0.99
    slopes = model.coef_["size"]
    assert slopes["d"] < -0.8 < 0.8 < slopes["a"]
    values = model.shap_values(X)
    np.testing.assert_allclose(values.sum(axis=1), model.predict(X))
    row = X.iloc[[0]]
    by_hand = model.intercept_["a"] + slopes["a"] * row["size"]
    np.testing.assert_allclose(model.predict(row), by_hand)
    unseen = model.predict(row.assign(shop="e"))
    known = model.predict(pd.concat([row.assign(shop=each) for each in "abcd"]))
    np.testing.assert_allclose(unseen, known.mean(), atol=0.5)


def test_long_data_of_one_slope_have_a_constant_for_each_id(shops):
    X, _ = shops
    y = X["size"] + X["shop"].map({"a": 5, "b": 0, "c": 0, "d": -5})
    model = MultiTaskLinearRegressor(penalty="ridge", task_column="shop", random_state=0)
    model.fit(X, y)
    assert model.similarity_.tolist() == [1.0]
    np.testing.assert_allclose(model.coef_["size"], 1.0, atol=0.02)
    np.testing.assert_allclose(model.intercept_, [5, 0, 0, -5], atol=0.3)


@pytest.mark.parametrize("similarity", [0.0, 1.0])
def test_the_limits_of_similarity_in_long_data(shops, similarity):
    """Ids by themselves, or one slope; their constants are shrunken by ten rows."""
    X, y = shops
    model = MultiTaskLinearRegressor(
        penalty="shared", similarity=similarity, alpha=5.0, task_column="shop"
    ).fit(X, y)
    x, z = (StandardScaler().fit_transform(each.to_frame())[:, 0] for each in (X["size"], y))
    shop = pd.get_dummies(X["shop"]).to_numpy(float)
    slopes = x[:, None] * (np.ones((200, 1)) if similarity else shop)
    design = np.column_stack([np.ones(200), shop, slopes])
    penalty = np.diag([0.0] + [10.0] * 4 + [5.0] * slopes.shape[1])
    solution = np.linalg.solve(design.T @ design + penalty, design.T @ z)
    np.testing.assert_allclose(
        model.predict(X), design @ solution * y.std(ddof=0) + y.mean(), atol=1e-4
    )


def test_a_weight_of_two_is_a_row_given_twice(shops):
    X, y = shops
    twice = np.arange(200) % 3 == 0
    for penalty in ("ridge", "shared"):
        settings = {"penalty": penalty, "alpha": 2.0, "task_column": "shop"}
        repeated = MultiTaskLinearRegressor(**settings, early_stopping=False)
        repeated.fit(pd.concat([X, X[twice]]), pd.concat([y, y[twice]]))
        weighted = MultiTaskLinearRegressor(**settings, early_stopping=False)
        weighted.fit(X, y, 1.0 + twice)
        np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), atol=1e-5)


def test_the_group_lasso_is_that_of_scikit_learn(planted):
    X, Y, _, _ = planted
    model = MultiTaskLinearRegressor(penalty="group_lasso", alpha=60.0).fit(X, Y)
    scaled, labels = StandardScaler().fit_transform(X), StandardScaler().fit_transform(Y)
    expected = MultiTaskLasso(alpha=60.0 / 300, tol=1e-10, max_iter=10_000).fit(scaled, labels)
    np.testing.assert_allclose(model.standardised_coef_, expected.coef_, atol=1e-4)


def test_features_are_chosen_for_all_targets_whatever_labels_are_missing():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(200, 20))
    Y = pd.DataFrame({"u": X[:, 0] - X[:, 1] + rng.normal(size=200), "v": X[:, 1] > 0})
    Y = Y.mask(rng.random(Y.shape) < 0.3)
    model = MultiTaskLinear(penalty="group_lasso", tasks={"v": "binary"}, alpha=20.0)
    used = model.fit(X, Y).coef_.to_numpy() != 0
    assert used[:, :2].all()
    np.testing.assert_array_equal(used[0], used[1])
    assert used[0].sum() < 10
    assert model.penalty_ == "group_lasso"


@pytest.mark.parametrize("task_column", [None, "shop"])
def test_the_unit_of_the_weights_does_not_matter(shops, task_column):
    X, y = shops
    Y = pd.DataFrame({"u": y, "v": y > 0})
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(X))
    weight /= weight.mean()
    model = MultiTaskLinear(task_column=task_column, n_bags=2, random_state=0)
    expected = model.fit(X, Y, weight).predict(X)["u"]
    found = model.fit(X, Y, weight / 1e6).predict(X)["u"]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_a_target_that_weighs_nothing_is_learnt_by_itself(planted):
    X, Y, _, _ = planted
    Y = Y[:, :3]
    weighed = MultiTaskLinearRegressor(penalty="low_rank", task_weight=[1, 0, 1], alpha=50.0)
    pair = MultiTaskLinearRegressor(penalty="low_rank", alpha=50.0).fit(X, Y[:, [0, 2]])
    np.testing.assert_allclose(weighed.fit(X, Y).predict(X)[:, [0, 2]], pair.predict(X))
    assert weighed.score_tasks(X, Y)[1] > 0.5


def test_penalties_of_wide_data_are_refused_for_long_data(shops):
    with pytest.raises(ValueError, match="penalty='low_rank' is for the targets of wide data"):
        MultiTaskLinearRegressor(penalty="low_rank", task_column="shop").fit(*shops)


def test_a_similarity_without_effect_is_refused(shops):
    with pytest.raises(ValueError, match=r"similarity=0.5 has no effect with penalty='ridge'"):
        MultiTaskLinearRegressor(penalty="ridge", similarity=0.5, task_column="shop").fit(*shops)
    with pytest.raises(ValueError, match="has no effect with penalty='group_lasso'"):
        MultiTaskLinear(penalty="group_lasso", similarity=0.5).fit(*shops)


@pytest.mark.parametrize(
    ("penalty", "n_targets"), [("shared", 1), ("low_rank", 1), ("group_lasso", 0)]
)
def test_a_joint_penalty_that_y_does_not_allow_is_warned_of(planted, penalty, n_targets):
    X, Y, _, _ = planted
    y = pd.DataFrame(Y[:, :n_targets])
    y["class"] = pd.cut(Y[:, 2], 3, labels=list("abc"), ordered=False)
    model = MultiTaskLinear(penalty=penalty, alpha=1.0)
    with pytest.warns(UserWarning, match=f"penalty='{penalty}' of MultiTaskLinear needs at least"):
        model.fit(X[:, :5], y)
    assert model.penalty_ == "ridge"


def test_shared_coefficients_of_a_single_target_are_a_ridge_penalty(planted):
    X, Y, _, _ = planted
    shared, ridge = (
        MultiTaskLinearRegressor(penalty=penalty, alpha=3.0).fit(X, Y[:, 0])
        for penalty in ("shared", "ridge")
    )
    np.testing.assert_array_equal(shared.predict(X), ridge.predict(X))


def test_without_a_penalty_the_similarity_is_not_known(shops):
    X, y = shops
    model = MultiTaskLinearRegressor(alpha=0.0, similarity=0.5, task_column="shop").fit(X, y)
    assert model.similarity_.isna().all()
    np.testing.assert_allclose(model.coef_["size"], [1.0, 1.2, 0.8, -1.0], atol=0.05)
