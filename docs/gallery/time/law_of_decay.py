"""
The laboratory has closed: a law goes on
========================================

The level of a drug in the blood was measured for two hours. You want it for five, and how fast it
falls. Chemistry says that the fall is proportional to the level.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skmtl import MultiTab
from skmtl.tasks import Residual

rng = np.random.default_rng(0)
hours = np.linspace(0, 5, 60)
truth = 2 * np.exp(-0.7 * hours)
levels = pd.DataFrame({"level": truth + 0.05 * rng.normal(size=60)})
levels[hours > 2] = np.nan  # not measured
times = pd.DataFrame({"hours": hours})


def elimination(time, values, slopes, coefficients):
    """Is zero where level' = -rate * level."""
    return slopes["level"] + coefficients["rate"] * values["level"]


# %%
# A `Residual` is a task without labels: the network is trained until the equation holds in all
# rows, also in those that were not measured. The rate is learnt with it.

settings = dict(
    dropout=0,
    n_bags=1,
    early_stopping=False,
    max_epochs=150,
    batch_size=60,
    learning_rate=0.02,
    averaging=0.9,
    random_state=0,
)
law = Residual(elimination, time="hours", coefficients={"rate": 1.0}, positive=True)
with_law = MultiTab(tasks={"elimination": law}, **settings).fit(times, levels)
without = MultiTab(**settings).fit(times, levels)
print(with_law.coefficients_)  # 0.7 per hour in truth

# %%

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax.plot(hours, levels["level"], "o", color="grey", ms=4, label="measured")
ax.plot(hours, truth, color="black", linewidth=0.8, label="true")
for name, model, color in [
    ("network with the law", with_law, "#0b6e8f"),
    ("network alone", without, "#d1742e"),
]:
    ax.plot(hours, model.predict(times)["level"], color=color, linewidth=2, label=name)
ax.axvspan(0, 2, color="grey", alpha=0.1, linewidth=0)
ax.set(xlabel="hours", ylabel="level, mg per litre")
_ = ax.legend()
