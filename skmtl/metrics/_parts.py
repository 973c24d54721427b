"""Score the parts of a target as separate tasks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from skmtl.metrics._task import ScoredTask
from skmtl.tasks import ScoredPart


def by_part(tasks: Mapping[Hashable, ScoredTask]) -> dict[Hashable, ScoredTask]:
    """Replace targets that are scored by parts with pairs (task, part)."""
    scored: dict[Hashable, ScoredTask] = {}
    for name, task in tasks.items():
        parts = task.kind.scored_parts(task.labels, name)
        if not parts:
            scored[name] = task
        for part in parts:
            scored[name, part.name] = _of_part(task, part)
    return scored


def as_targets(tasks: Mapping[Hashable, ScoredTask]) -> dict[Hashable, ScoredTask]:
    """Set labels that are only partly known to missing."""
    return {
        name: replace(task, labels=task.kind.settled(task.labels)) for name, task in tasks.items()
    }


def _of_part(task: ScoredTask, part: ScoredPart) -> ScoredTask:
    answer = partial(_answer, task, part)
    binary = part.kind.is_classification
    return replace(
        task,
        name=(task.name, part.name),
        kind=part.kind,
        labels=part.labels,
        predict=partial(_classes, answer) if binary else lambda: pd.Series(answer()),
        predict_proba=partial(_both, answer),
        classes=np.array([0, 1]) if binary else None,
        target=task.name,
    )


def _answer(task: ScoredTask, part: ScoredPart) -> np.ndarray:
    whole = task.predict_proba() if task.kind.is_classification else task.predict().to_numpy()
    return part.read(whole)


def _both(chance: partial[np.ndarray]) -> np.ndarray:
    true = chance()
    return np.column_stack([1 - true, true])


def _classes(chance: partial[np.ndarray]) -> pd.Series:
    return pd.Series((chance() >= 0.5).astype(int))
