"""A number on its way through the piecewise linear embedding and the attention of heads."""

import matplotlib.pyplot as plt
import numpy as np

rng = np.random.default_rng(3)
x = np.linspace(-2.5, 2.5, 400)
edges = np.quantile(rng.normal(size=1000), np.linspace(0, 1, 7))
parts = np.clip((x[:, None] - edges[:-1]) / np.diff(edges), 0, 1)

fig, (left, right) = plt.subplots(1, 2, figsize=(8.5, 2.8))
left.plot(x, parts, color="#0b6e8f", linewidth=1)
left.set(title="parts of the embedding", xlabel="scaled number $x$", ylabel="value")
for edge in edges:
    left.axvline(edge, color="#bbbbbb", linewidth=0.6, zorder=0)
for color in ("#0b6e8f", "#d1742e", "#666666"):
    slope, weights = 0.3 * rng.normal(), rng.normal(size=6)
    right.plot(x, slope * x + parts @ weights, color=color)
right.set(title="three entries of a token $e(x)$", xlabel="scaled number $x$")
