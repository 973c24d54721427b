"""
Tomorrow's sales, and whether they rise
=======================================

For each of four shops, there are two questions about each of the next seven days: how much will it
sell, and will it sell more than a week before? One model answers both.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skmtl import RMTGB
from skmtl.tasks import Change
from skmtl.timeseries import ForecastDisplay, Forecaster

rng = np.random.default_rng(0)
X = pd.DataFrame(
    {
        "shop": np.repeat(["A", "B", "C", "D"], 154),
        "day": np.tile(pd.date_range("2024-01-01", periods=154), 4),
        "promotion": rng.integers(0, 2, 616),  # planned, so known in advance
        "size": np.repeat([10.0, 20.0, 40.0, 80.0], 154),
    }
)
week = np.sin(2 * np.pi * X["day"].dt.day_of_week / 7)
sales = X["size"] * (3 + week + 0.5 * X["promotion"] + rng.normal(scale=0.1, size=616))
Y = pd.DataFrame({"sales": sales})
future = X["day"] >= "2024-05-27"

# %%
# `Change` is a target derived from the sales. `season=7` sets a weekly season.

model = Forecaster(
    RMTGB(blocks=("task",), learning_rate=0.2, n_bags=1, random_state=0),
    id="shop",
    time="day",
    freq="D",
    horizon=7,
    season=7,
    known="promotion",
    static="size",
    derived={"up": Change("sales", since="season")},
    max_examples=1500,
    random_state=0,
).fit(X[~future], Y[~future])
print(model.predict(X[future]).head(7).round(1))

# %%

shop = future & (X["shop"] == "C")
up = model.predict_proba(X[shop])[0][:, 1]
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained", width_ratios=[2, 1])
ForecastDisplay.from_estimator(model, X[shop], Y[shop], ax=left)
right.barh(X.loc[shop, "day"].dt.day_name(), up, color="#0b6e8f")
right.axvline(0.5, color="grey", linewidth=0.8)
_ = right.set(xlabel="probability of more sales than a week before", xlim=(0, 1))
right.invert_yaxis()
left.tick_params(axis="x", rotation=30)
