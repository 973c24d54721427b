"""The parts of MultiTab, from a row to the raw scores of two targets."""

import matplotlib.pyplot as plt

FILL = {"row": "#eeeeee", "shared": "#cfe5ee", "task": "#f6dcc7"}
BOXES = {  # left, bottom, width, height, colour, text
    "row": (0, 0.8, 1.3, 1.6, "row", "row\n\nnumbers,\ncategories,\nhistories"),
    "tokens": (2, 0.8, 1.5, 1.6, "shared", "tokens\n\na vector for\neach feature"),
    "attention": (4.3, 1.9, 2.2, 1, "shared", "attention\ntask tokens read tokens"),
    "path": (4.3, 0.3, 2.2, 1, "shared", "row path\nan ensemble reads all"),
    "tower 1": (7.4, 2, 1.5, 0.8, "task", "tower of\ntarget 1"),
    "tower 2": (7.4, 0.4, 1.5, 0.8, "task", "tower of\ntarget 2"),
    "score 1": (9.7, 2, 1.4, 0.8, "task", "raw score\n$s_1(x)$"),
    "score 2": (9.7, 0.4, 1.4, 0.8, "task", "raw score\n$s_2(x)$"),
}
ARROWS = [
    ("row", "tokens", ""), ("tokens", "attention", ""), ("tokens", "path", ""),
    ("attention", "tower 1", "$z_1$"), ("attention", "tower 2", "$z_2$"),
    ("path", "tower 1", "$r$"), ("path", "tower 2", "$r$"),
    ("tower 1", "score 1", ""), ("tower 2", "score 2", ""),
]  # fmt: skip

fig, ax = plt.subplots(figsize=(9, 2.6))
for left, bottom, width, height, fill, text in BOXES.values():
    box = plt.Rectangle((left, bottom), width, height, facecolor=FILL[fill], edgecolor="#666666")
    ax.add_patch(box)
    ax.text(left + width / 2, bottom + height / 2, text, ha="center", va="center", fontsize=8.5)
for start, end, word in ARROWS:
    (left, bottom, width, height, *_), to = BOXES[start], BOXES[end]
    tail = (left + width, bottom + height / 2)
    head = (to[0], to[1] + to[3] / 2)
    ax.annotate("", head, tail, arrowprops={"arrowstyle": "->", "color": "#444444"})
    near = (0.35 * tail[0] + 0.65 * head[0], 0.35 * tail[1] + 0.65 * head[1])
    ax.text(*near, word, fontsize=9, ha="center", va="center", backgroundcolor="white")
ax.set(xlim=(-0.1, 11.2), ylim=(0, 3))
ax.set_axis_off()
