"""What three encoders read of a history: weights by age, steps by layer, and two bands."""

import matplotlib.pyplot as plt
import numpy as np

fig, axes = plt.subplots(1, 3, figsize=(10, 3))
age = np.linspace(0, 48, 49)
for power, word, color in [
    (2.0, "last", "#0b6e8f"),
    (0.0, "all", "#666666"),
    (-2.0, "first", "#d1742e"),
]:
    weight = (1 + age) ** -power
    axes[0].plot(age, weight / weight.max(), color=color, label=f"$s_m = {power:g}$: {word}")
axes[0].set(
    title='"events": first weights of heads', xlabel="hours before the end", ylabel="largest is 1"
)
axes[0].invert_xaxis()
axes[0].legend(fontsize=8)

read = {28}  # steps of 0 to 28, from the tokens down to the values
for height, dilation in enumerate((4, 2, 1), start=1):
    axes[1].plot(sorted(read), [4 - height] * len(read), "s", color="#d1742e", markersize=4)
    for _ in range(2):
        read = {step - shift * dilation for step in read for shift in range(3)}
axes[1].plot(sorted(read), [0] * len(read), "s", color="#0b6e8f", markersize=4)
axes[1].set(title='"tcn": what the last step reads', xlabel="step", ylim=(-0.5, 3.5))
axes[1].set_yticks(range(4), ["values", "dilation 1", "dilation 2", "dilation 4"])

rng = np.random.default_rng(1)
series = np.cumsum(rng.normal(size=64)) + np.sin(np.arange(64)) * 2
low = np.array([series[max(0, i - 7) : i + 1].mean() for i in range(64)])
axes[2].plot(series, color="#bbbbbb", label="series")
axes[2].plot(low, color="#0b6e8f", label="low band")
axes[2].plot(series - low + series.min() - 4, color="#d1742e", label="high band, moved")
axes[2].set(title='"wavelet": two bands', xlabel="step")
axes[2].legend(fontsize=8)
