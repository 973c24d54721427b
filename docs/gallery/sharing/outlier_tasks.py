"""
Two shops differ from the others
================================

Ten shops have similar sales, but two of them follow a different pattern that you do not know
about. Boosting finds them and keeps them from spoiling the model of the other eight.
"""

import matplotlib.pyplot as plt

from skmtl import RMTGBRegressor
from skmtl.datasets import make_outlier_tasks
from skmtl.inspection import OutlierTasksDisplay, TaskContributionDisplay

X, y, truth = make_outlier_tasks(150, noise=0.1, random_state=0, return_truth=True)
X["shop"] = X.pop("task").cat.rename_categories(lambda name: name.replace("task", "shop"))
model = RMTGBRegressor(task_column="shop", learning_rate=0.2, n_bags=1, random_state=0)
model.fit(X, y)
print("planted:", [name.replace("task", "shop") for name in truth.outlier[truth.outlier].index])

# %%
# Left: the outlier score is near 1 for a shop that differs from most others. Right: how much of a
# shop's prediction comes from trees that all shops share.

fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
OutlierTasksDisplay.from_estimator(model, ax=left)
_ = TaskContributionDisplay.from_estimator(model, X, ax=right)
