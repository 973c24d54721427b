"""
Has the table changed since training?
=====================================

A data feed breaks at night: a column arrives empty, and an airport has a new code. The model still
predicts. Request a report with the scores, which compares the table with the rows of `fit`.
"""

import warnings
from textwrap import fill

import matplotlib.pyplot as plt

import skmtl
from skmtl.datasets import load_flights_nyc

X, Y = load_flights_nyc(return_X_y=True)
model = skmtl.RMTGB(blocks=("shared", "task"), learning_rate=0.3, n_bags=1, random_state=0)
model.fit(X[:3000], Y.loc[:2999, ["air_time", "late"]])

tonight = X[3000:6000].copy()
tonight["temp"] = float("nan")
tonight["dest"] = tonight["dest"].astype(str).replace({"LAX": "LAX-2"})

# %%
# A column that has lost all its values raises a warning. Unknown categories and missing values are
# counted by column, next to their shares in training.

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    scores, columns = skmtl.score_frame(model, tonight, report=True)
for line in str(caught[0].message).splitlines():
    print(fill(line, 90))
print(columns.loc[["temp", "dest", "pressure", "wind_gust"]].round(3))

# %%

changed = (
    columns["missing_share"]
    - columns["fit_missing_share"]
    + columns["unknown_share"]
    - columns["fit_unknown_share"]
).sort_values()
fig, ax = plt.subplots(figsize=(6, 4.5), layout="constrained")
ax.barh(
    changed.index, changed, color=["#d1742e" if much > 0.05 else "#0b6e8f" for much in changed]
)
_ = ax.set_xlabel("share of cells missing or unknown, minus the share in training")
