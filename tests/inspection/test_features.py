"""Permutation importance, partial dependence and SHAP values by task: known answers."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from numpy.testing import assert_allclose
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skmtl
from skmtl.inspection import (
    TaskImportanceDisplay,
    TaskPartialDependenceDisplay,
    partial_dependence_by_task,
    permutation_importance_by_task,
    shap_explanations,
)
from skmtl.timeseries import Forecaster


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


def linear(**more):
    return skmtl.MultiTaskLinear(penalty="ridge", alpha=1e-8, random_state=0, **more)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(200, 3)), columns=["a", "b", "unused"])
    X["city"] = rng.choice(["x", "y"], 200)
    Y = pd.DataFrame({"y": 3 * X["a"] + 2 * (X["city"] == "y"), "late": X["b"] > 0})
    Y["size"] = pd.cut(X["a"] + X["b"], [-9, -1, 1, 9], labels=["s", "m", "l"], ordered=False)
    Y.loc[::5, "y"] = np.nan
    return X, Y


@pytest.fixture(scope="module")
def model(data):
    return linear().fit(*data)


def test_the_partial_dependence_of_a_line_is_that_line(data, model):
    X, _ = data
    averages = partial_dependence_by_task(model, X, "a", grid_resolution=7)["y"].squeeze()
    slopes = np.diff(averages) / np.diff(averages.index)
    assert_allclose(slopes, 3.0, rtol=1e-4)
    assert_allclose(averages.index[[0, -1]], np.quantile(X["a"], [0.05, 0.95]))
    flat = partial_dependence_by_task(model, X, "unused")["y"].squeeze()
    assert_allclose(flat, flat.iloc[0], atol=1e-4)


def test_a_category_is_asked_at_its_levels(data, model):
    averages = partial_dependence_by_task(model, data[0], "city")["y"].squeeze()
    assert list(averages.index) == ["x", "y"]
    assert averages["y"] - averages["x"] == pytest.approx(2.0, rel=1e-2)


def test_classes_have_probabilities_that_are_averages_of_predict_proba(data, model):
    X, _ = data
    averages = partial_dependence_by_task(model, X, "b", grid_resolution=3)
    assert list(averages.columns) == [
        ("y", ""), ("late", True), ("size", "l"), ("size", "m"), ("size", "s"),
    ]  # fmt: skip
    assert_allclose(averages["size"].sum(axis=1), 1.0)
    at = averages.index[1]
    late, size = model.predict_proba(X.assign(b=at))
    assert averages["late"].iloc[1, 0] == pytest.approx(late[:, 1].mean())
    assert_allclose(averages["size"].iloc[1], size.mean(axis=0))


def test_of_regressors_it_is_that_of_scikit_learn(data):
    X, Y = data[0][["a", "b"]].round(), data[1]["y"].fillna(0.0)  # grids of all values
    forest = skmtl.RMTGBRegressor(n_rounds=5, n_bags=1, random_state=0).fit(X, Y)
    theirs = PartialDependenceDisplay.from_estimator(forest, X, ["a"], grid_resolution=9)
    ours = partial_dependence_by_task(forest, X, "a", grid_resolution=9)
    assert_allclose(ours.index, theirs.pd_results[0]["grid_values"][0])
    assert_allclose(ours.to_numpy()[:, 0], theirs.pd_results[0]["average"][0])


def test_arrays_long_data_and_pipelines_are_asked(data):
    X, Y = data
    array = linear().fit(X[["a", "b"]].to_numpy(), Y[["y"]])
    assert partial_dependence_by_task(array, X[["a", "b"]].to_numpy(), 0).index.name == 0
    long = linear(task_column="city").fit(X, Y["late"])
    drops = permutation_importance_by_task(long, X, Y["late"], n_repeats=1, random_state=0)
    assert list(drops.importances_mean.columns) == ["a", "b", "unused"]
    doubled = make_pipeline(
        FunctionTransformer(lambda frame: frame.assign(a=2 * frame["a"])), linear()
    ).fit(X, Y)
    averages = partial_dependence_by_task(doubled, X, "a", grid_resolution=3)["y"].squeeze()
    assert_allclose(np.diff(averages) / np.diff(averages.index), 3.0, rtol=1e-4)


def test_times_to_events_have_risks():
    X, y = skmtl.datasets.make_survival(80, random_state=0)
    model = skmtl.MultiTaskLinearSurvival(random_state=0).fit(X, y)
    averages = partial_dependence_by_task(model, X, X.columns[0], grid_resolution=3)
    assert averages.shape == (3, 1)
    assert averages.to_numpy().min() >= 0
    drops = permutation_importance_by_task(model, X, y, n_repeats=1, random_state=0)
    assert drops.importances_mean.shape == (1, X.shape[1])


def test_a_column_that_is_not_used_has_no_importance(data):
    X, Y = data
    model = skmtl.RMTGB(blocks=("task",), n_rounds=10, n_bags=1, random_state=0)
    model.fit(X.assign(unused=0.0), Y)
    drops = permutation_importance_by_task(model, X.assign(unused=0.0), Y, random_state=0)
    assert_allclose(drops.importances_mean["unused"], 0.0)
    assert drops.importances_mean.loc["y"].idxmax() == "a"
    assert drops.importances_mean.loc["late"].idxmax() == "b"
    assert drops.importances.shape == (3, 4, 5)
    assert_allclose(drops.importances.mean(axis=2), drops.importances_mean)


def test_its_mean_over_the_tasks_is_that_of_scikit_learn(data, model):
    X, Y = data
    theirs = permutation_importance(model, X, Y, n_repeats=4, random_state=0)
    ours = permutation_importance_by_task(model, X, Y, n_repeats=4, random_state=1)
    assert_allclose(ours.importances_mean.mean(), theirs.importances_mean, atol=0.08)


def test_the_same_seed_is_the_same_importance(data, model):
    first, again = (
        permutation_importance_by_task(model, *data, n_repeats=2, random_state=3).importances
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)


def test_other_metrics_and_models_of_scikit_learn(data):
    X, Y = data
    drops = permutation_importance_by_task(
        linear().fit(X, Y), X, Y, metric={"late": "roc_auc"}, features=["b"], random_state=0
    )
    assert list(drops.importances_mean.columns) == ["b"]
    Z = X[["a", "b"]]
    plain = LinearRegression().fit(Z, Z.rename(columns={"a": "first", "b": "second"}))
    drops = permutation_importance_by_task(plain, Z, Z.add_suffix("_"), random_state=0)
    assert_allclose(drops.importances_mean.loc["a_", "b"], 0.0, atol=1e-12)


def test_unknown_columns_and_forecasters_are_refused(data, model):
    X, _ = data
    with pytest.raises(ValueError, match=r"no columns \['z'\]"):
        partial_dependence_by_task(model, X, "z")
    with pytest.raises(ValueError, match=r"no tasks \['z'\]"):
        TaskPartialDependenceDisplay.from_estimator(model, X, "a", tasks=["z"])
    days = pd.DataFrame({"day": range(20)})
    sales = pd.DataFrame({"sales": np.arange(20.0)})
    forecaster = Forecaster(linear(), time="day", lags=2).fit(days, sales)
    with pytest.raises(TypeError, match=r"Forecaster forecasts from the past.*make_features"):
        permutation_importance_by_task(forecaster, days, sales)


def test_the_display_has_axes_for_each_task(data, model):
    display = TaskPartialDependenceDisplay.from_estimator(
        model, data[0], "a", grid_resolution=4, tasks=["size", "y"]
    )
    assert [ax.get_title() for ax in display.axes_] == ["size", "y"]
    assert [line.get_label() for line in display.lines_["size"]] == ["l", "m", "s"]
    assert_allclose(display.lines_["y"][0].get_ydata(), display.averages["y"].squeeze())
    names = TaskPartialDependenceDisplay.from_estimator(model, data[0], "city")
    assert [label.get_text() for label in names.axes_[0].get_xticklabels()] == ["x", "y"]


def test_the_display_of_importances_shows_the_largest_first(model):
    shares = model.feature_importances_by_task_
    display = TaskImportanceDisplay.from_estimator(model, n_features=2)
    order = shares.mean().sort_values(ascending=False).index[:2]
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == list(order)
    assert_allclose(display.image_.get_array(), shares[order])
    with pytest.raises(TypeError, match="LinearRegression lacks"):
        TaskImportanceDisplay.from_estimator(LinearRegression().fit([[0], [1]], [0, 1]))


class Explanation(SimpleNamespace):
    """Takes what the class of that name in shap takes."""

    def __init__(self, values, base_values, data, feature_names, output_names):
        super().__init__(
            values=values, base_values=base_values, data=data, feature_names=feature_names,
            output_names=output_names,
        )  # fmt: skip


def test_explanations_sum_to_the_raw_scores(data, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "shap", SimpleNamespace(Explanation=Explanation))
    X, Y = data
    by_task = shap_explanations(model, X)
    assert list(by_task) == ["y", "late", "size"]
    y, size = by_task["y"], by_task["size"]
    assert y.values.shape == X.shape
    assert y.feature_names == list(X.columns)
    assert_allclose(y.values.sum(axis=1) + y.base_values, model.predict(X)["y"])
    np.testing.assert_array_equal(y.data, X.to_numpy())
    assert size.values.shape == (*X.shape, 3)
    assert size.base_values.shape == (len(X), 3)
    single = linear().fit(X, Y[["y"]].assign(constant=1.0))
    assert list(shap_explanations(single, X)) == ["y"]


def test_without_shap_the_extra_is_named(data, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(ImportError, match=r"skmtl\[shap\]"):
        shap_explanations(model, data[0])
