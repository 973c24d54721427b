"""
Competing risks: two causes of failure
======================================

A machine fails from wear or from overheating, whichever comes first. Treating the other cause as
censored would overestimate both risks: a machine that has overheated can no longer wear out.
"""

import matplotlib.pyplot as plt

from skmtl import RMTGBSurvival
from skmtl.datasets import make_survival
from skmtl.survival import IncidenceDisplay, aalen_johansen, kaplan_meier

X, y = make_survival(1200, kind="competing", censoring=0.2, random_state=0)
X_train, X_test, y_train, y_test = X[:600], X[600:], y[:600], y[600:]
model = RMTGBSurvival(learning_rate=0.2, n_bags=1, random_state=0).fit(X_train, y_train)

# %%
# The incidence of a cause is the probability that the machine has failed from it by a given time.
# Incidences and survival sum to 1.

times = [4.0, 8.0]
incidence = model.predict_cumulative_incidence(X_test, times)
naive = y_test.assign(event=(y_test["event"] == 1).astype(int))
print("predicted, mean:", incidence[1].mean(axis=0).round(2))
print("Aalen-Johansen: ", aalen_johansen(y_test)[1](times).round(2))
print(
    "1 - Kaplan-Meier with the other cause as censored:", (1 - kaplan_meier(naive)(times)).round(2)
)

# %%
# Left: the mean over all machines. Right: a single machine.

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained", sharey=True)
IncidenceDisplay.from_estimator(model, X_test, ax=left)
IncidenceDisplay.from_estimator(model, X_test[:1], ax=right)
left.set_title("all machines")
_ = right.set_title("the first machine")
