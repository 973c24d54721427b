"""Forecasts with one task for each target and step."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

import skmtl
from skmtl import RMTGB, MultiTab, MultiTaskLinear
from skmtl.tasks import Change, Quantile
from skmtl.timeseries import Forecaster, ForecastSplit, backtest, forecast_table, make_features
from skmtl.timeseries._examples import ExampleSettings
from skmtl.timeseries._preparation import prepare
from tests.timeseries.panels import shops
from tests.timeseries.test_forecaster import SETTINGS, days_after

LINEAR = make_pipeline(SimpleImputer(), Ridge())
TREES = RMTGB(n_rounds=10, n_bags=1, blocks=("shared",), learning_rate=0.3, random_state=0)


def forecaster(inner=TREES, **keywords) -> Forecaster:
    return Forecaster(inner, **SETTINGS | {"horizon": 3, "steps": "tasks"} | keywords)


@pytest.fixture(scope="module")
def panel():
    X, Y = shops()
    return X, Y.assign(busy=Y["visits"] > Y["visits"].median())


@pytest.fixture(scope="module")
def fitted(panel) -> Forecaster:
    return forecaster(derived={"up": Change("sales")}).fit(*panel)


def test_every_target_has_a_task_for_each_step(fitted, panel):
    expected = [f"{name} step {step}" for name in ("sales", "visits", "busy", "up")
                for step in (1, 2, 3)]  # fmt: skip
    assert fitted.estimator_.task_names_ == expected
    assert fitted.task_names_ == ["sales", "visits", "busy", "up"]
    X_next = days_after(panel[0], 3).set_index(pd.Index(range(100, 112)))
    predicted = fitted.predict(X_next)
    assert predicted.index.tolist() == X_next.index.tolist()
    busy, up = fitted.predict_proba(X_next)
    np.testing.assert_allclose(busy.sum(axis=1), 1)
    np.testing.assert_array_equal(predicted["up"], up[:, 1] > 0.5)
    assert predicted["busy"].map(type).isin([bool, np.bool_]).all()


def test_an_exact_recursion_is_learnt_at_every_step():
    # A cosine is a linear function of its last two values at every step.
    X = pd.DataFrame({"t": np.arange(60)})
    y = pd.Series(np.cos(0.7 * np.arange(60)) + 3, name="y")
    inner = make_pipeline(SimpleImputer(), Ridge(1e-9))
    model = Forecaster(inner, time="t", horizon=4, lags=2, windows=(), anchor="none", scale="none",
                       calendar=None, steps="tasks").fit(X, y)  # fmt: skip
    later = pd.DataFrame({"t": np.arange(60, 64)})
    np.testing.assert_allclose(
        model.predict(later)["y"], np.cos(0.7 * np.arange(60, 64)) + 3, atol=0.03
    )


def test_it_beats_the_seasonal_naive_forecast_with_what_is_known_ahead(panel):
    X, Y = panel
    cv = ForecastSplit("day", freq="D", horizon=3, n_windows=3)
    table = backtest(forecaster(LINEAR), X, Y[["sales"]], cv, refit=False)
    with_it = forecast_table(table)
    assert (with_it["skill"] > 0.1).all()
    blind = forecaster(LINEAR, known=None)
    table = backtest(blind, X.drop(columns="promotion"), Y[["sales"]], cv, refit=False)
    assert (forecast_table(table)["mae"] > with_it["mae"]).all()


@pytest.mark.parametrize(
    "inner", [MultiTaskLinear(random_state=0), MultiTab(n_bags=1, max_epochs=2, random_state=0)]
)
def test_linear_models_and_networks_learn_it(panel, inner):
    X, Y = panel
    model = forecaster(inner, horizon=2).fit(X, Y[["sales", "visits"]])
    assert np.isfinite(model.predict(days_after(X, 2))[["sales", "visits"]]).all(axis=None)


def test_a_forecast_depends_on_the_rows_of_its_own_series_alone(fitted, panel):
    X_next = days_after(panel[0], 3)
    new = X_next[X_next["shop"] == "shop 0"].assign(shop="new", promotion=1)
    whole = fitted.predict(pd.concat([X_next, new], ignore_index=True))
    one = X_next["shop"] == "shop 2"
    shuffled = X_next[one].sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(
        fitted.predict(shuffled).sort_index(), whole[: len(X_next)][one.to_numpy()]
    )
    assert np.isfinite(whole[["sales", "visits"]]).all(axis=None)


def test_later_steps_are_forecast_at_their_own_step(fitted, panel):
    X_next = days_after(panel[0], 3)
    whole = fitted.predict(X_next)
    last = X_next[X_next["day"] == X_next["day"].max()]
    others = X_next[X_next["day"] < X_next["day"].max()]
    pd.testing.assert_frame_equal(
        fitted.predict(pd.concat([last, others])).loc[last.index], whole.loc[last.index]
    )


def test_rows_whose_steps_before_are_not_asked_for_are_counted(fitted, panel):
    X_next = days_after(panel[0], 3)
    last = X_next[X_next["day"] == X_next["day"].max()]
    with pytest.warns(UserWarning, match="4 rows are forecast without the rows one step before"):
        fitted.predict(last)


def test_past_columns_of_rows_to_forecast_are_never_read(fitted, panel):
    X_next = days_after(panel[0], 3)
    pd.testing.assert_frame_equal(fitted.predict(X_next), fitted.predict(X_next.assign(rain=1e9)))


@pytest.mark.parametrize(("factor", "shift"), [(1000.0, 0.0), (1.0, 1000.0)])
def test_a_series_in_another_unit_has_its_forecasts_in_that_unit(fitted, panel, factor, shift):
    X, Y = panel
    numbers = ["sales", "visits"]
    moved = Y.assign(**{name: Y[name] * factor + shift for name in numbers})
    here = fitted.predict(days_after(X, 3))[numbers]
    there = fitted.predict(days_after(X, 3), history=(X, moved))[numbers]
    np.testing.assert_allclose(there, here * factor + shift, rtol=1e-7)


def test_what_follows_an_origin_changes_none_of_its_features(panel):
    X, Y = panel
    origin = pd.Timestamp("2024-02-10")
    later = X["day"] > origin
    other = Y.assign(sales=Y["sales"].where(~later, -1e6), busy=Y["busy"] ^ later)
    one = make_features(X, Y, origin, forecaster())
    two = make_features(X.assign(rain=X["rain"].where(~later, 7.0)), other, origin, forecaster())
    pd.testing.assert_frame_equal(one, two)
    assert len(one) == 4
    assert one.index.names == ["shop", "day", "origin"]
    assert {"sales lag 1", "promotion step 3", "size", "sales lag 7"} <= set(one.columns)


def test_quantiles_and_conformal_intervals_are_those_of_the_step(panel):
    X, Y = panel
    X_next = days_after(X, 3)
    model = forecaster(tasks={"sales": Quantile((0.1, 0.9))}).fit(X, Y[["sales"]])
    quantiles = model.predict_quantiles(X_next)
    assert (quantiles[("sales", 0.1)] < quantiles[("sales", 0.9)]).all()
    model = forecaster(conformal=0.8).fit(X, Y[["sales"]])
    quantiles = model.predict_quantiles(X_next)
    assert (np.diff(quantiles, axis=1) > 0).all()


def test_classes_that_a_step_does_not_have_get_no_probability():
    X = pd.DataFrame({"day": range(60)})
    grade = pd.Series(np.where(np.arange(60) % 2, 3, 1), name="grade")
    grade[59] = 2  # after the origins of the first step come two of the classes alone
    model = Forecaster(TREES, time="day", horizon=2, lags=3, tasks="multiclass", steps="tasks",
                       max_examples=200, random_state=0)  # fmt: skip
    model.fit(X, grade)
    later = pd.DataFrame({"day": [60, 61]})
    (probabilities,) = model.predict_proba(later)
    assert probabilities.shape == (2, 3)
    assert [list(classes) for classes in model.classes_] == [[1, 2, 3]]
    assert set(model.predict(later)["grade"]) <= {1, 2, 3}


def test_rows_of_weight_zero_are_no_labels(panel):
    X, Y = panel
    weight = np.where(np.arange(len(X)) % 5 == 0, 0.0, 1.0)
    prepared = prepare(forecaster(), X, Y[["sales"]])
    settings = ExampleSettings("equal", 20.0, 10_000)
    examples = prepared.recipe.layout.examples(
        prepared, weight, settings, np.random.default_rng(0), None
    )
    # All rows are origins but the last one of each shop, and one has no label after it.
    assert examples.y[:236].notna().any(axis=1).all()
    assert examples.y["sales step 1"].notna().sum() == 0.8 * 240  # the first row has none
    assert examples.weight.by_task().shape == examples.y.shape


def test_weights_of_steps_need_an_estimator_that_takes_them(panel):
    X, Y = panel
    with pytest.raises(ValueError, match=r"unequal weights for the steps .* Ridge cannot take"):
        forecaster(LINEAR).fit(X, Y[["sales"]], sample_weight=1.0 + np.arange(len(X)))


def test_two_rows_of_one_time_are_an_error_where_steps_tell_each_other(fitted, panel):
    X_next = days_after(panel[0], 3)
    with pytest.raises(ValueError, match="repeat an id and a time"):
        fitted.predict(pd.concat([X_next, X_next[:1]]))


def test_it_is_saved(fitted, panel, tmp_path):
    fitted.save(tmp_path / "model.skmtl")
    X_next = days_after(panel[0], 3)
    loaded = skmtl.load(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(loaded.predict(X_next), fitted.predict(X_next))
    assert len(fitted.predict(X_next[:0])) == 0
