"""
Tune without fooling yourself: visits of the same patient
=========================================================

Each patient has ten visits that resemble each other. If some visits of a patient are in the
training set and others are held out, a search sees scores that are too good for new patients. Keep
patients together, in the search and in the fit.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold

from skmtl import RMTGBRegressor

rng = np.random.default_rng(0)


def visits(n_patients):
    """Generate ten visits for each patient; two targets depend on the dose and the patient."""
    patient = np.repeat(np.arange(n_patients), 10)
    marks = rng.normal(size=(n_patients, 3))[patient]  # the same at all visits
    dose = rng.uniform(0, 5, len(patient))
    effect = rng.normal(size=n_patients)[patient] * 2
    X = pd.DataFrame({"patient": patient, "dose": dose}).join(
        pd.DataFrame(marks, columns=["height", "weight", "iron"])
    )
    noise = rng.normal(size=(len(patient), 2))
    Y = pd.DataFrame({"pain": 8 - dose + effect, "sleep": 5 + dose / 2 - effect}) + noise
    return X, Y


X, Y = visits(40)
X_new, Y_new = visits(100)

# %%
# `group_column` names the column of the groups: whole patients are held out for early stopping,
# and the patient's number is not used as a feature. Without it, `fit` warns that height and weight
# repeat together, as they do in rows about the same patient. Here the mistake is made on purpose.

grid = {"num_leaves": [3, 15]}
settings = {"blocks": ("shared", "task"), "learning_rate": 0.2, "n_bags": 1, "random_state": 0}
by_row = GridSearchCV(RMTGBRegressor(**settings), grid, cv=KFold(3, shuffle=True, random_state=0))
by_patient = GridSearchCV(
    RMTGBRegressor(validation="group", group_column="patient", **settings),
    grid,
    cv=GroupKFold(3),
)
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "Columns 'height' and 'weight' of X repeat together")
    by_row.fit(X.drop(columns="patient"), Y)
searches = {
    "rows at random": by_row,
    "whole patients": by_patient.fit(X, Y, groups=X["patient"]),
}
scores = pd.DataFrame(
    {
        name: {
            "in the search": search.best_score_,
            "new patients": search.score(X_new[search.feature_names_in_], Y_new),
        }
        for name, search in searches.items()
    }
)
print({name: search.best_params_ for name, search in searches.items()})
print(scores.round(2))

# %%
# The score on random rows is far too high. The other one shows what to expect for new patients.

ax = scores.T.plot.bar(rot=0, figsize=(6, 3.5), color=["#d1742e", "#0b6e8f"])
ax.set(ylabel="R2")
plt.tight_layout()
