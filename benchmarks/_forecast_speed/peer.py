"""Fit mlforecast, in an environment of its own: a model of one step ahead."""

from __future__ import annotations

import sys

from lightgbm import LGBMRegressor
from mlforecast import MLForecast
from mlforecast.lag_transforms import RollingMax, RollingMean, RollingMin, RollingStd
from mlforecast.target_transforms import LocalStandardScaler

from benchmarks._forecast_speed.panel import LAGS, LIGHTGBM, WINDOWS, measured, panel, report


def main(values: str, n_series: int, n_days: int) -> None:
    df = panel(n_series, n_days)
    rolling = [
        transform(window_size=window)
        for window in WINDOWS
        for transform in (RollingMean, RollingStd, RollingMin, RollingMax)
    ]
    forecast = MLForecast(
        models={"lightgbm": LGBMRegressor(**LIGHTGBM)},
        freq="D",
        lags=LAGS,
        lag_transforms={1: rolling, 7: rolling[:4]},
        date_features=["dayofweek", "month", "day", "quarter"],
        target_transforms=[LocalStandardScaler()] if values == "scaled" else None,
        num_threads=1,
    )
    # The transforms are compiled at their first use.
    forecast.preprocess(panel(2, 60))
    # Rows whose lags are missing are kept, so that it learns from as many examples as ours does.
    outcome, _ = measured(lambda: forecast.fit(df, static_features=[], dropna=False))
    report(outcome | {"n_features": len(forecast.ts.features_order_)})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
