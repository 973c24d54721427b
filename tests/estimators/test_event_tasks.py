"""Times to events beside other targets have the curves of survival estimators."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError

from skmtl import RMTGB, GroupedTasks, MultiTab
from skmtl.datasets import make_survival
from skmtl.scoring import score_frame
from skmtl.survival import SurvivalCurvesDisplay, integrated_brier_score, survival_scorer
from skmtl.tasks import CompetingRisks, Survival

ENGINES = {
    "network": lambda **options: MultiTab(
        n_bags=1, max_epochs=3, row_size=8, n_members=2, random_state=0, **options
    ),
    "boosting": lambda **options: RMTGB(
        n_bags=1, n_rounds=10, blocks=("shared",), random_state=0, **options
    ),
}
TIMES = [0.0, 1.0, 4.0]
CURVES = [
    "predict_survival_function",
    "predict_cumulative_hazard_function",
    "predict_cumulative_incidence",
    "predict_median_time",
    "predict_rmst",
    "read_events",
    "unique_times_",
    "follow_up_",
]


@pytest.fixture(scope="module", params=ENGINES)
def make(request):
    return ENGINES[request.param]


@pytest.fixture(scope="module")
def one(make):
    """One time to an event, with missing labels, between a number and a class."""
    X, y = make_survival(200, random_state=0)
    missing = X.index % 5 == 0
    Y = pd.DataFrame(
        {
            "spend": 3 * X["x_0"] + 1,
            "died": y["event"].astype("Int64").mask(missing),
            "days": y["duration"].mask(missing),
            "large": X["x_1"] > 0,
        }
    )
    return X, Y, make(tasks={"death": Survival(5, event="died", time="days")}).fit(X, Y)


@pytest.fixture(scope="module")
def two(make):
    """One event and one with two causes, beside a number."""
    X, y = make_survival(200, kind="competing", random_state=0)
    Y = pd.DataFrame(
        {
            "spend": 3 * X["x_0"] + 1,
            "exit_event": y["event"],
            "exit_time": y["duration"],
            "death_event": y["event"] == 1,
            "death_time": y["duration"],
        }
    )
    return X, Y, make(tasks={"exit": CompetingRisks(5), "death": Survival(5)}).fit(X, Y)


def test_curves_of_one_event(one):
    X, _, model = one
    assert model.event_names_ == ["death"]
    survival = model.predict_survival_function(X, TIMES)
    assert survival.shape == (len(X), len(TIMES))
    assert (survival[:, 0] == 1).all()
    assert (np.diff(survival, axis=1) < 0).all()
    incidence = model.predict_cumulative_incidence(X, TIMES)
    assert_allclose(incidence[1], 1 - survival, atol=1e-12)
    hazard = model.predict_cumulative_hazard_function(X, TIMES)
    assert_allclose(np.exp(-hazard), survival)
    # The risk is the mean incidence over the cuts.
    at_cuts = model.predict_survival_function(X, return_array=True)
    assert_allclose(1 - at_cuts.mean(axis=1), model.predict(X)["death"])
    halved = model.predict_median_time(X)
    reached = np.flatnonzero(np.isfinite(halved))[:3]
    assert len(reached)
    for row in reached:
        one_row = model.predict_survival_function(X.iloc[[row]], [halved[row]])
        assert one_row <= 0.5 + 1e-6


def test_curves_of_several_events(two):
    X, _, model = two
    assert model.event_names_ == ["exit", "death"]
    assert list(model.predict_rmst(X, 3.0)) == model.event_names_
    survival = model.predict_survival_function(X, {"exit": TIMES, "death": [1.0]})
    incidence = model.predict_cumulative_incidence(X, {"exit": TIMES})["exit"]
    assert list(incidence) == [1, 2]
    assert_allclose(incidence[1] + incidence[2] + survival["exit"], 1)
    assert survival["death"].shape == (len(X), 1)


def test_only_where_a_task_is_a_time_to_an_event(make, one):
    X, Y, model = one
    with pytest.raises(NotFittedError):
        _ = make().follow_up_
    without = make().fit(X, Y[["spend", "large"]])
    for name in CURVES:
        assert hasattr(model, name)
        assert not hasattr(without, name)
    with pytest.raises(AttributeError) as caught:
        without.predict_rmst(X)
    assert "is a time to an event" in str(caught.value.__cause__)


def test_survival_scorer_takes_the_events(one, two):
    X, Y, model = one
    rows = Y["days"].notna().to_numpy()
    labels = {"event": Y["died"][rows].astype(int), "duration": Y["days"][rows]}
    curves = model.predict_survival_function(X, [1.0, 4.0])[rows]
    scorer = survival_scorer(times=[1.0, 4.0])
    assert scorer(model, X, Y) == -integrated_brier_score(labels, curves, [1.0, 4.0])
    assert scorer(model, X, Y[["days", "died"]]) == scorer(model, X, Y)

    X, Y, model = two
    exit_, death = (survival_scorer(event=name)(model, X, Y) for name in model.event_names_)
    # Exit has two causes, each with a score of its own; here y holds one of the events only.
    assert survival_scorer()(model, X, Y[["exit_event", "exit_time"]]) == exit_
    both = survival_scorer()(model, X, Y)
    assert both == pytest.approx((2 * exit_ + death) / 3)


def test_display_of_an_event(two):
    pytest.importorskip("matplotlib").use("agg")
    X, Y, model = two
    display = SurvivalCurvesDisplay.from_estimator(model, X, Y, event="death")
    curves = model.predict_survival_function(X, {"death": display.times})["death"]
    drawn = np.mean(list(display.predicted.values()), axis=0)
    assert_allclose(drawn, curves.mean(axis=0), atol=0.01)


def test_other_outputs_stay(one):
    X, _, model = one
    scored = score_frame(model, X, times=[1.0])
    assert [c for c in scored if c.startswith("death")] == ["death_risk", "death_survival_1"]
    assert_array_equal(scored["spend_prediction"], model.predict(X)["spend"])
    survival = model.predict_survival_function(X, [1.0])[:, 0]
    assert_array_equal(scored["death_survival_1"], survival)


def test_a_fitted_model_may_be_grouped(one):
    X, Y, model = one
    groups = [["spend", "death"], ["large"]]
    grouped = GroupedTasks(model, groups=groups).fit(X, Y)
    assert grouped.predict(X).columns.tolist() == ["spend", "death", "large"]
