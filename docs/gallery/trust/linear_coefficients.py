"""
An interpretable model: six blood values of 442 patients
========================================================

How do age, sex, body mass index and blood pressure relate to six blood values? A linear model for
all six has a coefficient for each pair, in the units of the table, and shrinks coefficients that
do not help on held-out rows.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_diabetes

from skmtl import MultiTaskLinearRegressor
from skmtl.model_selection import multitask_train_test_split

table = load_diabetes(as_frame=True, scaled=False).data
names = {
    "s1": "cholesterol",
    "s2": "LDL",
    "s3": "HDL",
    "s4": "ratio",
    "s5": "log trig.",
    "s6": "glucose",
}
Y = table[list(names)].rename(columns=names)
X = table[["age", "sex", "bmi", "bp"]]
X_train, X_test, Y_train, Y_test = multitask_train_test_split(X, Y, test_size=0.3, random_state=0)
model = MultiTaskLinearRegressor(random_state=0).fit(X_train, Y_train)
print(model.penalty_)
print(model.coef_.round(2))

# %%
# Four features say little about a single blood value, as R2 on held-out patients shows.

print(model.score_tasks(X_test, Y_test).round(2))

# %%
# Coefficients per standard deviation of feature and target can be compared with each other.

standard = model.coef_.mul(X_train.std(), axis=1).div(Y_train.std(), axis=0)
fig, ax = plt.subplots(figsize=(5, 4), layout="constrained")
image = ax.imshow(standard, cmap="RdBu", vmin=-0.5, vmax=0.5)
ax.set_xticks(range(4), list(standard.columns))
ax.set_yticks(range(6), list(standard.index))
for (row, column), value in zip(
    [(row, column) for row in range(6) for column in range(4)],
    standard.to_numpy().ravel(),
    strict=True,
):
    ax.text(column, row, f"{value:.2f}", ha="center", va="center")
_ = fig.colorbar(image, ax=ax, label="standardised coefficient")
