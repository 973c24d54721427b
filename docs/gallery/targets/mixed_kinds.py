"""
Numbers and classes in one model
================================

A flight has a delay and an air time in minutes, is late or not, and may be cancelled. One model
predicts all of them; labels that a cancelled flight cannot have stay missing.
"""

import matplotlib.pyplot as plt
from sklearn.metrics import RocCurveDisplay

from skmtl import RMTGB
from skmtl.datasets import load_flights_nyc

X, Y = load_flights_nyc(return_X_y=True)
X_train, X_test, Y_train, Y_test = X[:4000], X[4000:], Y[:4000], Y[4000:]  # later flights
model = RMTGB(learning_rate=0.3, n_bags=1, random_state=0).fit(X_train, Y_train)
for name, kind in model.task_kinds_.items():
    print(f"{name}: {kind}")

# %%
# `predict` returns a frame with a column for each target, in its units or classes. The
# probabilities of the two classes have names in `score_frame`.

scored = model.predict(X_test)
print(scored.head(3).round(1))

# %%
# Minutes are compared with minutes, and classes by ROC curves: a model that never predicts a
# cancellation has an accuracy of 97 %.

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
left.plot(Y_test["air_time"], scored["air_time"], ",", color="#0b6e8f")
left.axline((0, 0), slope=1, color="grey", linewidth=0.8)
left.set(xlabel="minutes in the air", ylabel="predicted", title="air_time")
for name, proba in zip(["late", "cancelled"], model.predict_proba(X_test), strict=True):
    seen = Y_test[name].notna()
    RocCurveDisplay.from_predictions(
        Y_test.loc[seen, name].astype(bool), proba[seen, 1], ax=right, name=name
    )
_ = right.set_title("late and cancelled")
