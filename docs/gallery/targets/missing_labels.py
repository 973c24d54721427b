"""
Labels of one target are missing
================================

One measurement is expensive, so it is missing in most rows; four cheaper ones are always
available. How many labels of the expensive one do you need?
"""

import matplotlib.pyplot as plt
import pandas as pd

from skmtl import MultiTabRegressor
from skmtl.datasets import make_multitab_bench

X, Y = make_multitab_bench(
    1400, n_features=16, n_tasks=5, correlation=0.9, noise=0.3, random_state=0
)
X_train, Y_train = X[:400], Y[:400]
X_test, Y_test = X[400:], Y[400:]

# %%
# A missing label is NaN. It is ignored in training and in scores; there is no imputation.

settings = {
    "n_bags": 1,
    "row_size": 48,
    "n_members": 1,
    "early_stopping": False,
    "max_epochs": 15,
    "learning_rate": 0.01,
    "schedule": "cosine",
    "random_state": 0,
}
scores = {}
for n_labels in (20, 60, 200):
    few = Y_train.copy()
    few.loc[n_labels:, "task_0"] = float("nan")
    together = MultiTabRegressor(**settings).fit(X_train, few)
    alone = MultiTabRegressor(**settings).fit(X_train, few[["task_0"]])
    scores[n_labels] = {
        "with the other four": together.score_tasks(X_test, Y_test)["task_0"],
        "alone": alone.score_tasks(X_test, Y_test[["task_0"]])["task_0"],
    }
scores = pd.DataFrame(scores).T
print(scores.round(2))

# %%
# With few labels, the other targets help more than any tuning could. The gap closes as the number
# of labels grows.

fig, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
for name, colour in [("with the other four", "#0b6e8f"), ("alone", "#d1742e")]:
    ax.plot(scores.index, scores[name], "o-", color=colour, label=name)
ax.axhline(0, color="grey", linewidth=0.8)
ax.set(xscale="log", xlabel="labels of the target", ylabel="R2 on new rows")
ax.set_xticks(scores.index, [str(n) for n in scores.index], minor=False)
ax.minorticks_off()
_ = ax.legend()
