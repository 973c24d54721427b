"""
Forty schools with few pupils each
==================================

Points in an exam depend on hours of study, slightly differently in each school. Some schools have
only five pupils. One line for all schools ignores the differences; a separate line for each school
is mostly noise. `MultiTaskLinearRegressor` chooses how strongly to shrink the schools towards each
other.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skmtl import MultiTaskLinearRegressor

rng = np.random.default_rng(0)
names = [f"school {number}" for number in range(40)]
slope = pd.Series(rng.normal(4, 1, 40), names)
base = pd.Series(rng.normal(40, 5, 40), names)


def pupils(sizes):
    """Generate pupils for each school."""
    school = np.repeat(names, sizes)
    hours = rng.uniform(0, 10, len(school))
    points = base[school].to_numpy() + slope[school].to_numpy() * hours
    X = pd.DataFrame({"school": school, "hours": hours})
    return X, pd.Series(points + rng.normal(0, 10, len(school)), name="points")


X_train, y_train = pupils(rng.integers(5, 25, 40))
X_test, y_test = pupils(np.full(40, 50))

# %%
# Each row belongs to one school: `task_column` is the name of the column with the school.

models = {
    "one line for all": MultiTaskLinearRegressor(
        penalty="shared", similarity=1.0, task_column="school", random_state=0
    ),
    "a line for each": MultiTaskLinearRegressor(
        penalty="shared", similarity=0.0, task_column="school", random_state=0
    ),
    "as held-out rows decide": MultiTaskLinearRegressor(task_column="school", random_state=0),
}
errors = {}
for name, model in models.items():
    model.fit(X_train, y_train)
    errors[name] = np.sqrt(np.mean((model.predict(X_test) - y_test) ** 2))
print(pd.Series(errors).round(2))
print(model.similarity_)

# %%
# The estimated slopes lie between the average of all schools and the estimate from each school's
# pupils alone: they differ less than the true slopes.

print(model.coef_.head(3))
estimated = model.coef_["hours"]
fig, ax = plt.subplots(figsize=(5.5, 4.5), layout="constrained")
ax.plot(slope[[str(name) for name in estimated.index]], estimated, "o", color="#0b6e8f")
ax.axline((4, 4), slope=1, color="grey", linewidth=0.8)
_ = ax.set(xlabel="true points per hour", ylabel="estimated", title="One dot is one school")
