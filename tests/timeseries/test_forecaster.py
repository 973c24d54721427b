"""Forecasts of panels with fit and predict."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skmtl
from skmtl import RMTGB, MultiTab
from skmtl.tasks import Quantile
from skmtl.timeseries import (
    Forecaster,
    ForecastSplit,
    SeasonalNaive,
    backtest,
    forecast_scorer,
    forecast_table,
)
from tests.timeseries.panels import shops

INNER = RMTGB(n_rounds=20, n_bags=1, blocks=("shared",), learning_rate=0.3, random_state=0)
SETTINGS = {"id": "shop", "time": "day", "freq": "D", "horizon": 7, "season": 7, "lags": 3,
            "windows": (7,), "known": "promotion", "past": "rain", "static": "size",
            "random_state": 0}  # fmt: skip


def forecaster(inner=INNER, **keywords) -> Forecaster:
    return Forecaster(inner, **SETTINGS | keywords)


def days_after(X: pd.DataFrame, n: int) -> pd.DataFrame:
    """Return the next days of all shops."""
    last = X[X["day"] == X["day"].max()]
    rows = [last.assign(day=last["day"] + pd.Timedelta(days=step)) for step in range(1, n + 1)]
    return pd.concat(rows, ignore_index=True)


@pytest.fixture(scope="module")
def panel():
    X, Y = shops()
    return X, Y.assign(busy=Y["visits"] > Y["visits"].median())


@pytest.fixture(scope="module")
def fitted(panel) -> Forecaster:
    return forecaster().fit(*panel)


def test_it_beats_the_seasonal_naive_forecast():
    X, Y = shops(6, 90)
    cv = ForecastSplit("day", freq="D", horizon=7, n_windows=2)
    table = backtest(forecaster(), X, Y[["sales"]], cv, refit=False)
    assert (forecast_table(table)["skill"] > 0.1).all()


def test_targets_of_several_kinds_come_from_one_model(fitted, panel):
    X_next = days_after(panel[0], 7).set_index(pd.Index(range(100, 128)))
    predicted = fitted.predict(X_next)
    assert predicted.columns.tolist() == ["sales", "visits", "busy"]
    assert predicted.index.tolist() == list(range(100, 128))
    assert fitted.task_kinds_ == {"sales": "regression", "visits": "regression", "busy": "binary"}
    (probability,) = fitted.predict_proba(X_next)
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    np.testing.assert_array_equal(predicted["busy"], probability[:, 1] > 0.5)
    assert fitted.anchors_ == {"sales": "season", "visits": "season"}


def test_methods_exist_where_a_target_needs_them(fitted):
    assert hasattr(fitted, "predict_proba")
    assert not hasattr(fitted, "predict_quantiles")
    assert not hasattr(forecaster(), "predict_quantiles")


def test_a_forecast_depends_on_its_own_row_alone(fitted, panel):
    X_next = days_after(panel[0], 7)
    whole = fitted.predict(X_next)
    part = X_next.sample(9, random_state=1)
    pd.testing.assert_frame_equal(fitted.predict(part), whole.loc[part.index])
    one = X_next.iloc[[5]]
    pd.testing.assert_frame_equal(fitted.predict(one), whole.iloc[[5]])


def test_many_rows_are_forecast_some_at_a_time(fitted, panel, monkeypatch):
    X_next = days_after(panel[0], 7).sample(frac=1, random_state=0)
    unknown = X_next[:3].assign(shop="new")
    X_next = pd.concat([X_next[:9], unknown, X_next[9:]])
    whole, probabilities = fitted.predict(X_next), fitted.predict_proba(X_next)[0]
    monkeypatch.setattr("skmtl.timeseries._forecast_model._ROWS_AT_ONCE", 5)
    pd.testing.assert_frame_equal(fitted.predict(X_next), whole, check_exact=True)
    np.testing.assert_array_equal(fitted.predict_proba(X_next)[0], probabilities)


def test_what_rows_to_forecast_hold_in_past_columns_is_never_read(fitted, panel):
    X_next = days_after(panel[0], 7)
    other = X_next.assign(rain=np.random.default_rng(0).normal(size=len(X_next)) * 1e6)
    pd.testing.assert_frame_equal(fitted.predict(X_next), fitted.predict(other))


@pytest.mark.parametrize(("factor", "shift"), [(1000.0, 0.0), (1.0, 1000.0), (0.01, -3.0)])
def test_a_series_in_another_unit_has_its_forecasts_in_that_unit(fitted, panel, factor, shift):
    X, Y = panel
    numbers = ["sales", "visits"]
    moved = Y.assign(**{name: Y[name] * factor + shift for name in numbers})
    X_next = days_after(X, 7)
    here = fitted.predict(X_next)[numbers]
    there = fitted.predict(X_next, history=(X, moved))[numbers]
    np.testing.assert_allclose(there, here * factor + shift, rtol=1e-9)


def test_fitted_values_are_those_of_one_step_before(fitted, panel):
    X, Y = panel
    day = pd.Timestamp("2024-02-20")
    rows = X["day"] == day
    before = X["day"] < day
    ahead = fitted.predict(X[rows], history=(X[before], Y[before]))
    pd.testing.assert_frame_equal(fitted.predict(X[rows]), ahead)
    scores = fitted.score_tasks(X, Y)
    assert (scores[["sales", "visits"]] > 0.9).all()
    assert fitted.score(X, Y) == pytest.approx(scores.mean())


def test_scores_by_step_and_by_id_are_those_of_their_rows(panel):
    X, Y = panel
    early = X["day"] < "2024-02-23"
    model = forecaster(horizon=7).fit(X[early], Y[early])
    X_test, Y_test = X[~early], Y[~early]
    by_step = model.score_tasks(X_test, Y_test, by="step")
    assert by_step.index.names == ["step", "target"]
    assert by_step.index.get_level_values(0).unique().tolist() == [1, 2, 3, 4, 5, 6, 7]
    of_third = X_test["day"] == "2024-02-25"
    expected = model.score_tasks(X_test[of_third], Y_test[of_third])
    pd.testing.assert_series_equal(by_step[3], expected, check_names=False)
    by_id = model.score_tasks(X_test, Y_test, by="id")
    of_shop = X_test["shop"] == "shop 2"
    expected = model.score_tasks(X_test[of_shop], Y_test[of_shop])
    pd.testing.assert_series_equal(by_id["shop 2"], expected, check_names=False)
    with pytest.raises(ValueError, match="must be None, 'step' or 'id'"):
        model.score_tasks(X_test, Y_test, by="day")


def test_update_moves_the_origins_without_a_fit(panel):
    X, Y = panel
    early = X["day"] < "2024-02-20"
    model = forecaster().fit(X[early], Y[early])
    inner = model.estimator_
    X_next = days_after(X, 3)
    expected = model.predict(X_next, history=(X, Y))
    model.update(X[~early], Y[~early])
    assert model.estimator_ is inner
    pd.testing.assert_frame_equal(model.predict(X_next), expected)


def test_ids_that_fit_did_not_see_are_forecast_by_their_history_or_without(fitted, panel):
    X, Y = panel
    other = X.assign(shop=X["shop"] + " of another town")
    X_next = days_after(other, 7)
    same = fitted.predict(days_after(X, 7))
    pd.testing.assert_frame_equal(fitted.predict(X_next, history=(other, Y)), same)
    cold = fitted.predict(X_next)
    assert np.isfinite(cold[["sales", "visits"]]).all(axis=None)
    with pytest.warns(UserWarning, match="history has no rows of any id of X"):
        strange = fitted.predict(X_next.assign(shop=X_next["shop"] + " "), history=(other, Y))
    pd.testing.assert_frame_equal(strange, cold)


@pytest.mark.parametrize("steps", ["feature", "tasks"])
def test_what_stands_in_place_of_missing_labels_has_no_influence(panel, steps):
    X, Y = panel
    missing = np.random.default_rng(0).uniform(size=(len(Y), 2)) < 0.3
    X_next = days_after(X, 2)
    forecasts = []
    for garbage in (0.0, -1e9):
        numbers = np.where(missing[:, 0], garbage, Y["sales"])
        sales = pd.arrays.FloatingArray(numbers, missing[:, 0])
        busy = pd.arrays.BooleanArray(
            (Y["busy"] & ~missing[:, 1]).to_numpy() | (missing[:, 1] & (garbage < 0)),
            missing[:, 1],
        )
        holes = pd.DataFrame({"sales": sales, "busy": busy})
        model = forecaster(horizon=2, steps=steps).fit(X, holes)
        forecasts.append(model.predict(X_next).assign(p=model.predict_proba(X_next)[0][:, 1]))
    pd.testing.assert_frame_equal(*forecasts, check_exact=True)
    holes = holes.astype({"sales": "float64"})
    as_nan = forecaster(horizon=2, steps=steps).fit(X, holes).predict(X_next)
    pd.testing.assert_frame_equal(as_nan, forecasts[0][["sales", "busy"]], check_exact=True)
    assert np.isfinite(as_nan["sales"]).all()


def test_rows_may_come_in_any_order(fitted, panel):
    X, Y = panel
    order = np.random.default_rng(0).permutation(len(X))
    history = (X.iloc[order], Y.iloc[order])
    X_next = days_after(X, 7)
    pd.testing.assert_frame_equal(fitted.predict(X_next, history=history), fitted.predict(X_next))


def test_quantiles_are_in_the_units_of_the_series(panel):
    X, Y = panel
    model = forecaster(tasks={"sales": Quantile((0.1, 0.5, 0.9)), "visits": "count"}).fit(X, Y)
    X_next = days_after(X, 7)
    quantiles = model.predict_quantiles(X_next)
    assert quantiles.columns.tolist() == [("sales", 0.1), ("sales", 0.5), ("sales", 0.9)]
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert (model.predict(X_next)["visits"] > 0).all()
    assert model.anchors_["visits"] == "none"
    table = backtest(model, X, Y, ForecastSplit("day", freq="D", horizon=7))
    scores = forecast_table(table[table["target"] == "sales"])
    assert 0.4 < scores.loc["sales", "coverage_80"] <= 1


def test_counts_know_no_unit_either(panel):
    X, Y = panel
    counts = Y[["visits"]].round()
    model = forecaster(tasks="count").fit(X, counts)
    X_next = days_after(X, 7)
    more = model.predict(X_next, history=(X, counts * 1000))
    np.testing.assert_allclose(more, model.predict(X_next) * 1000, rtol=1e-9)


def test_a_search_tunes_the_forecaster_and_the_model_within(panel):
    X, Y = panel
    cv = ForecastSplit("day", freq="D", horizon=7)
    search = GridSearchCV(
        forecaster(), {"lags": [2, 4], "estimator__learning_rate": [0.1, 0.3]}, cv=cv,
        scoring=forecast_scorer("wape"), return_train_score=True, error_score="raise",
    ).fit(X, Y[["sales"]])  # fmt: skip
    assert len(search.cv_results_["params"]) == 4
    assert np.isfinite(search.cv_results_["mean_train_score"]).all()
    assert search.best_estimator_.lags in (2, 4)
    scores = cross_validate(forecaster(), X, Y, cv=cv, error_score="raise")
    assert scores["test_score"][0] > 0.5


def test_it_is_cloned_and_saved(fitted, panel, tmp_path):
    assert clone(fitted).get_params()["lags"] == 3
    fitted.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    X_next = days_after(panel[0], 7)
    pd.testing.assert_frame_equal(loaded.predict(X_next), fitted.predict(X_next))
    loaded.update(X_next, fitted.predict(X_next))
    assert len(loaded.predict(days_after(X_next, 2))) == 8


def test_networks_learn_panels_too(panel):
    X, Y = panel
    inner = MultiTab(n_bags=1, max_epochs=2, random_state=0)
    model = forecaster(inner, max_examples=300).fit(X, Y)
    assert np.isfinite(model.predict(days_after(X, 7))["sales"]).all()


def test_estimators_of_scikit_learn_and_pipelines_learn_panels(panel):
    X, Y = panel
    filled = make_pipeline(FunctionTransformer(lambda X: X.fillna(0.0)), Ridge())
    model = forecaster(filled).fit(X, Y[["sales", "visits"]])
    table = backtest(model, X, Y[["sales", "visits"]], ForecastSplit("day", freq="D", horizon=7))
    assert (forecast_table(table)["wape"] < 0.2).all()
    trees = HistGradientBoostingClassifier(max_iter=5, categorical_features=None)
    busy = forecaster(trees).fit(X, Y["busy"])  # without a warning of the shape of y
    assert busy.score(X, Y["busy"]) > 0.9
    ours = make_pipeline(FunctionTransformer(lambda X: X.fillna(0.0)), INNER)
    predicted = forecaster(ours).fit(X, Y).predict(days_after(X, 7))
    assert predicted.columns.tolist() == ["sales", "visits", "busy"]


def test_a_table_may_be_one_series_with_periods_as_times():
    X = pd.DataFrame({"month": pd.period_range("1965-01", periods=80, freq="M")})
    y = pd.Series(np.tile(np.arange(12.0), 7)[:80] + np.arange(80), name="y")
    inner = clone(INNER).set_params(early_stopping=False)
    model = Forecaster(inner, time="month", horizon=6, season=12, random_state=0).fit(X, y)
    X_next = pd.DataFrame({"month": pd.period_range("1971-09", periods=6, freq="M")})
    expected = np.tile(np.arange(12.0), 8)[80:86] + np.arange(80, 86)
    predicted = model.predict(X_next)
    np.testing.assert_allclose(predicted["y"], expected, atol=3)
    as_text = X_next.assign(month=X_next["month"].astype(str))  # of a CSV file
    pd.testing.assert_frame_equal(model.predict(as_text), predicted)
    with pytest.raises(ValueError, match=r"periods of freq='M', or text.*SOON"):
        model.predict(X_next.assign(month="soon"))


def test_series_of_any_length_and_end_are_learnt_together():
    X, Y = shops(5, 80)
    ends = {"shop 1": "2024-01-03", "shop 2": "2024-01-01", "shop 3": "2024-02-10"}
    kept = X["day"] <= X["shop"].map(ends).fillna("2025-01-01").astype("datetime64[us]")
    X, Y = X[kept], Y[kept]
    model = forecaster().fit(X, Y)
    X_next = days_after(X, 7)
    every = pd.concat([X_next.assign(shop=f"shop {number}") for number in range(5)])
    predicted = model.predict(every.drop_duplicates(["shop", "day"]))
    assert np.isfinite(predicted).all(axis=None)


def test_series_that_ended_are_forecast_beside_those_that_go_on(panel):
    X, Y = panel
    ended = (X["shop"] == "shop 1") & (X["day"] > "2024-01-20")
    X, Y = X[~ended], Y[~ended]
    early = X["day"] < "2024-02-15"
    model = forecaster().fit(X[early], Y[early]).update(X[~early], Y[~early])
    X_next = days_after(X, 7)
    X_next = pd.concat([X_next, X_next[-7:].assign(shop="shop 1")], ignore_index=True)
    predicted = model.predict(X_next)
    pd.testing.assert_frame_equal(predicted, model.predict(X_next, history=(X, Y)))
    assert predicted.notna().all(axis=None)
    with pytest.raises(ValueError, match=r"more than horizon=7 steps after .* 'shop 1'"):
        model.predict(X_next.assign(day=X_next["day"] + pd.Timedelta(days=1)))


def test_constant_series_are_forecast_as_they_are(panel):
    X, Y = panel
    flat = X["shop"] == "shop 2"
    Y = Y.assign(sales=Y["sales"].where(~flat, 5.0), visits=Y["visits"].where(~flat, 0.0))
    model = forecaster().fit(X, Y)
    X_next = days_after(X, 7)
    predicted = model.predict(X_next)[X_next["shop"] == "shop 2"]
    np.testing.assert_allclose(predicted["sales"], 5.0, atol=1.0)
    np.testing.assert_allclose(predicted["visits"], 0.0, atol=2.0)
    rest = model.predict(X_next)[X_next["shop"] == "shop 3"]
    naive = SeasonalNaive(id="shop", time="day", freq="D", season=7).fit(
        X[["shop", "day"]], Y[["sales"]]
    )
    expected = naive.predict(X_next[X_next["shop"] == "shop 3"])
    np.testing.assert_allclose(rest["sales"], expected["sales"], rtol=0.6)


def test_the_same_seed_gives_the_same_forecasts(panel):
    X, Y = panel
    one, two = (forecaster(max_examples=400).fit(X, Y).predict(X) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    other = forecaster(max_examples=400, random_state=1).fit(X, Y).predict(X)
    assert not other.equals(one)
