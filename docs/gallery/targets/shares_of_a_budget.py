"""
Shares of a budget
==================

Households spend their money on rent, food, travel and the rest. You predict the shares, which are
never negative and sum to one. Four regressions know nothing of that.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import SplineTransformer

from skmtl import RMTGB
from skmtl.tasks import Composition

rng = np.random.default_rng(0)
parts = ("rent", "food", "travel", "rest")
X = pd.DataFrame({"income": rng.gamma(3, 1, 3000), "children": rng.poisson(1, 3000)})
preferences = np.column_stack(
    [
        2 - 0.5 * X["income"],
        1 - 0.3 * X["income"] + 0.5 * X["children"],
        np.where(X["income"] > 3, 1.0, -2.0) - 0.8 * X["children"],
        np.zeros(3000),
    ]
)
truth = np.exp(preferences) / np.exp(preferences).sum(axis=1, keepdims=True)
shares = np.array([rng.dirichlet(20 * row) for row in truth])
Y = pd.DataFrame(shares, columns=list(parts))
train, test = slice(0, 2000), slice(2000, None)

# %%
# A `Composition` names the columns of one target. `predict` returns the shares under the same
# names.

model = RMTGB(tasks={"budget": Composition(parts)}, n_bags=1, random_state=0)
predicted = model.fit(X[train], Y[train]).predict(X[test])
print(predicted.head(3).round(2))
print("sums:", np.unique(predicted.sum(axis=1).round(6)))

splines = SplineTransformer().fit(X[train])
lines = LinearRegression().fit(splines.transform(X[train]), Y[train])
separate = lines.predict(splines.transform(X[test]))
print(f"regressions: {(separate < 0).any(axis=1).mean():.0%} of the rows have a negative share")
for name, values in [("composition", predicted.to_numpy()), ("regressions", separate)]:
    print(f"{name}: mean absolute error {np.abs(values - truth[test]).mean():.3f}")

# %%
# The budget of a household with one child, by income, as predicted and in truth.

incomes = pd.DataFrame({"income": np.linspace(0.3, 8, 100), "children": 1})
fig, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
one = X["children"] == 1
order = X.loc[one, "income"].sort_values().index
for ax, x, table, title in [
    (axes[0], incomes["income"], model.predict(incomes).to_numpy(), "predicted"),
    (axes[1], X.loc[order, "income"], truth[order], "true"),
]:
    ax.stackplot(x, table.T, labels=parts, colors=["#0b6e8f", "#8fc1d4", "#d1742e", "#bbbbbb"])
    ax.set(xlim=(0.5, 8), ylim=(0, 1), xlabel="income, thousands", title=title)
axes[0].set_ylabel("share of the budget")
_ = axes[1].legend(loc="lower left")
