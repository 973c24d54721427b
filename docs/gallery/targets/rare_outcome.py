"""
A rare outcome: weights or a threshold?
=======================================

Three of 100 flights are cancelled, so the most probable class is always "no". There are two ways
to find more of the cancelled ones: weight the rare class in training, or move the threshold.
"""

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.metrics import precision_recall_curve, precision_score, recall_score

from skmtl import RMTGB, TunedThresholds
from skmtl.datasets import load_flights_nyc
from skmtl.model_selection import multitask_train_test_split
from skmtl.tasks import Binary

X, Y = load_flights_nyc(return_X_y=True)
targets = ["late", "cancelled"]
X_train, X_test, Y_train, Y_test = multitask_train_test_split(
    X, Y[targets], test_size=11_000, random_state=0
)
settings = {"n_bags": 1, "learning_rate": 0.2, "random_state": 0}

models = {
    "as it is": RMTGB(**settings),
    "class_weight='balanced'": RMTGB(tasks={"cancelled": Binary("balanced")}, **settings),
    "TunedThresholds": TunedThresholds(RMTGB(**settings), metric={"cancelled": "f1"}, cv=2),
}
truth = Y_test["cancelled"]
rows, curves = {}, {}
for name, model in models.items():
    predicted = model.fit(X_train, Y_train).predict(X_test)["cancelled"]
    curves[name] = model.predict_proba(X_test)[1][:, 1]
    rows[name] = {
        "predicted": predicted.mean(),
        "precision": precision_score(truth, predicted, zero_division=0),
        "recall": recall_score(truth, predicted),
        "mean probability": curves[name].mean(),
    }
rows = pd.DataFrame(rows).T
print(rows.round(3), f"share of cancelled flights: {truth.mean():.3f}", sep="\n")

# %%
# Weights change the probabilities: their mean is far above the share of cancelled flights. A
# threshold does not change them; it only changes which rows are predicted as "yes".

fig, ax = plt.subplots(figsize=(6, 4), layout="constrained")
for (name, proba), colour in zip(curves.items(), ["#333333", "#d1742e", "#0b6e8f"], strict=True):
    precision, recall, _ = precision_recall_curve(truth, proba)
    ax.plot(recall, precision, color=colour, linewidth=1, label=name)
    ax.plot(rows.loc[name, "recall"], rows.loc[name, "precision"], "o", color=colour)
ax.set(xlabel="recall", ylabel="precision", title="Dots: the threshold of predict", ylim=(0, 1.02))
_ = ax.legend()
