"""Coefficients of similar tasks, from separate ridge regressions to one for all."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skmtl import MultiTaskLinearRegressor

rng = np.random.default_rng(0)
n_tasks, n_rows = 8, 12
slopes = 1 + 0.4 * rng.normal(size=n_tasks)
task = np.repeat(np.arange(n_tasks), n_rows)
X = pd.DataFrame({"task": task, "x": rng.normal(size=len(task))})
y = slopes[task] * X["x"] + rng.normal(size=len(task))
similarities = np.linspace(0, 1, 11)
paths, errors = [], []
for similarity in similarities:
    model = MultiTaskLinearRegressor(
        task_column="task", penalty="shared", similarity=float(similarity), alpha=3.0,
        early_stopping=False,
    ).fit(X, y)  # fmt: skip
    paths.append(model.coef_["x"].to_numpy().ravel())
    errors.append(np.sqrt(np.mean((paths[-1] - slopes) ** 2)))

fig, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3))
left.plot(similarities, paths, color="#0b6e8f", linewidth=1)
left.plot(np.full(n_tasks, 1.06), slopes, "_", color="#d1742e", markersize=10, label="true")
left.set(title="slopes of eight tasks of 12 rows", xlabel=r"similarity $\rho$")
left.legend()
right.plot(similarities, errors, "o-", color="#0b6e8f")
right.set(title="error of the slopes", xlabel=r"similarity $\rho$", ylim=(0, None))
