"""Intervals between quantiles, and probabilities by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl.tasks import Quantile
from skmtl.timeseries import Forecaster


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=400)}, index=range(7, 407))
    Y = pd.DataFrame({"y": X["a"] + rng.normal(size=400), "z": rng.exponential(size=400)})
    return X, Y.assign(late=X["a"] > 0).set_axis(X.index)


def fit(X, Y, levels=(0.05, 0.1, 0.5, 0.9, 0.95)):
    kinds = {"y": Quantile(levels), "z": "quantile"}
    return skmtl.MultiTaskLinear(tasks=kinds, penalty="ridge", random_state=0).fit(X, Y)


@pytest.fixture(scope="module")
def model(data):
    return fit(*data)


def test_the_ends_are_the_quantiles_and_hold_their_share(data, model):
    X, Y = data
    interval, quantiles = model.predict_interval(X), model.predict_quantiles(X)
    assert list(interval.columns) == [
        ("y", "lower"), ("y", "upper"), ("z", "lower"), ("z", "upper"),
    ]  # fmt: skip
    np.testing.assert_array_equal(interval["y"], quantiles["y"][[0.1, 0.9]])
    assert interval.index.equals(X.index)
    for name in ("y", "z"):
        inside = Y[name].between(interval[name, "lower"], interval[name, "upper"]).mean()
        assert inside == pytest.approx(0.8, abs=0.05)


def test_a_level_that_a_task_lacks_is_refused_by_name(data, model):
    with pytest.raises(ValueError, match=r"0.05 and 0.95 of task 'z', .* \[0.1, 0.5, 0.9\]"):
        model.predict_interval(data[0], level=0.9)
    with pytest.raises(ValueError, match="between 0 and 1"):
        model.predict_interval(data[0], level=80)


def test_without_quantiles_there_is_no_such_method(data):
    plain = skmtl.MultiTaskLinear(random_state=0).fit(*data)
    with pytest.raises(AttributeError, match="predict_interval") as raised:
        plain.predict_interval(data[0])
    assert "No task of this MultiTaskLinear has quantiles" in str(raised.value.__cause__)


def test_those_around_a_model_pass_it_on(data, model):
    grouped = skmtl.GroupedTasks(
        skmtl.MultiTaskLinear(tasks={"y": "quantile"}, penalty="ridge", random_state=0),
        groups=[["y"], ["z", "late"]],
    ).fit(*data)
    assert list(grouped.predict_interval(data[0]).columns) == [("y", "lower"), ("y", "upper")]


def test_a_forecaster_has_those_of_its_errors():
    X = pd.DataFrame({"day": np.arange(80)})
    Y = pd.DataFrame({"sales": np.tile([1.0, 2, 3, 9], 20)})
    inner = skmtl.MultiTaskLinear(penalty="ridge", random_state=0)
    model = Forecaster(
        inner, time="day", horizon=2, lags=4, conformal=(0.6, 0.8), random_state=0
    ).fit(X[:78], Y[:78])
    interval = model.predict_interval(X[78:], level=0.8)
    np.testing.assert_array_equal(
        interval["sales"], model.predict_quantiles(X[78:])["sales"][[0.1, 0.9]]
    )
    with pytest.raises(ValueError, match="task 'sales'"):
        model.predict_interval(X[78:], level=0.5)
    assert not hasattr(Forecaster(inner, time="day", lags=4).fit(X, Y), "predict_interval")


def test_probabilities_have_the_names_of_task_and_class(data, model):
    X, Y = data
    frame = model.predict_proba_frame(X)
    assert list(frame.columns) == [("late", False), ("late", True)]
    assert frame.index.equals(X.index)
    np.testing.assert_array_equal(frame.to_numpy(), model.predict_proba(X)[0])
    grouped = skmtl.GroupedTasks(skmtl.RMTGB(n_rounds=2, n_bags=1), groups="joint")
    size = pd.cut(Y["y"], [-9, 0, 9], labels=["s", "l"])
    frame = grouped.fit(X, Y.assign(size=size)).predict_proba_frame(X)
    assert list(frame.columns)[2:] == [("size", "l"), ("size", "s")]
    with pytest.raises(AttributeError, match="predict_proba_frame"):
        grouped.set_params(groups="joint").fit(X, Y[["y"]]).predict_proba_frame(X)
