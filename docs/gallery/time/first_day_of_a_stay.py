"""
The first day of a stay: how long, and will it end well?
========================================================

Heart rates, pressures and lactates are measured when somebody thinks that they should be. After
the first day in intensive care, you want to know how many days a patient will stay, and how likely
death is.
"""

import matplotlib.pyplot as plt
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.pipeline import make_pipeline

from skmtl import RMTGB
from skmtl.datasets import make_stays
from skmtl.histories import Histories, SeriesSummary

events, stays, outcomes = make_stays(3000, random_state=0)
stayed = outcomes["shock_time"] >= 24  # the others have left, or had a shock, before
X, Y = stays[stayed].copy(), outcomes.loc[stayed, ["days", "death"]]
X["vitals"] = Histories.from_events(
    events[events["stay"].isin(X.index)],
    X.index,
    id="stay",
    variable="variable",
    value="value",
    end=24.0,
)
print(Y.describe(include="all").loc[["count", "mean", "freq"]].round(2))
half = len(X) // 2
X_train, X_test, Y_train, Y_test = X[:half], X[half:], Y[:half], Y[half:]

# %%
# The history is a column of the table. `end=24.0` leaves out what came later. `SeriesSummary`
# turns it into counts, means, trends and last values, once for both targets.

boosting = RMTGB(learning_rate=0.1, n_bags=1, random_state=0)
models = {
    "age and admission": boosting,
    "and the first day": make_pipeline(SeriesSummary(windows=(6,)), boosting),
}
columns = {"age and admission": ["age", "emergency"], "and the first day": list(X.columns)}
known = Y_test["days"].notna()
scores = {}
for name, model in models.items():
    model.fit(X_train[columns[name]], Y_train)
    death = model.predict_proba(X_test[columns[name]])[0][:, 1]
    days = model.predict(X_test[columns[name]])["days"]
    scores[name] = [
        r2_score(Y_test.loc[known, "days"], days[known]),
        roc_auc_score(Y_test["death"].astype(bool), death),
    ]
    print(f"{name}: R2 of the days {scores[name][0]:.2f}, AUC of death {scores[name][1]:.2f}")

# %%

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
worst = X_test.index[death.argmax()]
one = events[(events["stay"] == worst) & (events["time"] < 24)]
for variable, color in [("heart rate", "#d1742e"), ("blood pressure", "#0b6e8f")]:
    part = one[one["variable"] == variable]
    left.plot(part["time"], part["value"], "o-", color=color, markersize=3, label=variable)
left.set(xlabel="hours since admission", title=f"the highest risk: {death.max():.0%}")
left.legend()
for shift, (name, color) in enumerate(zip(models, ["#bbbbbb", "#0b6e8f"], strict=True)):
    bars = right.bar([0.4 * shift, 1 + 0.4 * shift], scores[name], 0.38, color=color, label=name)
    right.bar_label(bars, fmt="%.2f")
right.set_xticks([0.2, 1.2], ["days: R2", "death: AUC"])
right.set(ylim=(0, 1), title="on other patients")
_ = right.legend(loc="upper left")
