"""
When will it happen?
====================

Some patients had the event, others left the study before it. Learn survival curves from both, and
compare them with the outcomes in three groups, with low, medium and high predicted risk.
"""

from skmtl import RMTGBSurvival
from skmtl.datasets import make_survival
from skmtl.survival import SurvivalCurvesDisplay, concordance

X, y = make_survival(1200, censoring=0.4, random_state=0)  # event 0 (censored) or 1; duration
X_train, X_test, y_train, y_test = X[:600], X[600:], y[:600], y[600:]
print(y_train.head(3).round(1))

model = RMTGBSurvival(learning_rate=0.2, n_bags=1, random_state=0).fit(X_train, y_train)

# %%
# The concordance is the share of pairs in which the patient with the higher risk has the event
# first; 0.5 is guessing.

print(f"concordance: {concordance(y_test, model.predict(X_test)):.2f}")
print(model.predict_survival_function(X_test, [2.0, 5.0, 10.0])[:3].round(2))

# %%
# The lines are predictions, the steps are the Kaplan-Meier estimates for the same patients.

_ = SurvivalCurvesDisplay.from_estimator(model, X_test, y_test)
