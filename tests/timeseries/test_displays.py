"""Plots, read back from their axes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from skmtl import RMTGB
from skmtl.timeseries import (
    BacktestDisplay,
    ForecastDisplay,
    Forecaster,
    ForecastSplit,
    SeasonalNaive,
    backtest,
    forecast_table,
)
from tests.timeseries.panels import shops


@pytest.fixture(autouse=True)
def close_figures():
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def fitted():
    X, Y = shops(2, 60)
    inner = RMTGB(n_rounds=5, n_bags=1, blocks=("shared",), random_state=0)
    model = Forecaster(
        inner, id="shop", time="day", freq="D", horizon=5, season=7, lags=2, windows=7,
        known="promotion", past="rain", static="size", conformal=(0.5, 0.8), random_state=0,
    )  # fmt: skip
    early = X["day"] < "2024-02-25"
    return model.fit(X[early], Y[early])


def test_a_forecast_is_drawn_behind_its_past(fitted):
    X, Y = shops(2, 60)
    rows = (X["day"] >= "2024-02-25") & (X["shop"] == "shop 1")
    display = ForecastDisplay.from_estimator(fitted, X[rows], Y[rows], target="visits", n_past=9)
    past, forecast, truth = display.ax_.get_lines()
    before = (X["day"] < "2024-02-25") & (X["shop"] == "shop 1")
    np.testing.assert_array_equal(past.get_ydata(), Y.loc[before, "visits"].tail(9))
    np.testing.assert_array_equal(forecast.get_ydata(), fitted.predict(X[rows])["visits"])
    np.testing.assert_array_equal(truth.get_ydata(), Y.loc[rows, "visits"])
    assert len(display.ax_.collections) == 2
    assert set(display.intervals) == {0.5, 0.8}
    assert "'shop 1'" in display.ax_.get_title()


def test_one_series_and_one_number_are_drawn(fitted):
    X, _ = shops(2, 60)
    with pytest.raises(ValueError, match="several ids, 'shop 0', 'shop 1'"):
        ForecastDisplay.from_estimator(fitted, X)
    with pytest.raises(ValueError, match="target='price' must be one of the numbers"):
        ForecastDisplay.from_estimator(fitted, X[:3], target="price")


def test_scores_are_drawn_by_step_and_cutoff_beside_the_naive_ones():
    X, Y = shops(2, 60)
    cv = ForecastSplit("day", freq="D", horizon=5, n_windows=3)
    table = backtest(SeasonalNaive(id="shop", time="day", freq="D"), X, Y, cv, season=7)
    display = BacktestDisplay.from_table(table, metric="mase")
    lines = display.ax_.get_lines()
    assert len(lines) == 4
    expected = forecast_table(table, "step").loc["sales", "mase"]
    np.testing.assert_array_equal(lines[0].get_ydata(), expected)
    by_cutoff = BacktestDisplay.from_table(table, by="cutoff", ax=pyplot.gca())
    assert pd.DatetimeIndex(by_cutoff.scores.index).tolist() == cv.cutoffs(X).tolist()
    assert len(BacktestDisplay.from_table(table, metric="skill").ax_.get_lines()) == 2
    with pytest.raises(ValueError, match="metric='r2'"):
        BacktestDisplay.from_table(table, metric="r2")
