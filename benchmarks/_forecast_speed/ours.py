"""Fit a forecaster of the same lags, windows and trees, or forecast by one."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from lightgbm import LGBMRegressor

import skmtl
from benchmarks._forecast_speed.panel import LAGS, LIGHTGBM, WINDOWS, measured, panel, report
from skmtl import RMTGB
from skmtl.timeseries import Calendar, Forecaster

HORIZON = 28


def forecaster(estimator: Any, n_examples: int) -> Forecaster:
    return Forecaster(
        estimator,
        id="unique_id",
        time="ds",
        freq="D",
        horizon=HORIZON,
        lags=LAGS[:12],  # 30 features, as many as mlforecast has with 14 lags
        windows=WINDOWS,
        calendar=Calendar("weekday", "month", "day", "quarter"),
        max_examples=n_examples,
        random_state=0,
    )


def fit(n_series: int, n_days: int) -> dict[str, Any]:
    """Features and fit on as many examples as the panel has rows."""
    df = panel(n_series, n_days)
    X, y = df[["unique_id", "ds"]], df[["y"]]
    outcome, model = measured(lambda: forecaster(LGBMRegressor(**LIGHTGBM), len(df)).fit(X, y))
    return outcome | {"n_features": model.estimator_.n_features_in_}


def predict(n_series: int, n_days: int, where: str) -> dict[str, Any]:
    """Forecast every series from memory, or from a Parquet file to another."""
    df = panel(n_series, n_days)
    trees = RMTGB(blocks=("task",), n_rounds=100, early_stopping=False, n_bags=1, random_state=0)
    model = forecaster(trees, 100_000).fit(df[["unique_id", "ds"]], df[["y"]])
    days = pd.date_range(df["ds"].max(), periods=HORIZON + 1)[1:]
    ids = pd.Series(range(n_series))
    X = pd.MultiIndex.from_product([ids, days], names=["unique_id", "ds"]).to_frame(index=False)
    if where == "memory":
        outcome, frame = measured(lambda: model.predict(X))
        return outcome | {"n_rows": len(frame)}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "rows.parquet", Path(folder) / "forecasts.parquet"
        X.to_parquet(source, row_group_size=100_000)
        del df
        outcome, _ = measured(lambda: skmtl.score_files(model, source, target))
        return outcome | {"n_rows": len(pd.read_parquet(target))}


if __name__ == "__main__":
    what, n_series, n_days = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if what == "fit":
        report(fit(n_series, n_days))
    else:
        report(predict(n_series, n_days, what))
