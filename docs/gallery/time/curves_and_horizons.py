"""
Risk within two years: is the number right?
===========================================

A doctor needs the probability of the event within two years, not a rank. Check the calibration at
that time: rows with a predicted survival of 0.7 should survive in 70 % of the cases.
"""

import matplotlib.pyplot as plt
import numpy as np

from skmtl import MultiTaskLinearSurvival
from skmtl.datasets import make_survival
from skmtl.survival import SurvivalCalibrationDisplay, brier_score, kaplan_meier

X, y = make_survival(2000, scale=4.0, random_state=0)  # time in years
X_train, X_test, y_train, y_test = X[:600], X[600:], y[:600], y[600:]
model = MultiTaskLinearSurvival(random_state=0).fit(X_train, y_train)
within_two = 1 - model.predict_survival_function(X_test, [2.0])[:, 0]
print(within_two[:5].round(2))

# %%
# The Brier score is the squared error of the predicted survival, with weights that correct for
# rows that were censored before. The Kaplan-Meier estimate of the training rows is the same for
# every row.

times = np.linspace(0.5, 5, 19)
curves = model.predict_survival_function(X_test, times)
same = np.tile(kaplan_meier(y_train)(times), (len(X_test), 1))

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
left.plot(times, brier_score(y_test, curves, times), color="#0b6e8f", label="model")
left.plot(times, brier_score(y_test, same, times), color="grey", label="Kaplan-Meier")
left.set(xlabel="years", ylabel="Brier score")
left.legend()
_ = SurvivalCalibrationDisplay.from_estimator(model, X_test, y_test, 2.0, ax=right)
