"""
I do not want to choose an engine
=================================

A linear model, trees and a network can each be the best for some target. `StackedTasks` fits all
three and weights them for each target by their losses on held-out rows.
"""

from skmtl import RMTGB, MultiTab, MultiTaskLinear, StackedTasks
from skmtl.datasets import load_flights_nyc
from skmtl.inspection import StackWeightsDisplay
from skmtl.model_selection import multitask_train_test_split

X, Y = load_flights_nyc(return_X_y=True)
targets = ["dep_delay", "air_time", "late"]
X_train, X_test, Y_train, Y_test = multitask_train_test_split(
    X, Y[targets], test_size=14_000, random_state=0
)
members = [
    ("linear", MultiTaskLinear()),
    ("rmtgb", RMTGB(learning_rate=0.2)),
    ("multitab", MultiTab(row_size=32, n_members=2, learning_rate=0.01, patience=4)),
]
model = StackedTasks(estimators=members, n_bags=2, random_state=0).fit(X_train, Y_train)

# %%
# The held-out loss of each member, divided by that of the best constant. A value below 1 means
# that the member has learnt something.

print(model.cv_scores_.round(3))
print(model.score_tasks(X_test, Y_test).round(3))

# %%
# With few labels, the weights are shrunk towards equal weights.

_ = StackWeightsDisplay.from_estimator(model)
