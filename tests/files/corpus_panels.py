"""Forecasters of the corpus, and rows to ask them about."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

import skmtl
from skmtl.tasks import Change, Count, Exceeds, Hurdle, Quantile
from skmtl.timeseries import Calendar, Forecaster
from tests.files.cases import BOOSTING, LINEAR, NETWORK, Case


def sales(freq: str, n: int = 40) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Three shops with covariates of every role, and targets of three kinds with gaps."""
    rng = np.random.default_rng(9)
    times = pd.date_range("2023-03-01", periods=n, freq=freq).as_unit("us")
    X = pd.DataFrame(
        {
            "shop": np.repeat(["Bern", "Łódź", "Oslo"], n),
            "time": np.tile(times, 3),
            "promotion": rng.random(3 * n) < 0.3,
            "rain": rng.normal(size=3 * n),
            "size": np.repeat([1.0, 2.0, 4.0], n),
        }
    )
    week = np.tile(np.sin(np.arange(n) * 2 * np.pi / 4), 3)
    level = X["size"] * (3 + week + X["promotion"] + 0.2 * rng.normal(size=3 * n))
    Y = pd.DataFrame(
        {
            "sales": level,
            "visits": rng.poisson(np.maximum(level - 4, 0)),
            "full": np.where(level > 6, "yes", "no"),
        }
    )
    return X, Y.mask(rng.random(Y.shape) < 0.1)


def panel(estimator: Any, freq: str = "D", targets: Any = None, **parameters: Any) -> Case:
    """A forecaster of shops, asked about fitted values, the future and a shop without history."""
    X, Y = sales(freq)
    model = Forecaster(
        estimator, id="shop", time="time", freq=freq, horizon=3, season=4, lags=4, windows=5,
        known="promotion", past="rain", static="size", random_state=0, **parameters,
    )  # fmt: skip
    model.fit(X, Y if targets is None else Y[targets])
    ahead = pd.date_range(X["time"].max(), periods=4, freq=freq)[1:].as_unit("us")
    future = pd.DataFrame({"shop": "Łódź", "time": ahead, "promotion": [True, False, True],
                           "rain": np.nan, "size": 2.0})  # fmt: skip
    rows = pd.concat([X.iloc[30:38], future, future.assign(shop="Brno")], ignore_index=True)
    return Case(model, rows)


def updated(case: Callable[[], Case]) -> Case:
    """A forecaster that has seen two more days of one shop."""
    model, rows = case()
    X, Y = sales("D", 42)
    later = (X["time"] > X["time"].iloc[39]) & (X["shop"] == "Łódź")
    return Case(model.update(X[later], Y.loc[later, model.task_names_]), rows)


def single_series() -> Case:
    """One series whose times are whole numbers, as arrays of numbers."""
    number = np.arange(50)
    X = pd.DataFrame({"step": number})
    y = pd.Series(np.sin(number / 3) + number / 20, name="level")
    model = Forecaster(skmtl.MultiTaskLinear(**LINEAR), time="step", horizon=4, lags=6)
    return Case(model.fit(X, y), pd.DataFrame({"step": np.arange(44, 54)}))


LINEAR_MODEL, TREES, NET = (
    skmtl.MultiTaskLinear(**LINEAR), skmtl.RMTGB(**BOOSTING), skmtl.MultiTab(**NETWORK)
)  # fmt: skip
PANELS: dict[str, Callable[[], Case]] = {
    "forecast-linear": partial(
        panel, LINEAR_MODEL, conformal=(0.5, 0.8), derived={"up": Change("sales")}
    ),
    "forecast-linear-steps": partial(
        panel, LINEAR_MODEL, "MS", ["sales", "visits"], steps="tasks", anchor="season"
    ),
    "forecast-trees": partial(
        panel, TREES, "W-FRI", tasks={"visits": Count()}, calendar=Calendar("month"),
        derived={"many": Exceeds("visits", 3)},
    ),
    "forecast-trees-hurdle": partial(
        panel, TREES, "h", ["sales", "visits"], derived={"some": Hurdle("visits")}
    ),
    "forecast-trees-quantiles": partial(
        panel, TREES, "D", ["sales"], tasks={"sales": Quantile((0.1, 0.5, 0.9))}, scale="none"
    ),
    "forecast-network": partial(panel, NET, "D"),
    "forecast-updated": partial(updated, partial(panel, LINEAR_MODEL, "D", ["sales", "full"])),
    "forecast-single": single_series,
}  # fmt: skip
