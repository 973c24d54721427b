"""Which tasks belong together, from how much they have to do with each other."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import cut_tree, linkage
from scipy.spatial.distance import squareform

# A task whose models explain less of it than this has said nothing about whom it is like.
_LEAST_EXPLAINED = 0.1


def affinity_of_errors(errors: pd.DataFrame) -> pd.DataFrame:
    """How well each task's model (row) serves each other task (column), from 0 to 1.

    The root of the share that it explains of what the best of all models explains: like a
    correlation of the two functions, free of the noise in the labels.
    """
    explained = np.clip(1.0 - errors.to_numpy(), 0.0, None)
    best = np.maximum(explained.max(axis=0), _LEAST_EXPLAINED)
    affinity = np.sqrt(explained / best)
    np.fill_diagonal(affinity, 1.0)
    return pd.DataFrame(affinity, index=errors.index, columns=errors.columns)


def clusters(affinity: pd.DataFrame, n_groups: int | None) -> list[list[Hashable]]:
    """Groups by average linkage; without a number, cut where the next merge costs most.

    Of two directions the larger one counts: a task with few labels has a poor model, which
    serves nobody, and yet may be served well.
    """
    names: list[Hashable] = list(affinity.columns)
    if len(names) == 1:
        return [names]
    values = affinity.to_numpy(dtype=np.float64)
    distance = 1.0 - np.clip(np.maximum(values, values.T), 0.0, 1.0)
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), method="average")
    if n_groups is None:
        # From all alone (0) over every merge to one group (1): cut within the largest step.
        steps = np.diff(np.concatenate([[0.0], tree[:, 2], [1.0]]))
        n_groups = len(names) - int(np.argmax(steps))
    labels = cut_tree(tree, n_clusters=n_groups)[:, 0]
    groups: dict[int, list[Hashable]] = {}
    for name, label in zip(names, labels.tolist(), strict=True):
        groups.setdefault(label, []).append(name)
    return list(groups.values())
