"""Survival of rows that are alive at a time, and at times of their own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl import RMTGB, MultiTabSurvival, RMTGBSurvival
from skmtl.datasets import make_survival
from skmtl.tasks import Survival

X, Y = make_survival(120, random_state=0)
BOOSTED = {"n_rounds": 5, "n_bags": 1, "random_state": 0}
MODELS = {
    "hazard": RMTGBSurvival(**BOOSTED),
    "density": RMTGBSurvival(interpolation="density", **BOOSTED),
    "terms": RMTGBSurvival(horizons=[3.0, 8.0], **BOOSTED),
    "network": MultiTabSurvival(max_epochs=1, n_bags=1, random_state=0),
}


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return MODELS[request.param].fit(X, Y)


def times_of(model):
    return np.linspace(0, model.follow_up_, 7)


def test_conditional_survival_is_a_ratio(model):
    times = times_of(model)
    plain = model.predict_survival_function(X, times)
    for given in (0.0, times[1], 0.37 * model.follow_up_):
        start = model.predict_survival_function(X, [given])
        expected = np.where(times <= given, 1.0, plain / start)
        found = model.predict_survival_function(X, times, given=given)
        np.testing.assert_allclose(found, expected, rtol=1e-9)
    np.testing.assert_allclose(model.predict_survival_function(X, times, given=0), plain)


def test_each_row_has_a_time_of_its_own(model):
    rng = np.random.default_rng(0)
    times, given = (rng.uniform(0, model.follow_up_, len(X)) for _ in range(2))
    at = model.predict_survival_at(X, times)
    one_by_one = np.diag(model.predict_survival_function(X, times))
    np.testing.assert_allclose(at, one_by_one, rtol=1e-9)
    since = np.diag(model.predict_survival_function(X, given))
    found = model.predict_survival_at(X, times, given=given)
    np.testing.assert_allclose(found, np.where(times <= given, 1.0, at / since), rtol=1e-9)
    whole = model.predict_survival_function(X, times, given=given)
    np.testing.assert_allclose(np.diag(whole), found, rtol=1e-9)


def test_one_time_is_that_of_all_rows(model):
    time = model.follow_up_ / 2
    expected = model.predict_survival_function(X, [time])[:, 0]
    np.testing.assert_allclose(model.predict_survival_at(X, time), expected, rtol=1e-9)


def test_several_events_have_times_by_event():
    late = Y[::-1].set_axis(Y.index)
    table = pd.concat([Y.add_prefix("a_"), late.add_prefix("b_")], axis=1)
    kinds = {n: Survival(event=f"{n}_event", time=f"{n}_duration") for n in ("a", "b")}
    model = RMTGB(tasks=kinds, **BOOSTED).fit(X, table)
    found = model.predict_survival_function(X, [2.0], given={"a": 1.0})
    plain = model.predict_survival_function(X, [1.0, 2.0])
    np.testing.assert_allclose(found["a"][:, 0], plain["a"][:, 1] / plain["a"][:, 0])
    np.testing.assert_allclose(found["b"][:, 0], plain["b"][:, 1])
    assert list(model.predict_survival_at(X, {"b": 2.0})) == ["b"]


def test_times_that_do_not_suit_are_refused():
    model = MODELS["hazard"].fit(X, Y)
    with pytest.raises(ValueError, match="3 times for 120 rows"):
        model.predict_survival_at(X, [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="curves are known up to"):
        model.predict_survival_at(X, 1e9)
    with pytest.raises(ValueError, match="must be numbers from 0"):
        model.predict_survival_function(X, [1.0], given=-1.0)
