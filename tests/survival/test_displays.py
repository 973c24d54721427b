"""Pictures of survival models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl import MultiTabSurvival
from skmtl.datasets import make_survival
from skmtl.survival import (
    IncidenceDisplay,
    SurvivalCalibrationDisplay,
    SurvivalCurvesDisplay,
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


def test_incidences_and_survival_fill_the_picture(fitted):
    X, _, model, event = fitted
    display = IncidenceDisplay.from_estimator(model, X, event=event)
    survival = model.predict_survival_function(X, display.times)
    survival = survival if event is None else survival[event]
    np.testing.assert_allclose(sum(display.incidence.values()) + survival.mean(axis=0), 1)


def test_the_event_must_be_known(fitted):
    X, y, model, event = fitted
    with pytest.raises(ValueError, match="There is no event 'x'"):
        SurvivalCurvesDisplay.from_estimator(model, X, y, event="x")
    if event is not None:
        with pytest.raises(ValueError, match="Say which event"):
            IncidenceDisplay.from_estimator(model, X)
