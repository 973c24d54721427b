"""The steps of a funnel as tasks that are scored by themselves."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from skmtl.metrics._task import ScoredTask
from skmtl.tasks import Binary, settled_labels


def by_step(tasks: Mapping[Hashable, ScoredTask]) -> dict[Hashable, ScoredTask]:
    """The tasks, where pairs (task, step) stand in place of a funnel.

    Of a step, P(step) is scored on all rows of which it is known whether they took it.
    """
    scored: dict[Hashable, ScoredTask] = {}
    for name, task in tasks.items():
        funnel = task.kind.funnel
        if funnel is None:
            scored[name] = task
            continue
        labels = funnel.step_labels(task.labels, name)
        for position, step in enumerate(funnel.steps):
            scored[name, step] = replace(
                task,
                name=(name, step),
                kind=Binary(),
                labels=labels[step],
                predict=partial(_taken, task, position),
                predict_proba=partial(_probabilities, task, position),
                classes=np.array([0, 1]),
                target=name,
            )
    return scored


def as_targets(tasks: Mapping[Hashable, ScoredTask]) -> dict[Hashable, ScoredTask]:
    """The tasks, in which labels that are known in part only are missing."""
    return {
        name: replace(task, labels=settled_labels(task.kind, task.labels))
        for name, task in tasks.items()
    }


def _probabilities(task: ScoredTask, position: int) -> np.ndarray:
    assert task.kind.funnel is not None
    taken = task.kind.funnel.probabilities(task.predict_proba())[:, position]
    return np.column_stack([1 - taken, taken])


def _taken(task: ScoredTask, position: int) -> pd.Series:
    return pd.Series((_probabilities(task, position)[:, 1] >= 0.5).astype(int))
