"""Categories of few rows are used by boosting where held-out rows say so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import r2_score

from skmtl import RMTGB, RMTGBRegressor, RMTGBSurvival

N_SHOPS, PER_SHOP = 100, 5
QUICK = {"n_bags": 1, "n_rounds": 100, "learning_rate": 0.2, "random_state": 0}
LEFT_OUT = {"lightgbm_params": {"cat_smooth": 10}}  # LightGBM's default


def rows(shops, seed, effect=1.0):
    """Create features, with shops as text, and labels by the effects of the shops."""
    rng = np.random.default_rng(seed)
    effects = effect * np.random.default_rng(0).normal(size=N_SHOPS)
    X = pd.DataFrame({"size": rng.normal(size=len(shops)), "shop": [f"s{i}" for i in shops]})
    return X, effects[shops] + 0.5 * X["size"] + 0.3 * rng.normal(size=len(shops))


SHOPS = np.random.default_rng(1).permutation(np.repeat(np.arange(N_SHOPS), PER_SHOP))
TEST_SHOPS = np.repeat(np.arange(N_SHOPS), 10)


def test_effects_of_shops_with_five_rows_are_learnt():
    (X, y), (X_test, y_test) = rows(SHOPS, 2), rows(TEST_SHOPS, 3)
    score = r2_score(y_test, RMTGBRegressor(**QUICK).fit(X, y).predict(X_test))
    assert score > 0.8
    left_out = RMTGBRegressor(**QUICK, **LEFT_OUT).fit(X, y).predict(X_test)
    assert r2_score(y_test, left_out) < 0.4


def test_effects_that_differ_by_target_are_learnt_from_few_labels():
    shops = np.concatenate([SHOPS, SHOPS])
    X, y = rows(shops, 4)
    opposite = -y + X["size"] + 0.1
    Y = pd.DataFrame({"there": y, "back": opposite, "noise": 0 * y + X["size"] ** 2})
    Y = Y.mask(np.random.default_rng(5).random(Y.shape) < 0.5)
    X_test, y_test = rows(TEST_SHOPS, 6)
    predicted = RMTGB(blocks=("task",), **QUICK).fit(X, Y).predict(X_test)
    assert r2_score(y_test, predicted["there"]) > 0.6
    assert r2_score(-y_test + X_test["size"], predicted["back"]) > 0.6


def test_times_to_events_depend_on_shops():
    def times(shops, seed):
        X, log_time = rows(shops, seed)
        dtype = [("event", bool), ("time", float)]
        return X, np.array([(True, time) for time in np.exp(log_time)], dtype=dtype)

    model = RMTGBSurvival(**QUICK).fit(*times(SHOPS, 7))
    assert model.score(*times(TEST_SHOPS, 8)) > 0.75


@pytest.mark.parametrize("early_stopping", [True, False])
def test_shops_without_an_effect_are_left_out(early_stopping):
    X, y = rows(SHOPS, 9, effect=0.0)
    settings = {**QUICK, "n_rounds": 30, "early_stopping": early_stopping}
    model = RMTGBRegressor(**settings).fit(X, y)
    left_out = RMTGBRegressor(**settings, **LEFT_OUT).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), left_out.predict(X))


def test_categories_with_many_rows_are_used_as_before():
    X, y = rows(SHOPS % 10, 10)
    grown = RMTGBRegressor(**QUICK, **LEFT_OUT).fit(X, y).predict(X)
    np.testing.assert_array_equal(RMTGBRegressor(**QUICK).fit(X, y).predict(X), grown)


def test_only_rare_categories_of_new_shops_are_left_out():
    X, y = rows(SHOPS, 11)
    last = SHOPS >= 80
    model = RMTGBRegressor(**QUICK).fit(X[~last], y[~last], eval_set=(X[last], y[last]))
    left_out = RMTGBRegressor(**QUICK, **LEFT_OUT)
    left_out.fit(X[~last], y[~last], eval_set=(X[last], y[last]))
    np.testing.assert_array_equal(model.predict(X), left_out.predict(X))
