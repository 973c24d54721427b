"""Pools of tasks that share trees, from encoded labels."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from skmtl.boosting._pool import Pool, Segment
from skmtl.boosting._score_space import ScoreSpace
from skmtl.tasks import Kind, Labels, TaskSet


@dataclass(frozen=True)
class TargetPool:
    """A pool and the targets of its raw scores.

    Attributes
    ----------
    targets : tuple of int
        Positions of the targets in the task set.
    pool : Pool
    """

    targets: tuple[int, ...]
    pool: Pool


def long_pools(
    tasks: TaskSet, labels: Labels, weight: np.ndarray, group: np.ndarray, ids: Sequence[Hashable]
) -> list[TargetPool]:
    """Return a pool for every target, whose tasks are the ids.

    Parameters
    ----------
    tasks : TaskSet
    labels : Labels
    weight : ndarray of shape (n_rows, n_targets)
        Weight of each label, 0 where it is missing.
    group : int ndarray of shape (n_rows,)
        Position of the row's id in `ids`.
    ids : sequence of hashable
    """
    pools = []
    for i, head in enumerate(tasks.heads):
        rows = np.flatnonzero(labels.mask[:, i])
        pool = Pool(
            segments=[Segment(head, slice(0, len(rows)))],
            task=group[rows],
            target=labels.target[rows, tasks.target_slices[i]],
            weight=weight[rows, i],
            row=None if len(rows) == len(group) else rows,
            n_rows=len(group),
            names=ids,
            is_long=True,
        )
        pools.append(TargetPool((i,), pool))
    return pools


def wide_pools(tasks: TaskSet, labels: Labels, weight: np.ndarray) -> list[TargetPool]:
    """Return pools of targets that can share trees, and one for each of the others.

    Targets with a single score can share trees, because a score is always a direction of more or
    less. So can the hazards of single events, whose waves mean sooner or later, early or late. The
    classes of two targets are unrelated, so trees that add to the scores of all classes cannot be
    shared; the same holds for competing causes.
    """
    groups: dict[tuple, list[int]] = {}
    for i, head in enumerate(tasks.heads):
        groups.setdefault(_direction(i, head), []).append(i)
    return [
        TargetPool(tuple(positions), _wide_pool(tasks, labels, weight, positions))
        for positions in groups.values()
    ]


def _direction(position: int, head: Kind) -> tuple:
    """Return a key that is equal for targets that can share trees."""
    if head.n_scores == 1:
        return ("one score",)
    if head.n_series == 1:
        return ("one series", ScoreSpace.from_head(head).n_trees)
    return ("alone", position)


def _wide_pool(tasks: TaskSet, labels: Labels, weight: np.ndarray, targets: list[int]) -> Pool:
    rows = [np.flatnonzero(labels.mask[:, i]) for i in targets]
    ends = np.cumsum([len(labelled) for labelled in rows])
    width = max(tasks.heads[i].target_width for i in targets)
    complete = len(targets) == 1 and len(rows[0]) == len(labels.mask)
    return Pool(
        segments=[
            Segment(tasks.heads[i], slice(end - len(labelled), end))
            for i, labelled, end in zip(targets, rows, ends.tolist(), strict=True)
        ],
        task=np.repeat(np.arange(len(targets)), [len(labelled) for labelled in rows]),
        target=np.concatenate(
            [
                _padded(labels.target[labelled, tasks.target_slices[i]], width)
                for i, labelled in zip(targets, rows, strict=True)
            ]
        ),
        weight=np.concatenate(
            [weight[labelled, i] for i, labelled in zip(targets, rows, strict=True)]
        ),
        row=None if complete else np.concatenate(rows),
        n_rows=len(labels.mask),
        names=[tasks.names[i] for i in targets],
        is_long=False,
    )


def _padded(target: np.ndarray, width: int) -> np.ndarray:
    return np.pad(target, ((0, 0), (0, width - target.shape[1])))
