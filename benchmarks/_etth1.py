"""ETTh1: 96 hours of seven channels, by the usual borders and the mean squared error.

The channels are the series of a panel, standardised by the first twelve months. Whoever forecasts
knows all hours up to the start; starts are midnights of the part that is scored.
"""

from __future__ import annotations

import time
from typing import Any

import pandas as pd

from benchmarks._data import loader_of
from skmtl import RMTGB, MultiTab, MultiTaskLinear
from skmtl.timeseries import Forecaster

HORIZON, LAGS, EVERY = 96, 336, 24
# The anchor was chosen on the validation part: 0.677 "season", 0.667 "mean", 0.659 "last".
SETTINGS: dict[str, Any] = {
    "id": "channel", "time": "date", "freq": "h", "horizon": HORIZON, "season": 24,
    "weight": "equal", "anchor": "last", "random_state": 0,
}  # fmt: skip
MODELS: dict[str, Any] = {
    "linear": lambda: Forecaster(
        MultiTaskLinear(penalty="ridge", n_bags=1, random_state=0),
        steps="tasks", lags=LAGS, windows=(), calendar=None, **SETTINGS,
    ),
    "multitab": lambda: Forecaster(
        MultiTab(linear_path="ridge", n_bags=1, random_state=0),
        steps="tasks", lags=LAGS, windows=(), calendar=None, **SETTINGS,
    ),
    "rmtgb": lambda: Forecaster(RMTGB(n_bags=1, random_state=0), **SETTINGS),
}  # fmt: skip


def measure_etth1(engine: str, most: int, validation: bool) -> pd.DataFrame:
    """Return a row with the scores of a model."""
    if engine not in MODELS:
        raise ValueError(f"etth1 has no model {engine!r}: choose from {list(MODELS)}.")
    wide = loader_of("timeseries").etth1()
    channels = [name for name in wide.columns if name != "date"]
    train = wide[channels][:8640]
    wide[channels] = (wide[channels] - train.mean()) / train.std(ddof=0)
    long = wide.melt("date", var_name="channel", value_name="y")
    begin, end = (8640, 11520) if validation else (11520, 14400)
    begun, squares, absolutes, known = time.process_time(), [], [], begin
    model = MODELS[engine]().set_params(max_examples=most)
    past = long[long["date"] < wide["date"][begin]]
    model.fit(past[["channel", "date"]], past[["y"]])
    for start in range(begin, end - HORIZON + 1, EVERY):
        if start > known:
            new = long[long["date"].isin(wide["date"][known:start])]
            model.update(new[["channel", "date"]], new[["y"]])
            known = start
        rows = long[long["date"].isin(wide["date"][start : start + HORIZON])]
        errors = model.predict(rows[["channel", "date"]])["y"] - rows["y"]
        squares.append((errors**2).mean())
        absolutes.append(errors.abs().mean())
    scores = {
        "set": "etth1", "model": engine, "max_examples": most, "target": "y",
        "part": "validation" if validation else "test", "mse": sum(squares) / len(squares),
        "mae": sum(absolutes) / len(absolutes), "n": len(squares) * HORIZON * len(channels),
        "cold_as_zero": 0, "cpu_seconds": round(time.process_time() - begun, 1),
    }  # fmt: skip
    return pd.DataFrame([scores])
