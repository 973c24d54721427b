"""Steps for two gradients that disagree, by balancers of gradients."""

import matplotlib.pyplot as plt
import numpy as np

from skmtl.balancing import IMTLG, MGDA, AlignedMTL, CAGrad, NashMTL, PCGrad, UPGrad

gradients = np.array([[1.0, 0.15], [-0.35, 0.6]])
gram = gradients @ gradients.T
steps = {"equal": gradients.mean(axis=0)}
for balancer in (PCGrad(), UPGrad(), CAGrad(), MGDA(), IMTLG(), AlignedMTL(), NashMTL()):
    weights = balancer.start(2, np.random.default_rng(0))
    steps[type(balancer).__name__] = weights(gram, np.arange(2)) @ gradients
colors = plt.get_cmap("tab10")

fig, ax = plt.subplots(figsize=(6.5, 3.8))
for number, gradient in enumerate(gradients):
    ax.annotate(
        "", gradient, (0, 0), arrowprops={"arrowstyle": "-|>", "lw": 3, "color": "#bbbbbb"}
    )
    ax.text(*(1.06 * gradient), f"$g_{number + 1}$", fontsize=12)
for number, (name, step) in enumerate(steps.items()):
    step = (0.4 + 0.05 * number) * step / np.linalg.norm(step)
    ax.plot([0, step[0]], [0, step[1]], color=colors(number), label=name)
for gradient in gradients:  # left of this line the step would raise the loss of the task
    across = np.array([-gradient[1], gradient[0]]) / np.linalg.norm(gradient)
    ax.plot(*np.outer([-0.3, 0.8], across).T, ":", color="#999999", linewidth=1)
ax.set(xlim=(-0.6, 1.6), ylim=(-0.25, 0.8), title="directions of the step")
ax.set_aspect("equal")
ax.legend(loc="upper right")
ax.set_axis_off()
