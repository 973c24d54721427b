"""Extend trained networks by targets, categories or columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

import numpy as np

from skmtl.engines import Learnt, Problem
from skmtl.networks import Places
from skmtl.training import Epoch


def is_wider(learnt: Learnt, problem: Problem) -> bool:
    """Whether a problem has targets, categories or columns that were not learnt before."""
    before, now = learnt.encoder, problem.encoder
    return (
        problem.tasks.names != learnt.tasks.names
        or now.columns_ != before.columns_
        or now.cardinalities_ != before.cardinalities_
    )


def places_of(learnt: Learnt, problem: Problem) -> Places:
    """Return the positions of learnt targets and features among those of a problem."""
    tasks = [problem.tasks.names.index(name) for name in learnt.tasks.names]
    slices = [problem.tasks.score_slices[task] for task in tasks]
    before, now = learnt.encoder, problem.encoder
    numbers = [now.numeric_.index(label) for label in before.numeric_]
    categories = [now.categorical_.index(label) for label in before.categorical_]
    starts = list(accumulate(now.cardinalities_, initial=0))
    codes = [
        starts[position] + code
        for position, n_codes in zip(categories, before.cardinalities_, strict=True)
        for code in range(n_codes)
    ]
    return {
        "tasks": tasks,
        "scores": [score for part in slices for score in range(part.start, part.stop)],
        "numbers": numbers,
        "categories": categories,
        "codes": codes,
        "features": [*numbers, *(len(now.numeric_) + position for position in categories)],
    }


def with_tasks(epoch: Epoch, tasks: Sequence[int], n_tasks: int) -> Epoch:
    """Extend the record of an epoch by new targets, whose losses are NaN."""

    def spread(losses: list[float]) -> list[float]:
        values = np.full(n_tasks, np.nan)
        values[list(tasks)] = losses
        return values.tolist()

    judged = epoch.validation_losses
    return replace(
        epoch,
        losses=spread(epoch.losses),
        validation_losses=None if judged is None else spread(judged),
    )
