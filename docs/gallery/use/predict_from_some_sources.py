"""
Predict before all tests are back
=================================

At the door a hospital knows a patient's age, an hour later the labs, and of some the scan. One
model answers at each point: `sources` names the columns that come together, and ``predict(X,
sources=[...])`` uses those that are there. The sicker patients are scanned more often, and the
model must not take the scan itself for a sign of illness.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from skmtl import MultiTab

rng = np.random.default_rng(0)
n = 1500
illness = rng.normal(size=n)
X = pd.DataFrame(
    {
        "age": 60 + 5 * illness + rng.normal(0, 12, n),
        "lactate": 2 + 0.8 * illness + rng.normal(0, 0.6, n),
        "sodium": 140 + rng.normal(0, 4, n),
        "volume": 30 + 6 * illness + rng.normal(0, 4, n),
    }
)
Y = pd.DataFrame({"died": illness + rng.normal(0, 0.5, n) > 1, "stay": np.exp(1 + illness / 2)})
X.loc[rng.random(n) < 0.3, ["lactate", "sodium"]] = np.nan
X.loc[rng.random(n) > 1 / (1 + np.exp(-2 * illness)), "volume"] = np.nan

sources = {"labs": ["lactate", "sodium"], "scan": ["volume"]}
model = MultiTab(sources=sources, max_epochs=10, n_bags=1, random_state=0)
model.fit(X[:1000], Y[:1000])

# %%
# What each source adds for the patients who have all of them. X may lack the columns of sources
# that are left out.

test = X[1000:].dropna()
died = Y.loc[test.index, "died"]
steps = {"age": [], "and labs": ["labs"], "and scan": ["labs", "scan"]}
auroc = {}
for name, shown in steps.items():
    known = ["age", *(column for source in shown for column in sources[source])]
    risk = model.predict_proba(test[known], sources=shown)[0][:, 1]
    auroc[name] = roc_auc_score(died, risk)

ax = pd.Series(auroc).plot.bar(figsize=(5, 4), rot=0, color="#0b6e8f")
ax.set_ylim(0.5, 1)
ax.set_ylabel("AUROC of death, all sources present")
plt.tight_layout()

# %%
# With `with_sources`, all other methods predict from some sources.

early = model.with_sources([])
print(early.predict(test[["age"]].head(3)))
