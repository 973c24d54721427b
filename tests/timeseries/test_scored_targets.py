"""Scores of targets of all kinds, in backtests and by scorers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmtl.tasks import ConstantTargetWarning
from skmtl.timeseries import ForecastSplit, backtest, forecast_scorer, forecast_table
from tests.timeseries.panels import shops
from tests.timeseries.test_forecaster import forecaster

CV = ForecastSplit("day", freq="D", horizon=7)


def quick(**keywords):
    return forecaster(max_examples=200, **keywords)


@pytest.fixture(scope="module")
def panel():
    return shops(3)


TARGETS = {
    "truth values": lambda sales: pd.DataFrame({"sales": sales, "busy": sales > 100}),
    "text": lambda sales: pd.DataFrame({"busy": np.where(sales > 100, "yes", "no")}),
    "text of three classes beside numbers": lambda sales: pd.DataFrame(
        {"sales": sales, "size": np.where(sales > 100, "l", np.where(sales > 50, "m", "s"))}
    ),
    "ordered numbers": lambda sales: pd.DataFrame({"size": 1 + (sales > 50) + (sales > 100)}),
    "an array": lambda sales: sales.to_numpy(),
    "a series without a name": lambda sales: pd.Series(sales.to_numpy()),
    "numbers as names": lambda sales: pd.DataFrame({5: sales}),
}


@pytest.mark.parametrize("case", TARGETS)
@pytest.mark.parametrize("metric", ["wape", "mase"])
def test_scorers_of_forecasters_agree_with_backtests(panel, case, metric):
    X, Y = panel
    y = TARGETS[case](Y["sales"])
    tasks = {"size": "ordinal"} if case == "ordered numbers" else None
    table = forecast_table(backtest(quick(tasks=tasks), X, y, CV))
    scores = cross_validate(
        quick(tasks=tasks), X, y, cv=CV, scoring=forecast_scorer(metric), error_score="raise"
    )
    assert -scores["test_score"][0] == pytest.approx(table[metric].mean())


def test_binary_labels_are_forecast_in_their_own_units(panel):
    X, Y = panel
    busy = Y["sales"] > 100
    kinds = {"tasks": "binary"}
    zero_one = backtest(quick(**kinds), X, busy.astype(int), CV)
    one_two = backtest(quick(**kinds), X, busy + 1, CV)
    both_signs = backtest(quick(**kinds), X, 2 * busy - 1, CV)
    columns = ["truth", "forecast", "seasonal_naive"]
    np.testing.assert_allclose(one_two[columns], zero_one[columns] + 1, rtol=1e-5)
    np.testing.assert_allclose(both_signs[columns], 2 * zero_one[columns] - 1, atol=1e-5)
    assert zero_one["forecast"].between(0, 1).all()


def test_windows_in_which_a_class_is_absent_are_scored_too(panel):
    X, Y = panel
    is_event = (Y["sales"] > 100) & (X["day"] < "2024-02-16")
    text = pd.DataFrame({"event": np.where(is_event, "yes", "no")})
    cv = ForecastSplit("day", freq="D", horizon=7, n_windows=3)
    table = backtest(quick(), X, text, cv, refit=False)
    expected = backtest(quick(), X, is_event.rename("event").to_frame(), cv, refit=False)
    pd.testing.assert_frame_equal(table, expected)
    assert table.groupby("cutoff")["truth"].agg(["size", "max"]).values.tolist() == [
        [21, 1], [21, 0], [21, 0]
    ]  # fmt: skip


def test_a_class_that_is_new_in_a_window_is_told(panel):
    X, Y = panel
    is_late = (Y["sales"] > 100) & (X["day"] > "2024-02-22")
    text = pd.DataFrame({"event": np.where(is_late, "yes", "no")})
    with (
        pytest.warns(ConstantTargetWarning),
        pytest.raises(ValueError, match="only the class 'no'"),
    ):
        backtest(quick(), X, text, CV)
    with pytest.warns(ConstantTargetWarning):
        table = backtest(quick(), X, is_late.rename("event").to_frame(), CV)
    assert (table["forecast"] == 0).all()


def test_classes_alone_cannot_be_scored_as_numbers(panel):
    X, Y = panel
    text = pd.cut(Y["sales"], 3, labels=["low", "mid", "high"]).astype(str).to_frame()
    with pytest.raises(ValueError, match=r"\['sales'\] cannot be scored as forecasts"):
        backtest(quick(), X, text, CV)
    with pytest.raises(ValueError, match=r"\['sales'\] cannot be scored as forecasts"):
        forecast_scorer("mae")(quick().fit(X, text), X, text)


@pytest.mark.parametrize("inside", ["pipeline", "search"])
def test_models_inside_others_are_updated_between_fits(panel, inside):
    X, Y = panel
    cv = ForecastSplit("day", freq="D", horizon=7, n_windows=3)
    expected = backtest(quick(), X, Y[["sales"]], cv, refit=False)
    if inside == "pipeline":
        model = make_pipeline(FunctionTransformer(), quick())
    else:
        model = GridSearchCV(quick(), {"lags": [3]}, cv=CV, scoring=forecast_scorer("mae"))
    table = backtest(model, X, Y[["sales"]], cv, refit=False)
    pd.testing.assert_frame_equal(table, expected)
