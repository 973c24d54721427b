"""Group tasks by their affinity."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import cut_tree, leaves_list, linkage
from scipy.spatial.distance import squareform

# If no model explains at least this share of a task, its similarity to others is unknown.
_LEAST_EXPLAINED = 0.1

# A task that gains less than this share of its own gain from every other task is similar to none.
_LEAST_ALIKE = 0.3
# Own gains are clipped below at this share of the median task's own gain, because they are
# unreliable if there are few labels.
_LEAST_GAINED = 0.05


def affinity_of_errors(errors: pd.DataFrame) -> pd.DataFrame:
    """Measure how well each task's model (row) fits each other task (column), from 0 to 1.

    It is the square root of the share that the model explains, relative to the best of all models:
    like a correlation of the two functions without label noise.
    """
    explained = np.clip(1.0 - errors.to_numpy(), 0.0, None)
    best = np.maximum(explained.max(axis=0), _LEAST_EXPLAINED)
    affinity = np.sqrt(explained / best)
    np.fill_diagonal(affinity, 1.0)
    return pd.DataFrame(affinity, index=errors.index, columns=errors.columns)


def affinity_of_gains(gains: pd.DataFrame) -> pd.DataFrame:
    """Measure similarity by the gain of a task (column) from steps for another (row), at most 1.

    For small steps the gain is the product of two gradients, and divided by the gains from the
    tasks' own steps it is their cosine. Even for identical tasks it is well below 1, since they
    have different towers: the most similar tasks get the value 1.
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
    """Cluster by average linkage; by default, cut before the merge with the largest step.

    The larger of the two directions counts: a task with few labels has a poor model, which does
    not help others, but it can still profit from others.
    """
    names: list[Hashable] = list(affinity.columns)
    if len(names) == 1:
        return [names]
    tree = _tree(affinity)
    if n_groups is None:
        # From separate tasks (0) over every merge to one group (1): cut at the largest step.
        steps = np.diff(np.concatenate([[0.0], tree[:, 2], [1.0]]))
        n_groups = len(names) - int(np.argmax(steps))
    labels = cut_tree(tree, n_clusters=n_groups)[:, 0]
    groups: dict[int, list[Hashable]] = {}
    for name, label in zip(names, labels.tolist(), strict=True):
        groups.setdefault(label, []).append(name)
    return list(groups.values())


def side_by_side_order(affinity: pd.DataFrame) -> list[int]:
    """Return an order of the tasks in which those of a group are adjacent."""
    if len(affinity) == 1:
        return [0]
    return leaves_list(_tree(affinity)).tolist()


def _tree(affinity: pd.DataFrame) -> np.ndarray:
    values = affinity.to_numpy(dtype=np.float64)
    distance = 1.0 - np.clip(np.maximum(values, values.T), 0.0, 1.0)
    np.fill_diagonal(distance, 0.0)
    return linkage(squareform(distance, checks=False), method="average")
