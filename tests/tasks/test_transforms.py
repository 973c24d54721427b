"""Numbers that are learnt on a transformed scale."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl import RMTGB, MultiTab, RMTGBRegressor
from skmtl.tasks import Quantile, Regression

RNG = np.random.default_rng(0)
N = 1_500
X = pd.DataFrame({"x": RNG.normal(size=N), "z": RNG.normal(size=N)})
AMOUNT = np.exp(1 + X["x"] + RNG.normal(size=N)) - 1
OWN = (np.cbrt, lambda values: values**3)
TRANSFORMS = ["log1p", "sqrt", "yeo-johnson", OWN]
every_transform = pytest.mark.parametrize(
    "transform", TRANSFORMS, ids=["log1p", "sqrt", "yeo-johnson", "own"]
)


@every_transform
def test_quantiles_of_the_labels_are_those_of_their_transform(transform):
    labels = pd.Series(RNG.exponential(size=101))
    levels = (0.1, 0.5, 0.9)
    head = Quantile(levels, transform=transform).fit(labels, task="t")
    scores = head.initial_scores(head.encode(labels), np.ones(101))
    found = head.predict_quantiles(scores[None])[0]
    expected = np.quantile(labels, levels, method="inverted_cdf")
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert head.predict(scores[None])[0] == found[1]


@pytest.mark.parametrize("group", [None, "shop"])
def test_quantiles_are_learnt_on_the_scale_and_saved(group, tmp_path):
    shops = X.assign(shop=np.arange(N) % 3)
    kind = Quantile((0.1, 0.5, 0.9), transform="log1p")
    model = RMTGBRegressor(task_column=group, tasks=kind, n_bags=1, n_rounds=40, random_state=0)
    found = model.fit(shops, AMOUNT).predict_quantiles(shops).to_numpy()
    assert (np.diff(found, axis=1) >= 0).all() and (found > -1).all()
    np.testing.assert_allclose((AMOUNT.to_numpy()[:, None] <= found).mean(axis=0),
                               [0.1, 0.5, 0.9], atol=0.06)  # fmt: skip
    model.save(tmp_path / "model.skmtl")
    again = skmtl.load(tmp_path / "model.skmtl").predict_quantiles(shops)
    np.testing.assert_array_equal(again, found)


@every_transform
def test_the_inverse_goes_back(transform):
    labels = pd.Series(np.append(np.linspace(0, 50, 30), np.nan))
    head = Regression("absolute", transform=transform).fit(labels, task="t")
    found = head.predict(head.encode(labels))
    np.testing.assert_allclose(found[:-1], labels[:-1], atol=1e-9)


def test_yeo_johnson_takes_both_signs_and_is_scipys():
    labels = pd.Series(RNG.normal(size=200) ** 3)
    head = Regression("absolute", transform="yeo-johnson").fit(labels, task="t")
    np.testing.assert_allclose(head.predict(head.encode(labels)), labels, atol=1e-8)
    assert head.scale_of_labels_.power == pytest.approx(1.0, abs=0.2)


def test_smearing_is_the_mean_over_the_residuals():
    labels = pd.Series(np.expm1(RNG.normal(2, 1, 4_000)))
    head = Regression(transform="log1p").fit(labels, task="t")
    target = head.encode(labels)
    head.learn_residuals(np.zeros((4_000, 1)), target, np.ones(4_000))
    mean = head.predict(np.zeros((1, 1)))[0]
    assert mean == pytest.approx(labels.mean(), rel=0.005)
    assert mean > 1.3 * np.expm1(2)  # which the inverse of the mean would give
    weight = np.repeat([1.0, 3.0], 2_000)
    head.learn_residuals(np.zeros((4_000, 1)), target, weight)
    weighted = np.average(labels, weights=weight)
    assert head.predict(np.zeros((1, 1)))[0] == pytest.approx(weighted, rel=0.005)


@pytest.mark.parametrize("engine", ["boosting", "network"])
def test_means_are_unbiased(engine):
    model = (
        RMTGB(n_bags=1, n_rounds=40, random_state=0)
        if engine == "boosting"
        else MultiTab(n_bags=1, max_epochs=8, row_size=32, n_members=2, random_state=0)
    ).set_params(tasks={"amount": Regression(transform="log1p")})
    Y = pd.DataFrame({"amount": AMOUNT.mask(RNG.random(N) < 0.3), "other": X["z"]})
    model.fit(X[:1_000], Y[:1_000])
    truth, predicted = np.exp(1.5 + X["x"]) - 1, model.predict(X)["amount"]
    assert predicted[1_000:].mean() == pytest.approx(truth[1_000:].mean(), rel=0.2)  # heavy tails
    assert np.corrcoef(np.log1p(predicted), X["x"])[0, 1] > 0.9
    missing = Y.assign(amount=Y["amount"].where(Y["amount"].notna(), np.nan))
    again = type(model)(**model.get_params()).fit(X[:1_000], missing[:1_000])
    pd.testing.assert_frame_equal(again.predict(X), model.predict(X))


def test_models_are_saved_with_their_scale(tmp_path):
    tasks = Regression(transform="yeo-johnson")
    model = RMTGBRegressor(tasks=tasks, n_rounds=4, n_bags=1, random_state=0).fit(X, AMOUNT)
    model.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_long_data_have_one_scale():
    table = X.assign(shop=np.arange(N) % 3)
    model = RMTGBRegressor(
        task_column="shop", tasks=Regression(transform="log1p"), n_rounds=40, random_state=0
    ).fit(table, AMOUNT)
    assert model.predict(table).mean() == pytest.approx(AMOUNT.mean(), rel=0.15)


def test_labels_that_have_no_place_are_refused():
    with pytest.raises(ValueError, match=r"'t' has labels outside the domain .*\[-3.0\].*shift"):
        Regression(transform="log1p").fit(pd.Series([1.0, -3.0]), task="t")
    with pytest.raises(ValueError, match="transform must be one of"):
        Regression(transform="log")


@pytest.mark.parametrize("kind", [Regression, Quantile])
def test_graphs_refuse_it(kind):
    export = pytest.importorskip("skmtl.export")
    tasks = {"amount": kind(transform="log1p")}
    model = RMTGB(tasks=tasks, n_rounds=1, n_bags=1, random_state=0).fit(
        X, pd.DataFrame({"amount": AMOUNT})
    )
    with pytest.raises(TypeError, match="'amount' is learnt on a transformed scale"):
        export.to_onnx(model)
