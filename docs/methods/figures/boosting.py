"""Outlier scores of planted outlier tasks, and how much of a task's own step is kept."""

import matplotlib.pyplot as plt
import numpy as np

from skmtl import RMTGBRegressor
from skmtl.datasets import make_outlier_tasks
from skmtl.inspection import OutlierTasksDisplay

X, y = make_outlier_tasks(n_samples=150, n_tasks=8, n_outlier_tasks=2, random_state=0)
model = RMTGBRegressor(
    task_column="task", blocks=("partition", "task"), learning_rate=0.2, n_bags=1, random_state=0
).fit(X, y)

fig, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3.2))
OutlierTasksDisplay.from_estimator(model, ax=left)
left.set_title(r"outlier scores $\sigma(\theta_t)$, two planted")
rows = np.geomspace(1, 1000, 100)
for ratio, color in [(0.01, "#666666"), (0.1, "#0b6e8f"), (1.0, "#d1742e")]:
    right.semilogx(rows, ratio / (ratio + 1 / rows), color=color, label=f"$\\tau^2 = {ratio:g}$")
right.set(title="share of a task's step in its signature", xlabel="rows of the task", ylim=(0, 1))
right.legend()
