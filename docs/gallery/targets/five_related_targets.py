"""
Five related targets: one model or five?
========================================

You have 300 rows and five targets that depend on nearly the same things. Compare one network for
all five with one LightGBM and one ridge regression per target, on held-out rows.
"""

import matplotlib.pyplot as plt
import pandas as pd
from lightgbm import LGBMRegressor
from sklearn.linear_model import RidgeCV
from sklearn.multioutput import MultiOutputRegressor

from skmtl import MultiTabRegressor
from skmtl.datasets import make_multitab_bench
from skmtl.metrics import score_tasks

X, Y = make_multitab_bench(
    2300, n_features=12, n_tasks=5, correlation=0.9, noise=0.3, random_state=0
)
X_train, X_test, Y_train, Y_test = X[:300], X[300:], Y[:300], Y[300:]

# %%
# The targets are powers of similar directions in the feature space. A linear model only learns the
# linear part. Trees can learn all of it, but have 300 labels for each target. The network has
# 1,500 labels for what the targets share. It is small, so that this page builds quickly.

models = {
    "one network": MultiTabRegressor(
        n_bags=1,
        row_size=64,
        n_members=2,
        early_stopping=False,
        max_epochs=30,
        learning_rate=0.01,
        schedule="cosine",
        random_state=0,
    ),
    "five LightGBM": MultiOutputRegressor(
        LGBMRegressor(
            n_estimators=200, learning_rate=0.05, min_child_samples=10, n_jobs=1, verbose=-1
        )
    ),
    "five ridge regressions": MultiOutputRegressor(RidgeCV()),
}
scores = pd.DataFrame(
    {
        name: score_tasks(Y_test, model.fit(X_train, Y_train).predict(X_test))
        for name, model in models.items()
    }
)
print(scores.round(2))

# %%
# R2 is 0 for a constant and 1 for a perfect prediction.

ax = scores.plot.bar(figsize=(7, 3.5), rot=0, color=["#0b6e8f", "#d1742e", "#bbbbbb"])
ax.set(ylabel="R2 on 2,000 new rows", ylim=(0, 1))
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
plt.tight_layout()
