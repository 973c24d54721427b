"""Pictures of survival models."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl import MultiTabSurvival, RMTGBSurvival
from skmtl.datasets import make_survival
from skmtl.survival import (
    IncidenceDisplay,
    SurvivalCalibrationDisplay,
    SurvivalCurvesDisplay,
    aalen_johansen,
    kaplan_meier,
)

pyplot = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(scope="module", params=["single", "competing", "several"])
def fitted(request):
    X, y = make_survival(150, kind=request.param, random_state=0)
    model = MultiTabSurvival(n_bags=1, max_epochs=3, row_size=16, random_state=0).fit(X, y)
    return X, y, model, "event_1" if request.param == "several" else None


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def test_curves_of_groups(fitted):
    X, y, model, event = fitted
    groups = np.where(X["x_0"] > 0, "high", "low")
    display = SurvivalCurvesDisplay.from_estimator(model, X, y, groups=groups, event=event)
    assert list(display.predicted) == ["high", "low"]
    labels = model.read_events(y).iloc[:, -1]
    observed = kaplan_meier(labels[groups == "low"])
    np.testing.assert_array_equal(display.observed["low"](display.times), observed(display.times))
    assert len(display.ax_.lines) == 4


def test_curves_are_means_over_the_rows_with_a_label(fitted):
    X, y, model, event = fitted
    y, groups = y.astype(float), np.where(X["x_0"] > 0, "high", "low")
    seen = np.arange(len(X)) % 3 > 0
    some = SurvivalCurvesDisplay.from_estimator(
        model, X, y.where(pd.Series(seen)), groups=groups, event=event
    )
    alone = SurvivalCurvesDisplay.from_estimator(
        model, X[seen], y[seen], groups=groups[seen], event=event
    )
    assert list(some.predicted) == list(alone.predicted)
    for group, curve in alone.predicted.items():
        np.testing.assert_allclose(some.predicted[group], curve, rtol=1e-6)
    with pytest.raises(ValueError, match="no observed label"):
        SurvivalCurvesDisplay.from_estimator(model, X, y.where(y < 0), event=event)


def test_lengths_must_agree(fitted):
    X, y, model, event = fitted
    for groups in (["a"], ["a"] * 149, ["a"] * 151):
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            SurvivalCurvesDisplay.from_estimator(model, X, y, groups=groups, event=event)
    with pytest.raises(ValueError, match=r"the group of each row, .* got 'x_0'"):
        SurvivalCurvesDisplay.from_estimator(model, X, y, groups="x_0", event=event)
    with pytest.raises(ValueError, match=r"inconsistent .*150, 149"):
        SurvivalCurvesDisplay.from_estimator(model, X, y[:149], event=event)
    with pytest.raises(ValueError, match=r"inconsistent .*150, 149"):
        SurvivalCalibrationDisplay.from_estimator(model, X, y[:149], 4.0, event=event)


def test_curves_of_thirds_by_risk(fitted):
    X, y, model, event = fitted
    display = SurvivalCurvesDisplay.from_estimator(model, X, y, event=event)
    low, high = (display.predicted[f"{word} risk"] for word in ("low", "high"))
    assert low.mean() > high.mean()


def test_calibration(fitted):
    X, y, model, event = fitted
    axes = pyplot.subplots()[1]
    display = SurvivalCalibrationDisplay.from_estimator(
        model, X, y, 4.0, n_bins=5, event=event, ax=axes
    )
    assert display.ax_ is axes
    assert (np.diff(display.predicted) >= 0).all()
    assert display.observed.shape == (5,)


def test_calibration_of_a_cause(fitted):
    X, y, model, event = fitted
    incidence = model.predict_cumulative_incidence(X, [4.0])
    incidence = incidence if event is None else incidence[event]
    for cause, values in incidence.items():
        display = SurvivalCalibrationDisplay.from_estimator(
            model, X, y, 4.0, n_bins=2, event=event, cause=cause
        )
        seen = ~model.read_events(y).iloc[:, -1].isna().to_numpy()
        order = np.flatnonzero(seen)[np.argsort(values[seen, 0], kind="stable")]
        for part, halves in enumerate(np.array_split(order, 2)):
            labels = model.read_events(y).iloc[halves, -1]
            assert display.predicted[part] == pytest.approx(values[halves, 0].mean())
            assert display.observed[part] == aalen_johansen(labels)[cause](4.0)
        assert f"incidence of cause {cause} at 4" in display.ax_.get_xlabel()
    with pytest.raises(ValueError, match="There is no cause 5"):
        SurvivalCalibrationDisplay.from_estimator(model, X, y, 4.0, event=event, cause=5)


def test_a_cause_that_none_of_some_rows_had_has_no_incidence():
    X, y = make_survival(60, kind="competing", random_state=0)
    model = RMTGBSurvival(n_bags=1, n_rounds=5, blocks=("shared",), random_state=0).fit(X, y)
    first = y.assign(event=y["event"] > 0)
    display = SurvivalCalibrationDisplay.from_estimator(model, X, first, 4.0, n_bins=2, cause=2)
    assert display.observed.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("n_bins", [0, 1, 2.5])
def test_bins_must_be_a_number_of_them(fitted, n_bins):
    X, y, model, event = fitted
    with pytest.raises(ValueError, match="n_bins must be a whole number"):
        SurvivalCalibrationDisplay.from_estimator(model, X, y, 4.0, n_bins=n_bins, event=event)


def test_models_in_searches_and_pipelines_are_drawn(fitted):
    X, y, _, event = fitted
    model = RMTGBSurvival(n_bags=1, n_rounds=5, blocks=("shared",), random_state=0)
    pipeline = make_pipeline(StandardScaler(), model)
    search = GridSearchCV(pipeline, {"rmtgbsurvival__cuts": [4]}, cv=2).fit(X, y)
    scaled = search.best_estimator_[0].transform(X)
    fitted_within = search.best_estimator_[-1]
    for draw in (
        partial(SurvivalCurvesDisplay.from_estimator, y=y, event=event),
        partial(SurvivalCalibrationDisplay.from_estimator, y=y, time=4.0, event=event),
        partial(IncidenceDisplay.from_estimator, event=event),
    ):
        whole, within = draw(search, X), draw(fitted_within, scaled)
        np.testing.assert_array_equal(whole.ax_.dataLim, within.ax_.dataLim)


def test_incidences_and_survival_fill_the_picture(fitted):
    X, _, model, event = fitted
    display = IncidenceDisplay.from_estimator(model, X, event=event)
    survival = model.predict_survival_function(X, display.times)
    survival = survival if event is None else survival[event]
    np.testing.assert_allclose(sum(display.incidence.values()) + survival.mean(axis=0), 1)


def test_events_that_end_at_other_times_are_drawn():
    X, y = make_survival(80, kind="several", random_state=0)
    late = y.assign(event_1_time=y["event_1_time"] * 100)
    model = RMTGBSurvival(n_bags=1, n_rounds=5, blocks=("shared",), random_state=0).fit(X, late)
    for event, end in model.follow_up_.items():
        curves = SurvivalCurvesDisplay.from_estimator(model, X, late, event=event)
        stacks = IncidenceDisplay.from_estimator(model, X, event=event)
        assert curves.times[-1] == stacks.times[-1] == end
    SurvivalCalibrationDisplay.from_estimator(model, X, late, 200.0, event="event_1")


def test_the_event_must_be_known(fitted):
    X, y, model, event = fitted
    with pytest.raises(ValueError, match="There is no event 'x'"):
        SurvivalCurvesDisplay.from_estimator(model, X, y, event="x")
    if event is not None:
        with pytest.raises(ValueError, match="Name the event"):
            IncidenceDisplay.from_estimator(model, X)


@pytest.fixture(scope="module")
def long_follow_up():
    """A model of exponential times that were followed up to 40, with its rows."""
    rng, n = np.random.default_rng(0), 600
    X = pd.DataFrame({"x": rng.normal(size=n)})
    rate = np.exp(X["x"]) / 10
    time, end = rng.exponential(1 / rate), rng.uniform(0, 40, n)
    y = pd.DataFrame({"event": (time <= end).astype(int), "duration": np.minimum(time, end)})
    model = RMTGBSurvival(n_bags=1, n_rounds=20, blocks=("shared",), random_state=0).fit(X, y)
    return X, y, model


def test_nothing_is_drawn_past_the_follow_up(long_follow_up):
    X, y, model = long_follow_up
    short = y.assign(
        event=y["event"].where(y["duration"] <= 5, 0), duration=y["duration"].clip(upper=5)
    )
    # The groups are followed up to 2 and up to 5.
    risk = model.predict(X)
    early = risk > np.median(risk)
    short.loc[early, "event"] = short["event"].where(short["duration"] <= 2, 0)
    short.loc[early, "duration"] = short["duration"].clip(upper=2)
    groups = np.where(early, "b", "a")
    display = SurvivalCurvesDisplay.from_estimator(model, X, short, groups=groups)
    assert model.follow_up_ > 30
    assert display.times[-1] == 5
    assert display.follow_up == {"a": 5, "b": 2}
    steps = display.ax_.lines[3]
    drawn = steps.get_xdata()[~np.isnan(steps.get_ydata())]
    assert 1.9 < drawn.max() <= 2
    with pytest.raises(ValueError, match="Nobody in y is followed up to the time 8"):
        SurvivalCalibrationDisplay.from_estimator(model, X, short, 8.0)
    with pytest.raises(ValueError, match="Nobody in y is followed up to the time 8"):
        SurvivalCalibrationDisplay.from_estimator(model, X, short, 8.0, cause=1)
    # The rows at high risk leave at 2; their groups come first, as they survive the least.
    display = SurvivalCalibrationDisplay.from_estimator(model, X, short, 4.0, n_bins=4)
    assert np.isnan(display.observed).tolist()[::3] == [True, False]
    assert (np.isnan(display.observed) == np.isnan(display.low)).all()
    assert display.low[-1] < display.observed[-1] < display.high[-1]


def test_groups_of_the_calibration_have_rows_enough(long_follow_up):
    X, y, model = long_follow_up
    for n, expected in ((60, 2), (279, 5), (600, 10)):
        display = SurvivalCalibrationDisplay.from_estimator(model, X[:n], y[:n], 4.0)
        assert len(display.observed) == expected
    alike = pd.DataFrame({"x": np.zeros(100)})
    display = SurvivalCalibrationDisplay.from_estimator(model, alike, y[:100], 4.0)
    assert len(display.observed) == 1
    with pytest.raises(ValueError, match="time must be a number"):
        SurvivalCalibrationDisplay.from_estimator(model, X, y, [4.0])


def test_groups_keep_their_order(long_follow_up):
    X, y, model = long_follow_up
    display = SurvivalCurvesDisplay.from_estimator(model, X, y)
    words = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    styles = ["predicted", "observed (Kaplan-Meier)"]
    assert words == ["low risk", "middle risk", "high risk", *styles]
    sizes = pd.Categorical.from_codes(X["x"].gt(0).astype(int), ["small", "large"], ordered=True)
    display = SurvivalCurvesDisplay.from_estimator(model, X, y, groups=sizes)
    assert list(display.predicted) == ["small", "large"]
    display = SurvivalCurvesDisplay.from_estimator(model, X, y, groups=pd.Series(sizes))
    assert list(display.predicted) == ["small", "large"]


def test_intervals_hold_the_truth():
    """Of shares they are Wilson's; of censored rows they hold the truth 95 times in 100."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": np.repeat([0.0, 1.0], 40)})
    time = rng.exponential(size=(40, 80))
    end = rng.uniform(0, 3, (40, 80))
    model = RMTGBSurvival(n_bags=1, n_rounds=2, blocks=("shared",), random_state=0)
    model.fit(X, {"event": np.ones(80), "duration": time[0]})
    held = []
    for times, ends in zip(time, end, strict=True):
        y = {"event": times <= ends, "duration": np.minimum(times, ends)}
        display = SurvivalCalibrationDisplay.from_estimator(model, X, y, 1.0, n_bins=2)
        held += list((display.low < np.exp(-1)) & (np.exp(-1) < display.high))
        pyplot.close("all")
    assert 0.88 < np.mean(held) <= 1
    plain = {"event": np.ones(80), "duration": np.where(np.arange(80) % 40 < 10, 0.5, 2.0)}
    display = SurvivalCalibrationDisplay.from_estimator(model, X, plain, 1.0, n_bins=2)
    assert display.observed.tolist() == [0.75]  # alike predictions are one group
    interval = [display.low[0], display.high[0]]
    np.testing.assert_allclose(interval, [0.645153, 0.831938], atol=1e-6)  # of 60 in 80
