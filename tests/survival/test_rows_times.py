"""Survival of rows that are alive at a time, and at times of their own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl import RMTGB, MultiTabSurvival, MultiTaskLinearSurvival, RMTGBSurvival
from skmtl.datasets import make_survival
from skmtl.tasks import Curves, Survival

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


COMPETING = {
    "hazard": RMTGBSurvival(**BOOSTED),
    "density": RMTGBSurvival(interpolation="density", **BOOSTED),
    "terms": RMTGBSurvival(horizons=[3.0, 8.0], **BOOSTED),
    "linear": MultiTaskLinearSurvival(early_stopping=False, alpha=1.0),
}


@pytest.mark.parametrize("name", COMPETING)
def test_conditional_incidences_are_ratios_and_sum_to_one(name):
    X, Y = make_survival(120, kind="competing", random_state=0)
    model = COMPETING[name].fit(X, Y)
    times = times_of(model)
    plain = model.predict_cumulative_incidence(X, times)
    given = np.random.default_rng(0).uniform(0, model.follow_up_, len(X))
    found = model.predict_cumulative_incidence(X, times, given=given)
    alive = model.predict_survival_function(X, times, given=given)
    np.testing.assert_allclose(sum(found.values()) + alive, 1, rtol=1e-9)
    since = model.predict_cumulative_incidence(X, given)
    start = np.diag(model.predict_survival_function(X, given))[:, None]
    for cause, incidence in found.items():
        ratio = (plain[cause] - np.diag(since[cause])[:, None]) / start
        expected = np.where(times <= given[:, None], 0.0, ratio)
        np.testing.assert_allclose(incidence, expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(
        model.predict_cumulative_incidence(X, times, given=0.0)[1], plain[1], rtol=1e-9
    )


def test_the_incidence_of_one_event_is_what_survival_leaves(model):
    times = times_of(model)
    found = model.predict_cumulative_incidence(X, times, given=times[2])[1]
    alive = model.predict_survival_function(X, times, given=times[2])
    np.testing.assert_allclose(found, 1 - alive, atol=1e-9)


def test_incidences_of_rows_that_hardly_live_are_exact():
    hazard, share = np.array([[40.0, 1.0]]), np.array([[[0.5, 0.5], [0.25, 0.75]]])
    curves = Curves(np.array([0.0, 1.0, 2.0]), hazard, share, 2.0, "hazard")
    found = curves.conditional_incidence([0.5, 1.5, 2.0], np.array([1.0]))
    fallen = -np.expm1([-0.5, -1.0])
    np.testing.assert_allclose(found[0, :, 0], [0, *(0.25 * fallen)], rtol=1e-12)
    nobody = Curves(np.array([0.0, 1.0, 2.0]), hazard * [np.inf, 1], share, 2.0, "hazard")
    assert np.isnan(nobody.conditional_incidence([1.5], np.array([1.0]))).all()


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
