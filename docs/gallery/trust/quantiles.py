"""
How sure is the model? Quantiles beside the mean
================================================

A predicted delay of 10 minutes may mean "always about 10" or "mostly 0, sometimes 120". Predict
quantiles of one target, and leave the others unchanged.
"""

import matplotlib.pyplot as plt

from skmtl import RMTGB
from skmtl.datasets import load_flights_nyc
from skmtl.tasks import Quantile

X, Y = load_flights_nyc(return_X_y=True)
X_train, X_test, Y_train, Y_test = X[:4000], X[4000:], Y[:4000], Y[4000:]
targets = ["dep_delay", "air_time"]
model = RMTGB(
    tasks={"dep_delay": Quantile((0.1, 0.5, 0.9))}, learning_rate=0.3, n_bags=1, random_state=0
).fit(X_train, Y_train[targets])
delay = model.predict_quantiles(X_test)
print(delay.head(3).round(0))

# %%
# By the hour of departure: delays grow in the course of the day, and so does their uncertainty.

low, median, high = (delay.iloc[:, column] for column in range(3))
inside = Y_test["dep_delay"].between(low, high)[Y_test["dep_delay"].notna()]
print(f"{inside.mean():.0%} of the delays lie between the outer quantiles; 80 % is expected")
hour = X_test["sched_dep"] // 60
by_hour = delay.groupby(hour).mean()
fig, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
ax.fill_between(
    by_hour.index, by_hour.iloc[:, 0], by_hour.iloc[:, 2], color="#8cc4d6", label="80 %"
)
ax.plot(by_hour.index, by_hour.iloc[:, 1], color="#0b6e8f", label="median")
ax.set(xlabel="hour of the scheduled departure", ylabel="departure delay, minutes")
_ = ax.legend()
