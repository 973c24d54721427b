"""
How far off may the forecast be?
================================

To order goods, you need a range that contains the true value in 8 of 10 cases. `conformal=0.8`
builds intervals from the errors on the last weeks, without another model.
"""

import numpy as np
import pandas as pd

from skmtl import RMTGB
from skmtl.timeseries import ForecastDisplay, Forecaster

rng = np.random.default_rng(1)
X = pd.DataFrame(
    {
        "shop": np.repeat([f"shop {number}" for number in range(20)], 140),
        "day": np.tile(pd.date_range("2024-01-01", periods=140), 20),
    }
)
level = np.repeat(rng.uniform(20, 100, 20), 140)
week = np.sin(2 * np.pi * X["day"].dt.day_of_week / 7)
Y = pd.DataFrame({"sales": level * (3 + week + rng.normal(scale=0.3, size=len(X)))})
future = X["day"] >= "2024-05-13"
model = Forecaster(
    RMTGB(blocks=("task",), learning_rate=0.2, n_bags=1, random_state=0),
    id="shop",
    time="day",
    freq="D",
    horizon=7,
    season=7,
    conformal=0.8,
    max_examples=1500,
    random_state=0,
).fit(X[~future], Y[~future])

# %%
# How many of the 140 days lie within?

ends = model.predict_quantiles(X[future])
print(ends.head(3).round(0))
low, high = (ends.iloc[:, column].to_numpy() for column in (0, -1))
inside = Y.loc[future, "sales"].between(low, high)
print(f"{inside.mean():.0%} of the days lie within the intervals")

# %%

one = future & (X["shop"] == "shop 2")
display = ForecastDisplay.from_estimator(model, X[one], Y[one])
display.ax_.tick_params(axis="x", rotation=30)
