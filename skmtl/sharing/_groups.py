"""Which tasks belong together, from how much they have to do with each other."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import cut_tree, leaves_list, linkage
from scipy.spatial.distance import squareform

# A task whose models explain less of it than this has said nothing about whom it is like.
_LEAST_EXPLAINED = 0.1

# A task that gains less from every other one, as a share of its own steps, is like none of them.
_LEAST_ALIKE = 0.3
# No task counts as gaining less by its own steps than this share of what the median task does:
# with few labels the measured gain may be anything.
_LEAST_GAINED = 0.05


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


def affinity_of_gains(gains: pd.DataFrame) -> pd.DataFrame:
    """How alike tasks are by what a step for one (row) gains the other (column), at most 1.

    For small steps the gain is the product of two gradients, and divided by the gains of the
    tasks by their own steps it is their cosine. Even for tasks that are the same it is well below
    1, for they read the trunk through towers of their own: the most alike count as 1.
    """
    values = gains.to_numpy(dtype=np.float64)
    values = (values + values.T) / 2
    own_gains = np.diag(values)
    own_gains = np.maximum(own_gains, _LEAST_GAINED * np.median(np.maximum(own_gains, 0.0)))
    alike = np.divide(values, np.sqrt(own_gains[:, None] * own_gains))
    np.fill_diagonal(alike, _LEAST_ALIKE)
    most = np.maximum(alike.max(axis=0), _LEAST_ALIKE)
    affinity = alike / np.maximum(most[:, None], most)
    np.fill_diagonal(affinity, 1.0)
    return pd.DataFrame(affinity, index=gains.index, columns=gains.columns)


def clusters(affinity: pd.DataFrame, n_groups: int | None) -> list[list[Hashable]]:
    """Groups by average linkage; without a number, cut where the next merge costs most.

    Of two directions the larger one counts: a task with few labels has a poor model, which
    serves nobody, and yet may be served well.
    """
    names: list[Hashable] = list(affinity.columns)
    if len(names) == 1:
        return [names]
    tree = _tree(affinity)
    if n_groups is None:
        # From all alone (0) over every merge to one group (1): cut within the largest step.
        steps = np.diff(np.concatenate([[0.0], tree[:, 2], [1.0]]))
        n_groups = len(names) - int(np.argmax(steps))
    labels = cut_tree(tree, n_clusters=n_groups)[:, 0]
    groups: dict[int, list[Hashable]] = {}
    for name, label in zip(names, labels.tolist(), strict=True):
        groups.setdefault(label, []).append(name)
    return list(groups.values())


def side_by_side_order(affinity: pd.DataFrame) -> list[int]:
    """Positions of the tasks in an order that has those of a group side by side."""
    if len(affinity) == 1:
        return [0]
    return leaves_list(_tree(affinity)).tolist()


def _tree(affinity: pd.DataFrame) -> np.ndarray:
    values = affinity.to_numpy(dtype=np.float64)
    distance = 1.0 - np.clip(np.maximum(values, values.T), 0.0, 1.0)
    np.fill_diagonal(distance, 0.0)
    return linkage(squareform(distance, checks=False), method="average")
