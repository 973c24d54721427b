"""
Was the essay bad, or the rater strict?
=======================================

Each essay is rated by three of twenty teachers, on four questions from 0 to 4. Some teachers are
strict, and strict ones get the better classes. Which essays are good?
"""

import matplotlib.pyplot as plt
import numpy as np

from skmtl import FacetedRasch
from skmtl.datasets import make_ratings

X, Y, truth = make_ratings(300, selection=1.0, random_state=0, return_truth=True)
print(X.join(Y).head(3).round(2))

# %%
# `FacetedRasch` puts essays, teachers and questions on one scale. `measure` is how good an essay
# is, without the severity of those who happened to rate it.

model = FacetedRasch(rater_column="rater", item_column="item").fit(X, Y)
essays = X.drop(columns="rater").drop_duplicates("item").set_index("item", drop=False)
measure = model.measure(essays)["measure"]
mean_rating = Y.mean(axis=1).groupby(X["item"]).mean()
known = truth.measure.reindex(essays.index)
for name, values in [("mean rating", mean_rating), ("measure", measure)]:
    print(f"{name}: correlation with the truth {known.corr(values.reindex(known.index)):.3f}")

# %%
# Severities have standard errors. A teacher of severity 1 multiplies the odds of a better rating
# by 1/e, or 0.37.

severity = model.severity_.sort_values("severity")
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for values, name, color in [
    (mean_rating.reindex(known.index), "mean rating", "#d1742e"),
    (measure.reindex(known.index), "measure", "#0b6e8f"),
]:
    left.plot(known, (values - values.mean()) / values.std(), "o", ms=3, color=color, label=name)
left.axline((0, 0), slope=1, color="grey", linewidth=0.8)
left.set(xlabel="true quality, in logits", ylabel="standard deviations", title="300 essays")
left.legend()
places = np.arange(len(severity))
right.errorbar(
    severity["severity"], places, xerr=1.96 * severity["standard_error"], fmt="o", color="#0b6e8f"
)
right.plot(truth.severity.reindex(severity.index), places, "k|", markersize=10, label="true")
right.set(xlabel="severity, with 95 % interval", ylabel="teacher", title="20 teachers")
right.set_yticks([])
_ = right.legend()
