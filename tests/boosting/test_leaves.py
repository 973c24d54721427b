"""Leaves have quantiles of residuals for losses without a second derivative."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from skmtl import RMTGB
from skmtl.tasks import Quantile, Regression

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(400, 3)), columns=list("abc"))
SIGNAL = X["a"] + np.where(X["b"] > 0, 1.0, -1.0)
Y = SIGNAL + RNG.gumbel(size=len(X))
WEIGHT = RNG.uniform(0.5, 2.0, len(X))


def boosting(tasks, **parameters):
    settings = {"early_stopping": False, "random_state": 0, "n_jobs": 1} | parameters
    return RMTGB(tasks=tasks, **settings)


def pinball(y, predicted, level):
    return np.mean(np.maximum(level * (y - predicted), (level - 1) * (y - predicted)))


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_a_leaf_holds_the_quantile_of_its_labels(level):
    model = boosting(
        {"y": Quantile((level,))}, blocks=("shared",), n_rounds=1, learning_rate=1.0, num_leaves=5
    ).fit(X, Y.to_frame("y"), sample_weight=WEIGHT)
    rows = pd.DataFrame({"leaf": np.asarray(model.predict(X)).ravel(), "y": Y, "weight": WEIGHT})
    leaves = list(rows.groupby("leaf"))
    assert len(leaves) == 5
    for predicted, leaf in leaves:
        expected = np.quantile(leaf["y"], level, weights=leaf["weight"], method="inverted_cdf")
        assert predicted == pytest.approx(expected, abs=1e-6)


MEDIAN, LEVELS = Regression("absolute"), Quantile((0.1, 0.5, 0.9))
CASES = {
    "wide": (("shared", "partition", "task"), False, {"y": MEDIAN, "z": "regression"}),
    "levels": (("shared", "task"), False, {"y": LEVELS, "z": MEDIAN}),
    "long": (("signature", "partition", "task"), True, {"y": Quantile((0.2, 0.8))}),
    "binary": (("partition",), False, {"y": Quantile((0.7,)), "z": "binary"}),
}


@pytest.mark.parametrize("case", CASES)
def test_losses_by_round_are_those_of_the_predictions(case):
    """The scores during training are those of the stored trees."""
    blocks, long, tasks = CASES[case]
    rows = X.assign(id=np.arange(len(X)) % 3) if long else X
    labels = pd.DataFrame({"y": Y, "z": SIGNAL > 0 if tasks.get("z") == "binary" else SIGNAL})
    labels = labels[list(tasks)]
    model = boosting(tasks, blocks=blocks, n_rounds=6, task_column="id" if long else None)
    model.fit(rows, labels)
    heads = model.task_set_
    scores = model._engine().raw_scores(model._fitted, model.__skmtl_fitted__().read(rows), heads)
    encoded = heads.encode(labels, group=None)
    losses = heads.mean_losses(scores, encoded, np.ones(labels.shape))
    pools = model._fitted.pools
    for targets, boosted in pools:
        recorded = boosted.bags[0].history["loss"].iloc[-1]
        np.testing.assert_allclose(recorded, losses[list(targets)].mean(), rtol=1e-9)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("unit", [1.0, 1e4])
def test_quantiles_are_learnt_as_well_as_by_lightgbm(level, unit):
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(1500, 3))
    y = unit * np.exp(rows[:, 0] + np.where(rows[:, 1] > 0, 1, 0) + 0.5 * rng.normal(size=1500))
    training, test = np.s_[:1000], np.s_[1000:]
    parameters = {"objective": "quantile", "alpha": level, "num_leaves": 8, "verbosity": -1}
    other = lgb.train(
        parameters | {"learning_rate": 0.1, "num_threads": 1},
        lgb.Dataset(rows[training], y[training]),
        60,
    )
    model = boosting(
        {"y": Quantile((level,))}, blocks=("shared",), n_rounds=60, learning_rate=0.1
    ).fit(rows[training], pd.DataFrame({"y": y[training]}))
    ours, theirs = (
        pinball(y[test], np.ravel(each.predict(rows[test])), level) for each in (model, other)
    )
    assert ours < 1.05 * theirs


def test_monotone_constraints_hold():
    """The quantile of a leaf alone could violate them."""
    model = boosting(
        {"y": Quantile((0.5,))}, blocks=("shared",), n_rounds=40, monotone_constraints={"a": 1}
    ).fit(X, Y.to_frame("y"))
    line = pd.DataFrame({"a": np.linspace(-2, 2, 50), "b": 0.5, "c": 0.0})
    assert (np.diff(np.ravel(model.predict(line))) >= 0).all()


@pytest.mark.filterwarnings("ignore:In more than half of the validation rows")
def test_held_out_rows_are_in_no_quantile():
    """Held-out labels may have any value."""
    eval_set = (X[300:], Y[300:].to_frame("y"))
    strange = (X[300:], (Y[300:] + 1e3 * (X["c"][300:] > 0)).to_frame("y"))
    models = [
        RMTGB(tasks={"y": Quantile((0.9,))}, blocks=("shared",), n_rounds=1, random_state=0).fit(
            X[:300], Y[:300].to_frame("y"), eval_set=rows
        )
        for rows in (eval_set, strange)
    ]
    one, other = (m._fitted.pools[0][1].bags[0].history["loss"] for m in models)
    np.testing.assert_array_equal(one, other)
