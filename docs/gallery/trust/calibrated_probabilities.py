"""
Is a probability of 0.3 right in 30 % of the cases?
===================================================

A model that was trained with class weights ranks flights well, but its probabilities are far too
high. Calibrate them by task on held-out rows.
"""

import matplotlib.pyplot as plt
from sklearn.calibration import CalibrationDisplay
from sklearn.metrics import brier_score_loss

from skmtl import RMTGB, CalibratedTasks
from skmtl.datasets import load_flights_nyc
from skmtl.model_selection import multitask_train_test_split
from skmtl.tasks import Binary

X, Y = load_flights_nyc(return_X_y=True)
Y = Y[["late", "cancelled"]]
X_train, X_test, Y_train, Y_test = multitask_train_test_split(
    X, Y, test_size=11_000, random_state=0
)
weighed = RMTGB(
    tasks={"late": Binary("balanced")}, learning_rate=0.2, n_bags=1, random_state=0
).fit(X_train, Y_train)
calibrated = CalibratedTasks(weighed, cv=2).fit(X_train, Y_train)

# %%
# The Brier score is the mean squared error of a probability: lower is better.

seen = Y_test["late"].notna()
truth = Y_test.loc[seen, "late"].astype(bool)
fig, ax = plt.subplots(figsize=(5.5, 5), layout="constrained")
for name, model in [("class_weight='balanced'", weighed), ("calibrated", calibrated)]:
    proba = model.predict_proba(X_test)[0][seen, 1]
    print(f"{name}: Brier score {brier_score_loss(truth, proba):.3f}")
    CalibrationDisplay.from_predictions(
        truth, proba, n_bins=8, strategy="quantile", name=name, ax=ax
    )
_ = ax.set(xlabel="predicted probability of being late", ylabel="share of late flights")
