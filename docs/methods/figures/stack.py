"""How far weights move from the prior: to where the gain is certain."""

import matplotlib.pyplot as plt
import numpy as np

shares = np.linspace(0, 1, 11)
fig, axes = plt.subplots(1, 2, figsize=(8.5, 3), sharey=True)
for ax, noise, title in [(axes[0], 0.02, "blocks agree"), (axes[1], 0.12, "blocks differ")]:
    slopes = -0.1 + noise * np.random.default_rng(1).normal(size=10)
    blocks = slopes[:, None] * shares + 0.06 * shares**2  # change of the loss in each block
    mean = blocks.mean(axis=0)
    bound = mean + blocks.std(axis=0, ddof=1) / np.sqrt(10)
    ax.plot(shares, blocks.T, color="#cccccc", linewidth=0.8)
    ax.plot(shares, mean, color="#0b6e8f", label=r"mean $\bar d(a)$")
    ax.plot(shares, bound, color="#d1742e", label="mean + standard error")
    best = bound.argmin()
    ax.plot(shares[best], bound[best], "o", color="#d1742e", label="$a^*$")
    ax.axhline(0, color="black", linewidth=0.6)
    ax.set(title=title, xlabel="share $a$ of the way to the learnt weights", ylim=(-0.12, 0.08))
axes[0].set_ylabel("change of the loss")
axes[0].legend()
