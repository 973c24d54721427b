"""Copying a trained network into a wider one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from skmtl.networks._multitab import MultiTabNet
from skmtl.networks._numeric import PeriodicEmbedding

# Meaning of the axes of a MultiTabNet's tensors whose length depends on the table or its targets.
_AXES: dict[str, tuple[str | None, ...]] = {
    "base_scores": ("scores",),
    "task_tokens": ("tokens", None),
    "group_tokens": (None, "tokens", None),
    "group_bias": (None, "scores"),
    "tokens.numeric.slope": ("numbers", None),
    "tokens.numeric.bias": ("numbers", None),
    "tokens.numeric.missing": ("numbers", None),
    "tokens.numeric.edges": ("numbers", None),
    "tokens.numeric.bends": ("numbers", None, None),
    "tokens.numeric.frequency": ("numbers", None),
    "tokens.categories": ("codes", None),
    "rows.map.weight": (None, "inputs"),
    "rows.first.weight": (None, "inputs"),
    "rows.layers.0.weight": (None, "inputs"),
    "memory_numeric": (None, "numbers"),
    "memory_codes": (None, "categories"),
    "towers.from_row": (None, "units"),
    "towers.from_token": ("tasks", None, None),
    "towers.bias": (None, "tasks", None),
    "towers.out": ("tasks", None, None, None),
    "towers.out_bias": (None, "tasks", None),
    "line.start": ("terms", "scores"),
    "line.change": ("columns", "scores"),
}
_TASK_EMBEDDINGS = ("codes", None)  # of experts
# These are set to zero for new features, so that their tokens are zero, like those of unknown
# categories.
_SILENT = ("tokens.numeric.slope", "tokens.numeric.bias", "tokens.numeric.missing",
           "tokens.numeric.bends", "tokens.categories")  # fmt: skip
# Weights that are applied to the tokens of features.
_READERS = ("rows.map.weight", "rows.first.weight", "rows.layers.0.weight")
# Buffers that follow from the shape.
_DERIVED = ("tokens.offsets", "towers.used")

Places = Mapping[str, Sequence[int]]
"""For each axis, the positions in a wider network of the entries of a narrower one."""


@torch.no_grad()
def take_over(network: MultiTabNet, learnt: MultiTabNet, places: Places) -> None:
    """Copy the parameters of a trained `MultiTabNet` into a wider one.

    New parts keep their initial parameters, except the tokens of new features and categories,
    which are set to zero. They then change the scores of known targets only through attention, of
    which a new feature receives a share.

    Parameters
    ----------
    network : MultiTabNet
        The wider network, initialised, on the CPU. It is changed in place.
    learnt : MultiTabNet
        The trained network.
    places : mapping of axis to sequence of int
        Positions for "tasks", "scores", "numbers", "categories" (features), "codes" and
        "features".

    Raises
    ------
    ValueError
        If a part of the network cannot be widened.
    """
    wider, narrow = network.state_dict(), learnt.state_dict()
    places = _with_compound_axes(places, network, learnt)
    if isinstance(network.tokens.numeric, PeriodicEmbedding):  # whose tokens are never zero
        for name in _READERS:
            if name in wider and wider[name].shape != narrow[name].shape:
                wider[name].zero_()
    if "line.start" in wider:  # of new features, nothing is added to known scores
        wider["line.start"][:, list(places["scores"])] = 0.0
    for name, values in narrow.items():
        if name in _DERIVED:
            continue
        if wider[name].shape == values.shape:
            wider[name].copy_(values)
            continue
        axes_of = _AXES.get(name, _TASK_EMBEDDINGS if _is_task_embedding(name) else None)
        if axes_of is None:
            raise ValueError(
                f"warm_start=True cannot widen the part {name!r} of a network with "
                f"row_mixing={learnt.config.row_mixing!r}. Use warm_start=False to start over."
            )
        into = wider[name].numpy()
        if name in _SILENT:
            into[...] = 0.0
        axes = zip(axes_of, values.shape, strict=True)
        rows = [list(range(n) if axis is None else places[axis]) for axis, n in axes]
        into[np.ix_(*rows)] = values.cpu().numpy()


def _is_task_embedding(name: str) -> bool:
    return name.startswith("rows.task_inputs.") and name.endswith(".categories")


def _with_compound_axes(places: Places, network: MultiTabNet, learnt: MultiTabNet) -> Places:
    """Add the positions of compound axes, which follow from those of the other axes."""
    tasks, numbers, codes = (list(places[axis]) for axis in ("tasks", "numbers", "codes"))
    config = learnt.config
    hidden, size = learnt.towers.bias.shape[2], config.embedding_size
    n_numbers = network.tokens.n_features - len(network.config.cardinalities)
    columns = [*numbers, *(n_numbers + k for k in numbers), *(2 * n_numbers + k for k in codes)]
    last = 2 * n_numbers + sum(network.config.cardinalities)
    return {
        **places,
        "tokens": [0] if config.single_token else tasks,
        "units": [task * hidden + unit for task in tasks for unit in range(hidden)],
        "inputs": [k * size + i for k in places["features"] for i in range(size)],
        "columns": columns,
        "terms": [*columns, last],
    }
