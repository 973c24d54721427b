"""
A shop opens tomorrow
=====================

A model of twelve shops has to predict a thirteenth shop that was not part of the training data. It
predicts what it would predict for an average shop, which is far better than nothing. If you prefer
an error, set `unseen="error"`.
"""

from textwrap import fill

import matplotlib.pyplot as plt
import pandas as pd

from skmtl import RMTGBRegressor
from skmtl.datasets import make_outlier_tasks

X, y = make_outlier_tasks(100, n_tasks=13, scenario=3, noise=0.2, random_state=0)
new = X["task"] == "task_12"
X_train, y_train = X[~new], y[~new]
model = RMTGBRegressor(task_column="task", learning_rate=0.2, n_bags=1, random_state=0)
model.fit(X_train, y_train)

# %%
# R2 for the new shop is measured on its rows, none of which were used in training.

r2 = model.score(X[new], y[new])
print(f"R2 for the unseen shop: {r2:.2f}")

strict = RMTGBRegressor(task_column="task", unseen="error", learning_rate=0.2, n_bags=1)
strict.fit(X_train, y_train)
try:
    strict.predict(X[new])
except ValueError as error:
    print(fill(str(error), 90))

# %%

seen = pd.Series(model.predict(X_train), X_train.index)
fig, ax = plt.subplots(figsize=(5.5, 4.5), layout="constrained")
ax.plot(y_train, seen, ".", color="#cccccc", label="shops in training")
ax.plot(y[new], model.predict(X[new]), "o", color="#0b6e8f", label="new shop", markersize=4)
ax.axline((0, 0), slope=1, color="grey", linewidth=0.8)
ax.set(xlabel="sales", ylabel="predicted")
_ = ax.legend()
