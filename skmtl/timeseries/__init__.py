"""Forecasting of panels: many series, with several targets of any kinds.

A panel is a long table: X has a row for each id and time, with covariates, and y holds the
targets, whose labels may be partly missing.

- `Forecaster`: one model for all steps, series and targets, around any estimator of skmtl;
- `ForecastSplit`: windows of time for searches and cross-validation;
- `backtest`: the forecasts of all windows in one table; `forecast_table`: its scores;
  `forecast_scorer`: the same for searches;
- `make_features`: the training table of a forecaster; `Calendar`: its features of time;
- `ForecastDisplay` and `BacktestDisplay`: plots of forecasts and of their scores;
- `SeasonalNaive`: the baseline forecast.

Examples
--------
>>> import pandas as pd
>>> from skmtl.timeseries import ForecastSplit, SeasonalNaive, backtest, forecast_table
>>> X = pd.DataFrame({"shop": ["A", "B"] * 6, "day": [day for day in range(6) for _ in "AB"]})
>>> y = pd.DataFrame({"sales": [1.0, 10, 2, 20, 1, 10, 2, 20, 1, 10, 2, 25]})
>>> cv = ForecastSplit("day", horizon=2)
>>> table = backtest(SeasonalNaive(id="shop", time="day", season=2), X, y, cv)
>>> float(forecast_table(table).loc["sales", "mae"])
1.25
"""

from skmtl.panels import CalendarFeatures as Calendar
from skmtl.timeseries._backtest import backtest
from skmtl.timeseries._displays import BacktestDisplay, ForecastDisplay
from skmtl.timeseries._forecaster import Forecaster
from skmtl.timeseries._make_features import make_features
from skmtl.timeseries._scorer import forecast_scorer
from skmtl.timeseries._seasonal_naive import SeasonalNaive
from skmtl.timeseries._split import ForecastSplit
from skmtl.timeseries._table import forecast_table

__all__ = [
    "BacktestDisplay",
    "Calendar",
    "ForecastDisplay",
    "ForecastSplit",
    "Forecaster",
    "SeasonalNaive",
    "backtest",
    "forecast_scorer",
    "forecast_table",
    "make_features",
]
