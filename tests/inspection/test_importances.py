"""Feature importances by task for every engine, with known answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl.timeseries import Forecaster

NETWORK = {"max_epochs": 3, "n_bags": 1, "row_size": 8, "n_members": 1, "random_state": 0}
BOOSTING = {"n_rounds": 20, "n_bags": 1, "random_state": 0}


@pytest.fixture(scope="module")
def data():
    """Return uncorrelated numbers of variance 1, of which the last two are irrelevant."""
    rng = np.random.default_rng(0)
    values, _ = np.linalg.qr(rng.normal(size=(240, 3)) - 0.0)
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    X = pd.DataFrame(values, columns=["a", "b", "useless"]).assign(constant=1.0)
    Y = pd.DataFrame({"sum": 3 * X["a"] + X["b"], "only_b": X["b"] > 0, "other": -2 * X["b"]})
    Y.loc[:30, "other"] = np.nan
    return X, Y


def linear(**more):
    return skmtl.MultiTaskLinear(penalty="ridge", alpha=1e-6, random_state=0, **more)


def test_a_linear_function_counts_its_coefficients(data):
    X, Y = data
    shares = linear().fit(X, Y[["sum", "other"]]).feature_importances_by_task_
    np.testing.assert_allclose(shares.loc["sum"], [0.75, 0.25, 0, 0], atol=1e-3)
    np.testing.assert_allclose(shares.loc["other"], [0, 1, 0, 0], atol=1e-3)


def test_the_size_of_a_feature_is_the_spread_of_what_it_adds():
    """With gaps and levels: the standard deviation of the parts, which `shap_values` has."""
    rng = np.random.default_rng(1)
    X = pd.DataFrame({"a": rng.normal(size=200), "city": rng.choice(["x", "y", "z"], 200)})
    X.loc[::7, "a"] = np.nan
    y = X["a"].fillna(2.0) + X["city"].map({"x": 0.0, "y": 1.0, "z": 5.0})
    model = skmtl.MultiTaskLinear(penalty="ridge", alpha=0.1, random_state=0)
    model.fit(X, y.to_frame("y"))
    spread = model.shap_values(X)[["a", "city"]].std(ddof=0)
    np.testing.assert_allclose(
        model.feature_importances_by_task_.loc["y"], spread / spread.sum(), rtol=1e-6
    )
    assert model.feature_importances_.sum() == pytest.approx(1.0)


ESTIMATORS = {
    "boosting": lambda: skmtl.RMTGB(**BOOSTING),
    "linear": linear,
    "network": lambda: skmtl.MultiTab(**NETWORK),
    "stack": lambda: skmtl.StackedTasks(
        estimators=[("linear", linear()), ("rmtgb", skmtl.RMTGB(**BOOSTING))],
        n_bags=2,
        random_state=0,
    ),
    "grouped": lambda: skmtl.GroupedTasks(linear(), groups=[["sum", "other"], ["only_b"]]),
    "calibrated": lambda: skmtl.CalibratedTasks(linear(), cv=2),
}


@pytest.fixture(scope="module", params=ESTIMATORS)
def fitted(request, data):
    return ESTIMATORS[request.param]().fit(*data)


def test_each_engine_has_shares_by_task(fitted, data):
    X, Y = data
    shares = fitted.feature_importances_by_task_
    assert sorted(shares.index) == sorted(Y.columns)
    assert list(shares.columns) == list(X.columns)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    # A column of one value cannot be split on, has no coefficient, and no other value.
    np.testing.assert_array_equal(shares["constant"], 0.0)
    of_columns = fitted.feature_importances_
    assert of_columns.shape == (X.shape[1],)
    assert of_columns.sum() == pytest.approx(1.0)


def test_what_a_task_needs_counts_most(fitted):
    shares = fitted.feature_importances_by_task_
    assert shares.loc["sum"].idxmax() == "a"
    assert shares.loc["only_b"].idxmax() == "b"


def test_trees_that_are_shared_count_for_each_task(data):
    X, Y = data
    model = skmtl.RMTGB(blocks=("shared",), **BOOSTING).fit(X, Y[["sum", "other"]])
    assert not model.task_importances_.to_numpy().any()
    shares = model.feature_importances_by_task_
    np.testing.assert_allclose(shares.loc["sum"], shares.loc["other"])
    np.testing.assert_allclose(shares.loc["sum"], model.feature_importances_)


@pytest.mark.parametrize("name", ["boosting", "linear", "network", "stack"])
def test_long_data_have_a_row_for_each_task_that_is_told_apart(data, name):
    X, _ = data
    X = X.assign(site=np.tile(["n", "s"], len(X) // 2))[["site", *X.columns]]
    y = np.where(X["site"] == "n", X["a"], X["b"])
    model = ESTIMATORS[name]().set_params(task_column="site").fit(X, pd.Series(y, name="y"))
    shares = model.feature_importances_by_task_
    by_id = name in ("boosting", "linear")
    assert list(shares.index) == (["n", "s"] if by_id else ["y"])
    assert list(shares.columns) == ["a", "b", "useless", "constant"]
    assert model.feature_importances_.shape == (5,)


def test_columns_with_a_role_do_not_count(data):
    X, Y = data
    X = X.assign(day=np.arange(len(X)))[["day", *X.columns]]
    model = linear(validation="time", time_column="day").fit(X, Y)
    assert model.feature_importances_[0] == 0.0
    assert model.feature_importances_[1:].sum() == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["boosting", "linear", "network"])
def test_times_to_events_and_classes_have_importances(name):
    X, y = skmtl.datasets.make_survival(80, random_state=0)
    survival = {
        "boosting": skmtl.RMTGBSurvival(n_rounds=3, n_bags=1, random_state=0),
        "linear": skmtl.MultiTaskLinearSurvival(random_state=0),
        "network": skmtl.MultiTabSurvival(**NETWORK),
    }[name].fit(X, y)
    shares = survival.feature_importances_by_task_
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert list(shares.columns) == list(X.columns)


def test_a_network_in_a_file_keeps_them_and_an_old_one_says_what_to_do(data, tmp_path):
    model = skmtl.MultiTab(**NETWORK).fit(*data)
    model.save(tmp_path / "model.skmtl")
    again = skmtl.load(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(
        again.feature_importances_by_task_, model.feature_importances_by_task_
    )
    again._fitted.movements = None  # as files of earlier versions have it
    with pytest.raises(AttributeError, match="permutation_importance_by_task"):
        again.feature_importances_  # noqa: B018


def test_a_forecaster_has_those_of_the_features_that_it_makes():
    X = pd.DataFrame({"day": np.arange(60)})
    Y = pd.DataFrame({"sales": np.tile([1.0, 2, 3, 9], 15)})
    inner = skmtl.RMTGB(**BOOSTING)
    model = Forecaster(inner, time="day", horizon=2, lags=4, random_state=0).fit(X, Y)
    shares = model.feature_importances_by_task_
    assert list(shares.index) == ["sales"]
    assert shares.loc["sales"].sum() == pytest.approx(1.0)


def test_before_fit_there_are_none():
    for model in (skmtl.RMTGB(), linear(), skmtl.MultiTab(), skmtl.StackedTasks()):
        assert not hasattr(model, "feature_importances_")
