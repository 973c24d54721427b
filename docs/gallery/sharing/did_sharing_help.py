"""
Did sharing help?
=================

One model for eight tasks is a bet. `transfer_report` compares it with a separate model for each
task, on the same folds and with intervals, so that you see which tasks gain and which lose.
"""

from skmtl import RMTGBRegressor
from skmtl.datasets import make_task_groups
from skmtl.inspection import TransferReportDisplay, transfer_report

X, y = make_task_groups(
    60, groups=(0, 0, 0, 0, 0, 0, 0, 1), layout="long", common_weight=1, random_state=0
)

# %%
# Seven tasks have a common cause, and 60 rows each. The last one is unrelated to them. All tasks
# must use the same trees here, so the last one may get worse (negative transfer).

shared = RMTGBRegressor(
    task_column="task", blocks=("shared",), learning_rate=0.2, n_bags=1, random_state=0
)
report = transfer_report(shared, X, y, cv=3, n_repeats=3, lightgbm=False, random_state=0)
print(report)

# %%
# To the right of zero, sharing helps. If an interval contains zero, these rows do not show whether
# sharing helps.

_ = TransferReportDisplay.from_report(report)
