"""One label in a hundred is far off: the losses that grow no faster than the error ignore it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl import RMTGB, MultiTab
from skmtl.tasks import Quantile, Regression

KINDS = [Regression("absolute"), Regression("huber"), Quantile((0.5,)), Quantile((0.1, 0.5, 0.9))]
N_TRAINING = 600


def table(outlier, *, long):
    """Rows whose labels are f with little noise, some of the first ones outliers; and f."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(900, 3)), columns=list("abc"))
    truth = (X["a"] + np.where(X["b"] > 0, 1.0, -1.0)).to_numpy()
    if long:
        X["site"] = rng.integers(8, size=len(X)).astype(str)
        truth = truth + 3.0 * X["site"].astype(int).to_numpy()
    labels = truth + rng.normal(scale=0.3, size=len(X))
    labels[:N_TRAINING:100] = outlier
    return X, pd.DataFrame({"y": labels}), truth


def error(model, X, y, truth):
    """Mean absolute error of new rows, as a share of that of their median."""
    model.fit(X[:N_TRAINING], y[:N_TRAINING])
    predicted, truth = model.predict(X[N_TRAINING:]).to_numpy().ravel(), truth[N_TRAINING:]
    return np.abs(predicted - truth).mean() / np.abs(truth - np.median(truth)).mean()


@pytest.mark.parametrize("outlier", [1e5, -1e9])
@pytest.mark.parametrize("long", [False, True], ids=["wide", "long"])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_boosting_learns_the_other_labels(kind, long, outlier):
    column = "site" if long else None
    model = RMTGB(
        tasks={"y": kind}, task_column=column, blocks=("shared", "task"), n_bags=1, random_state=0
    )
    assert error(model, *table(outlier, long=long)) < 0.25


@pytest.mark.parametrize("early_stopping", [True, False])
def test_no_leaf_of_boosting_consists_of_outliers(early_stopping):
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.normal(size=(500, 4))).add_prefix("x")
    X["site"] = pd.Categorical(rng.integers(5, size=len(X)))
    truth = X["x0"] + (X["x1"] > 0) * (1 + 0.2 * X["site"].astype(int))
    y = truth + rng.normal(scale=0.1, size=len(X))
    is_outlier = rng.random(len(X)) < 0.05
    model = RMTGB(
        tasks=Regression("absolute"), task_column="site", early_stopping=early_stopping,
        blocks=("shared", "partition", "task"), n_bags=2, random_state=0,
    ).fit(X, y.where(~is_outlier, -1e7).to_frame("y"))  # fmt: skip
    error = (model.predict(X)["y"] - truth).abs()
    assert error[~is_outlier].mean() < 0.25


@pytest.mark.parametrize("outlier", [1e5, -1e9])
@pytest.mark.parametrize("long", [False, True], ids=["wide", "long"])
@pytest.mark.parametrize("kind", KINDS[:2], ids=str)
def test_networks_learn_the_other_labels(kind, long, outlier):
    column = "site" if long else None
    model = MultiTab(
        tasks={"y": kind},
        task_column=column,
        max_epochs=12,
        row_size=32,
        n_members=4,
        learning_rate=0.01,
        n_bags=1,
        random_state=0,
    )
    assert error(model, *table(outlier, long=long)) < 0.25
