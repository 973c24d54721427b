"""Easy problems are solved, and tasks do not destroy each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl import MultiTab, MultiTabClassifier, MultiTabRegressor

SETTINGS = {
    "n_bags": 1, "n_members": 4, "row_size": 64, "max_epochs": 16, "learning_rate": 0.01,
    "random_state": 0, "device": "cpu",
}  # fmt: skip


@pytest.fixture(scope="module")
def easy():
    """Sums and a product of features, a category and a few missing values; 600 + 300 rows."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(900, 5)), columns=list("abcde"))
    X["kind"] = rng.choice(["x", "y", "z"], 900)
    shift = X["kind"].map({"x": 0.0, "y": 1.0, "z": -1.0})
    Y = pd.DataFrame(
        {
            "sum": X["a"] + X["b"] + shift,
            "product": 1000 + 50 * (X["a"] * X["b"] + X["c"]),
            "sign": np.where(X["a"] + X["b"] + shift > 0, "plus", "minus"),
            "third": pd.Categorical(np.digitize(X["c"] - X["d"], [-0.6, 0.6]), ordered=True),
            "count": rng.poisson(np.exp(1 + X["a"])).astype(float),
        }
    )
    truth = Y.copy()
    return X, Y.mask(rng.random(Y.shape) < 0.2), truth


@pytest.fixture(scope="module")
def scores(easy):
    X, Y, truth = easy
    model = MultiTab(tasks={"count": "count"}, **SETTINGS).fit(X[:600], Y[:600])
    return model.score_tasks(X[600:], truth[600:])


def test_all_tasks_of_an_easy_table_are_learnt(scores):
    assert scores["sum"] > 0.95
    assert scores["product"] > 0.85
    assert scores["sign"] > 0.9
    assert scores["third"] > 0.85
    assert scores["count"] > 0.6


def test_a_task_of_noise_does_not_destroy_the_others(easy, scores):
    X, Y, truth = easy
    rng = np.random.default_rng(1)
    noisy = Y.assign(noise=rng.standard_cauchy(900), coin=rng.choice(["heads", "tails"], 900))
    model = MultiTab(tasks={"count": "count"}, **SETTINGS).fit(X[:600], noisy[:600])
    found = model.score_tasks(X[600:], noisy.assign(**truth)[600:])[scores.index]
    assert (found > scores - 0.1).all()


@pytest.mark.parametrize(
    "configuration",
    [
        {"feature_attention": True, "mask": "none", "numeric_embedding": "linear",
         "row_mixing": "linear"},
        {"numeric_embedding": "periodic", "sample_context": "prototypes"},
        {"row_mixing": "mlp", "sample_context": "memory", "task_token": "single"},
    ],
    ids=["paper", "prototypes", "memory"],
)  # fmt: skip
def test_other_configurations_learn_too(configuration, easy):
    X, Y, truth = easy
    model = MultiTabRegressor(**SETTINGS, **configuration)
    model.fit(X[:600], Y[["sum"]][:600])
    assert model.score(X[600:], truth[["sum"]][600:]) > 0.9


@pytest.mark.parametrize("seed", range(3))
def test_no_unit_of_a_tower_falls_silent(seed):
    """Rows for which all units of a tower are negative still get predictions of their own."""
    X = np.random.default_rng(seed).normal(size=(300, 3))
    Y = pd.DataFrame({"tail": np.exp(2 * X[:, 0]), "sign": X[:, 1] > 0})
    model = MultiTab(
        tower_size=1, n_members=1, row_size=16, n_bags=1, max_epochs=3, random_state=seed
    ).fit(X, Y)
    assert model.predict(X)["tail"].nunique() > 290
    assert len(np.unique(model.predict_proba(X)[0][:, 1])) > 290


def test_a_classifier_of_several_targets(easy):
    X, Y, truth = easy
    model = MultiTabClassifier(**SETTINGS)
    model.fit(X[:600], Y[["sign", "third"]][:600])
    assert model.score(X[600:], truth[["sign", "third"]][600:]) > 0.88


@pytest.mark.slow
def test_related_tasks_with_few_labels_help_each_other():
    """Eight tasks of one function, each with 60 labels: together better than alone."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 10))
    common = np.sin(X[:, 0] + X[:, 1]) + X[:, 2] * X[:, 3]
    Y = common[:, None] + 0.2 * rng.normal(size=(800, 8))
    labels = np.full((480, 8), np.nan)
    for task in range(8):
        own = slice(60 * task, 60 * task + 60)
        labels[own, task] = Y[own, task]
    together = MultiTabRegressor(**SETTINGS).fit(X[:480], labels).score_tasks(X[480:], Y[480:])
    alone = [
        MultiTabRegressor(**SETTINGS)
        .fit(X[60 * task : 60 * task + 60], Y[60 * task : 60 * task + 60, task])
        .score(X[480:], Y[480:, task])
        for task in range(3)
    ]
    assert together[:3].mean() > np.mean(alone) + 0.05
