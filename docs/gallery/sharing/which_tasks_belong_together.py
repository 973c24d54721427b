"""
Which tasks belong together?
============================

You have six tasks, and do not know which of them have a common cause. Apply the model of each task
to the others, group the tasks by the result, and let `GroupedTasks` fit one model per group.
"""

import matplotlib.pyplot as plt
import pandas as pd

from skmtl import GroupedTasks, RMTGBRegressor
from skmtl.datasets import make_task_groups
from skmtl.inspection import TaskAffinityDisplay, suggest_groups, task_affinity

X, Y = make_task_groups(
    1400, groups=(0, 1, 0, 1, 0, 1), common_weight=1, missing=0.4, random_state=0
)
X_train, X_test, Y_train, Y_test = X[:400], X[400:], Y[:400], Y[400:]
shared = RMTGBRegressor(blocks=("shared",), n_bags=1, learning_rate=0.2, random_state=0)

affinity = task_affinity(shared, X_train, Y_train, random_state=0)
groups = suggest_groups(affinity)
print(groups)
_ = TaskAffinityDisplay.from_affinity(affinity)

# %%
# The even tasks belong together, and so do the odd ones, as planted. `GroupedTasks` only uses a
# grouping if it is clearly better on held-out rows than one model for all tasks and than separate
# models.

grouped = GroupedTasks(shared, random_state=0).fit(X_train, Y_train)
print(grouped.groups_)
scores = pd.DataFrame(
    {
        "all together": shared.fit(X_train, Y_train).score_tasks(X_test, Y_test),
        "in groups": grouped.score_tasks(X_test, Y_test),
    }
).drop(index="mean", errors="ignore")
ax = scores.plot.barh(figsize=(6, 3.5), color=["#bbbbbb", "#0b6e8f"])
ax.set_xlabel("R2 on new rows")
plt.tight_layout()
