"""
Click, cart, buy: how many of all visitors?
===========================================

Of the visitors of a shop some click on an offer, some of these put it into the cart, and some of
those buy. You want the probability of each step for every visitor, although few have gone far.
"""

import matplotlib.pyplot as plt
import pandas as pd

from skmtl import MultiTaskLinear
from skmtl.datasets import make_funnel
from skmtl.tasks import Funnel

steps = ("click", "cart", "buy")
X, Y, truth = make_funnel(
    12_000, steps=steps, rate=(0.2, 0.4, 0.5), random_state=0, return_truth=True
)
X_train, X_test, Y_train = X[:6000], X[6000:], Y[:6000]
print(Y_train.sum().astype(int))  # rows that have reached a step

# %%
# A `Funnel` is one target with a column for each step. Each step is learnt from the rows that
# have reached the one before, and the probabilities never rise from a step to the next.

model = MultiTaskLinear(tasks={"shop": Funnel(steps)}, random_state=0).fit(X_train, Y_train)
predicted = model.predict_steps(X_test)["shop"]
print(predicted.head(3).round(2))
print(model.score_tasks(X_test, Y[6000:]).round(3))

# %%
# The generator knows the true probabilities. Visitors are sorted by the predicted ones, and each
# point is the mean of a twentieth of them.

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
colors = ["#8fc1d4", "#0b6e8f", "#d1742e"]
for step, color in zip(steps, colors, strict=True):
    pairs = pd.DataFrame({"predicted": predicted[step], "true": truth.reached[step]}).dropna()
    means = pairs.groupby(pd.qcut(pairs["predicted"], 20, labels=False)).mean()
    left.plot(means["predicted"], means["true"], "o", color=color, label=step)
left.axline((0, 0), slope=1, color="grey", linewidth=0.8)
left.set(xlabel="predicted P(step)", ylabel="true P(step)", title="among all visitors")
left.legend()
order = predicted["buy"].argsort()
three = predicted[list(steps)].iloc[[order.iloc[-1], order.iloc[3000], order.iloc[0]]]
three.index = ["the most likely buyer", "the median visitor", "the least likely buyer"]
three.T.plot(ax=right, marker="o", color=["#0b6e8f", "#d1742e", "grey"])
right.set(ylabel="P(step)", title="three visitors", ylim=(0, None))
_ = right.set_xticks(range(3), steps)
