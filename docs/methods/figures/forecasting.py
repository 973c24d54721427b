"""Series of very different sizes become alike at an origin, and errors grow with the step."""

import matplotlib.pyplot as plt
import numpy as np

from skmtl import MultiTaskLinear
from skmtl.datasets import make_panel
from skmtl.timeseries import Forecaster

X, Y, X_next = make_panel(random_state=0)
fig, axes = plt.subplots(1, 3, figsize=(10, 3.1))
steps = np.arange(-27, 8)
for shop, color in zip("ABCD", ("#0b6e8f", "#d1742e", "#666666", "#8fc1d4"), strict=True):
    sales = Y.loc[X["shop"] == X["shop"].unique()[ord(shop) - 65], "sales"].to_numpy()[-35:]
    past = sales[:28]
    scale = np.abs(np.diff(past)).mean()
    axes[0].plot(steps, sales, color=color)
    axes[1].plot(steps, (sales - past[-7:].mean()) / scale, color=color)
for ax, title in zip(axes, ("sales of four shops", "(sales - anchor) / scale"), strict=False):
    ax.axvspan(0.5, 7, color="#f6dcc7", linewidth=0)
    ax.axvline(0.5, color="#d1742e", linewidth=0.8)
    ax.set(title=title, xlabel="steps from the origin")
model = Forecaster(
    MultiTaskLinear(penalty="ridge", random_state=0),
    id="shop",
    time="day",
    freq="D",
    horizon=7,
    season=7,
    known="promotion",
    past="rain",
    static="size",
    steps="tasks",
    conformal=0.8,
).fit(X, Y[["sales"]])
one = X_next["shop"] == X_next["shop"].iloc[-1]
limits = model.predict_interval(X_next[one], level=0.8)["sales"]
forecast = model.predict(X_next[one])["sales"]
ahead = np.arange(1, len(forecast) + 1)
axes[2].fill_between(ahead, limits["lower"], limits["upper"], color="#cfe5ee", linewidth=0)
axes[2].plot(ahead, forecast, "o-", color="#0b6e8f")
axes[2].set(title="conformal interval, 80 %", xlabel="step")
