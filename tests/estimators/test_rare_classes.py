"""Losses for rare classes, in every engine."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import recall_score, roc_auc_score

from skmtl import RMTGB, MultiTab, MultiTaskLinear, load
from skmtl.tasks import Binary
from tests.export.graphs import assert_same_outputs

N = 800
RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(2 * N, 3)), columns=list("abc"))
LOG_ODDS = pd.DataFrame({"click": X["a"], "like": 2 * X["b"] - 4})
Y = (RNG.random(LOG_ODDS.shape) < 1 / (1 + np.exp(-LOG_ODDS))).astype(int)
X_TEST, Y_TEST = X[N:], Y[N:]
MODELS = {
    "boosting": (RMTGB, {"n_rounds": 15, "n_bags": 1}),
    "linear": (MultiTaskLinear, {}),
    "network": (MultiTab, {"n_bags": 1, "row_size": 32, "max_epochs": 8, "learning_rate": 0.02}),
}


@pytest.fixture(scope="module", params=MODELS)
def models(request):
    model, parameters = MODELS[request.param]
    return {
        loss: model(random_state=0, tasks={"like": Binary(loss=loss)}, **parameters).fit(
            X[:N], Y[:N]
        )
        for loss in ("focal", "logit_adjusted")
    }


def liked(model):
    return model.predict_proba(X_TEST)[1][:, 1]


def test_both_tell_rare_rows_apart(models):
    for model in models.values():
        best = roc_auc_score(Y_TEST["like"], LOG_ODDS["like"][N:])
        assert roc_auc_score(Y_TEST["like"], liked(model)) > best - 0.08


def test_probabilities_of_the_focal_loss_are_calibrated_in_the_mean(models):
    assert liked(models["focal"]).mean() == pytest.approx(Y_TEST["like"].mean(), abs=0.03)


def test_the_adjusted_loss_finds_the_rare_class(models):
    predicted = models["logit_adjusted"].predict(X_TEST)["like"]
    assert recall_score(Y_TEST["like"], predicted) > 0.6


def test_files_and_graphs_predict_the_same(models, tmp_path):
    for model in models.values():
        model.save(tmp_path / "model.skmtl")
        np.testing.assert_array_equal(liked(load(tmp_path / "model.skmtl")), liked(model))
        assert_same_outputs(model, X_TEST)
