"""Without features, hazards in a few bins are exactly the Kaplan-Meier estimate."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skmtl import MultiTaskLinearSurvival
from skmtl.survival import kaplan_meier

rng = np.random.default_rng(0)
n = 60
event, censored = 10 * rng.weibull(1.5, n), rng.uniform(0, 25, n)
y = pd.DataFrame({"event": event <= censored, "time": np.minimum(event, censored)})
estimate = kaplan_meier(y)
constant = pd.DataFrame({"feature": rng.normal(size=n)})
model = MultiTaskLinearSurvival(penalty="ridge", alpha=1e12, cuts=5, early_stopping=False)
model.fit(constant, y)

times = np.linspace(0, 15, 600)
curve = model.predict_survival_function(constant[:1], times)[0]
cuts = np.interp(np.linspace(0, 15, 6), times, times)
fig, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3), sharey=True)
known = np.array([float(estimate(t)) for t in times])
left.step(times, known, color="#0b6e8f", where="post", label="Kaplan-Meier")
left.plot(cuts, np.interp(cuts, times, known), "o-", color="#d1742e", label="lines between cuts")
left.set(title="elsewhere", xlabel="time", ylabel="survival", ylim=(0, 1))
right.step(times, known, color="#0b6e8f", linewidth=3, where="post", label="Kaplan-Meier")
right.step(times, curve, "--", color="#d1742e", where="post", label="five bins of skmtl")
right.set(title="here, without features", xlabel="time")
left.legend()
right.legend()
