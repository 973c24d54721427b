"""Two planted groups of tasks: how well each model serves each task, and where groups are cut."""

import matplotlib.pyplot as plt
from scipy.cluster.hierarchy import dendrogram, linkage
from scipy.spatial.distance import squareform

from skmtl import RMTGBRegressor
from skmtl.datasets import make_task_groups
from skmtl.inspection import cross_task_errors

X, Y = make_task_groups(400, groups=(0, 0, 0, 1, 1), random_state=0)
inner = RMTGBRegressor(blocks=("task",), learning_rate=0.3, n_bags=1, random_state=0)
affinity = cross_task_errors(inner, X, Y, cv=2, random_state=0).affinity

fig, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3.2))
picture = left.imshow(affinity, vmin=0, vmax=1, cmap="Blues")
left.set(title="affinity", xlabel="predicts task", ylabel="model of task")
left.set_xticks(range(5), range(5))
left.set_yticks(range(5), range(5))
for (i, j), value in affinity.reset_index(drop=True).T.reset_index(drop=True).T.stack().items():
    color = "white" if value > 0.6 else "black"
    left.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=8, color=color)
distance = 1 - affinity.to_numpy().clip(0, 1)
distance = (
    distance + distance.T - abs(distance - distance.T)
) / 2  # the smaller of two directions
tree = linkage(squareform(distance, checks=False), method="average")
dendrogram(tree, ax=right, color_threshold=0, above_threshold_color="#0b6e8f")
cut = (tree[-1, 2] + tree[-2, 2]) / 2
right.axhline(cut, color="#d1742e", linestyle="--")
right.set(title="cut at the largest step", xlabel="task", ylabel="distance", ylim=(0, 1))
