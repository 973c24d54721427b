"""What two raters answer about an item, by its measure."""

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit

measure = np.linspace(-4, 4, 200)
thresholds = np.array([-1.5, -0.3, 0.6, 1.8])
colors = plt.get_cmap("viridis")(np.linspace(0, 0.9, 5))
fig, axes = plt.subplots(1, 2, figsize=(8.5, 3), sharey=True)
for ax, severity in zip(axes, (0.0, 1.0), strict=True):
    above = expit(measure[:, None] - severity - thresholds)
    above = np.column_stack([np.ones(200), above, np.zeros(200)])
    levels = -np.diff(above, axis=1)
    for level, color in enumerate(colors):
        ax.plot(measure, levels[:, level], color=color, label=f"level {level}")
    ax.axvline(0, color="#bbbbbb", linewidth=0.8)
    ax.set(xlabel=r"measure $\theta$ of the item", title=f"rater of severity {severity:g}")
axes[0].set(ylabel="probability", ylim=(0, 1))
axes[1].legend(fontsize=8)
