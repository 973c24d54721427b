"""Linear models against scikit-learn, closed forms against brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, PoissonRegressor, QuantileRegressor, Ridge
from sklearn.preprocessing import StandardScaler

from skmtl import (
    MultiTaskLinear,
    MultiTaskLinearClassifier,
    MultiTaskLinearRegressor,
)
from skmtl.linear import Design
from skmtl.linear._ridge import RidgePath
from skmtl.tasks import Quantile


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(2.0, [1, 5, 0.1, 2], size=(120, 4)), columns=list("abcd"))
    signal = StandardScaler().fit_transform(X) @ rng.normal(size=(4, 2))
    return X, signal + rng.normal(size=signal.shape)


@pytest.mark.parametrize("shape", [(60, 8), (30, 50)])
def test_ridge_is_that_of_scikit_learn(shape):
    rng = np.random.default_rng(1)
    X = rng.normal(size=shape)
    Y = X @ rng.normal(size=(shape[1], 3)) + rng.normal(size=(shape[0], 3))
    model = MultiTaskLinearRegressor(penalty="ridge", alpha=2.5).fit(X, Y)
    scaled = StandardScaler().fit_transform(X)
    expected = Ridge(alpha=2.5, solver="svd").fit(scaled, Y).predict(scaled)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-8, atol=1e-8)


def test_primal_and_dual_are_the_same():
    """Of 50 rows with 49 or 51 columns, two of which are of no use."""
    rng = np.random.default_rng(2)
    X = np.column_stack([rng.normal(size=(50, 49)), np.zeros((50, 2))])
    target, weight = rng.normal(size=(50, 2)), rng.uniform(0.5, 2, 50)
    alphas = np.array([1e-3, 1.0, 100.0])
    primal, dual = (RidgePath(Design(X[:, :n]), target, weight) for n in (49, 51))
    for path in (primal, dual):
        assert path.spectrum.axes.shape[1] == 49
    np.testing.assert_allclose(
        primal.left_out_scores(alphas), dual.left_out_scores(alphas), rtol=1e-6
    )
    np.testing.assert_allclose(
        primal.coef(alphas[:2])[1], dual.coef(alphas[:2])[1][:49], rtol=1e-6
    )


@pytest.mark.parametrize("shape", [(20, 3), (12, 30)])
def test_rows_left_out_in_closed_form_are_left_out(shape):
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=shape), rng.normal(size=(shape[0], 2))
    weight, alphas = rng.uniform(0.5, 2, shape[0]), np.array([0.1, 3.0])
    closed = RidgePath(Design(X), y, weight).left_out_scores(alphas)
    for row in range(shape[0]):
        rest = np.delete(np.arange(shape[0]), row)
        path = RidgePath(Design(X[rest]), y[rest], weight[rest])
        np.testing.assert_allclose(path.scores(Design(X[[row]]), alphas)[:, 0], closed[:, row])


def test_logistic_regression_is_that_of_scikit_learn(table):
    X, Y = table
    scaled = StandardScaler().fit_transform(X)
    labels = np.digitize(Y[:, 0], [-1, 1])
    for y in (labels > 1, labels):
        model = MultiTaskLinearClassifier(alpha=0.5).fit(X, y)
        expected = LogisticRegression(C=2.0, tol=1e-10, max_iter=1000).fit(scaled, y)
        probabilities = expected.predict_proba(scaled)
        np.testing.assert_allclose(model.predict_proba(X), probabilities, atol=1e-6)


def test_counts_are_those_of_a_poisson_regression(table):
    X, Y = table
    counts = np.random.default_rng(0).poisson(np.exp(0.3 * Y[:, 0]))
    model = MultiTaskLinearRegressor(tasks="count", alpha=3.0).fit(X, counts)
    scaled, mean = StandardScaler().fit_transform(X), counts.mean()
    # Its loss is a mean, ours a sum of those of counts over their mean.
    expected = PoissonRegressor(alpha=3.0 * mean / len(X), tol=1e-10).fit(scaled, counts)
    np.testing.assert_allclose(model.predict(X), expected.predict(scaled), rtol=1e-5)


def test_quantiles_are_those_of_a_linear_program(table):
    X, Y = table
    model = MultiTaskLinearRegressor(tasks=Quantile((0.3, 0.8)), alpha=0.0).fit(X, Y[:, 0])
    quantiles = np.asarray(model.predict_quantiles(X)).reshape(len(X), 2)
    for level, predicted in zip((0.3, 0.8), quantiles.T, strict=True):
        expected = QuantileRegressor(quantile=level, alpha=0.0).fit(X, Y[:, 0]).predict(X)

        def loss(values, level=level):
            error = Y[:, 0] - values
            return np.maximum(level * error, (level - 1) * error).mean()

        assert loss(predicted) == pytest.approx(loss(expected), rel=1e-3)


def test_coefficients_are_in_the_units_of_the_table(table):
    X, Y = table
    X = X.assign(city=np.where(X["a"] > 2, "Bern", "Oslo"))
    X.loc[:9, "b"] = np.nan
    model = MultiTaskLinear(alpha=0.1).fit(X, pd.DataFrame(Y * 100, columns=["u", "v"]))
    coef, row = model.coef_, X.iloc[50]
    expected = model.intercept_ + coef["city", row["city"]]
    expected += sum(coef[name, "value"] * row[name] for name in "abcd")
    np.testing.assert_allclose(model.predict(X).iloc[50], expected)
    shap = model.shap_values(X).T.groupby(level="target").sum().T
    np.testing.assert_allclose(shap, model.predict(X))


def test_missing_labels_have_no_influence(table):
    X, Y = table
    known = np.arange(len(X)) % 3 > 0
    some = np.where(known[:, None] | [[False, True]], Y, np.nan)
    model = MultiTaskLinearRegressor(penalty="ridge", alpha=1.0)
    both = model.fit(X, some).predict(X)
    # The features' scaling is that of all rows, so that only weights can leave these out.
    scaled = StandardScaler().fit_transform(X)
    expected = Ridge(alpha=1.0).fit(scaled[known], Y[known, 0]).predict(scaled)
    np.testing.assert_allclose(both[:, 0], expected, rtol=1e-8)
    whole = model.fit(X, Y[:, 1]).predict(X)
    np.testing.assert_allclose(both[:, 1], whole, rtol=1e-8)


def test_a_target_without_held_out_labels_takes_the_strength_that_is_best_for_the_others():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    Y = pd.DataFrame({"judged": X[:, 0] > 0, "not judged": rng.normal(size=200)})
    # The held-out labels say that nothing is to be learnt, so that weak strengths are not tried.
    judged = pd.DataFrame({"judged": X[:60, 0] < 0, "not judged": np.nan})
    model = MultiTaskLinear(penalty="ridge").fit(X, Y, eval_set=(X[:60], judged))
    assert model.alpha_["not judged"] == model.alpha_["judged"]
