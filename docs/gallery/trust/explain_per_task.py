"""
Why this prediction? One answer per target
==========================================

The same feature may matter for one target and not for another. For each target, SHAP values split
a prediction into the contributions of the features, which sum to the prediction exactly.
"""

import matplotlib.pyplot as plt
import numpy as np

from skmtl import RMTGB
from skmtl.datasets import load_flights_nyc

X, Y = load_flights_nyc(return_X_y=True)
targets = ["dep_delay", "air_time"]
model = RMTGB(learning_rate=0.3, n_bags=1, random_state=0).fit(X[:3000], Y.loc[:2999, targets])
new = X[3000:3300]
shap = model.shap_values(new)
print(shap["air_time"].iloc[0].round(1).loc[lambda part: part.abs() > 0.5])
print(np.allclose(shap["air_time"].sum(axis=1), model.predict(new)["air_time"]))

# %%
# The mean absolute contribution of each feature: minutes of delay on the left, minutes in the air
# on the right. For a chart of a single row, pass a target's columns to `shap.Explanation`.

fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for ax, target in zip(axes, targets, strict=True):
    sizes = shap[target].drop(columns="base", errors="ignore").abs().mean().nlargest(8)[::-1]
    ax.barh([str(name) for name in sizes.index], sizes, color="#0b6e8f")
    ax.set(title=target, xlabel="mean |SHAP value|, minutes")
