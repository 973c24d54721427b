"""
Did sharing help?
=================

One model for eight tasks is a bet. `transfer_report` compares each task with a model of its own
on the same folds, with intervals, so that you see which tasks win and which lose.
"""

from skmtl import RMTGBRegressor
from skmtl.datasets import make_task_groups
from skmtl.inspection import TransferReportDisplay, transfer_report

X, y = make_task_groups(
    60, groups=(0, 0, 0, 0, 0, 0, 0, 1), layout="long", common_weight=1, random_state=0
)

# %%
# Seven tasks have a common cause, and 60 rows each. The last one has nothing to do with them.
# All of them must use the same trees here, so the last one may well suffer.

shared = RMTGBRegressor(
    task_column="task", blocks=("shared",), learning_rate=0.2, n_bags=1, random_state=0
)
report = transfer_report(shared, X, y, cv=3, n_repeats=3, lightgbm=False, random_state=0)
print(report)

# %%
# Right of zero, sharing helps. An interval that crosses zero says that these rows cannot tell.

_ = TransferReportDisplay.from_report(report)
