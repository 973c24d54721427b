"""Choose thresholds and calibrations on held-out probabilities."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from skmtl.metrics import score_tasks
from skmtl.models._adjustments import (
    Adjustment,
    Calibration,
    IsotonicCalibration,
    SigmoidCalibration,
    StepCalibration,
    Threshold,
)
from skmtl.models._held_out_task import HeldOutTask
from skmtl.tasks import FunnelLevels

# With fewer labels of a class, isotonic regression overfits.
_FEWEST_FOR_ISOTONIC = 50


def best_threshold(task: HeldOutTask, metric: Any, most: int) -> Threshold:
    """Return the threshold of the second class with the best score on held-out rows.

    Parameters
    ----------
    task : HeldOutTask
        A binary task.
    metric : str, scorer or callable
    most : int
        Maximum number of thresholds to try.
    """
    cuts = _cuts(task.probabilities[:, 1], most)
    scores = np.array([_score(task, Threshold(cut), metric) for cut in cuts])
    if np.isnan(scores).all():
        return Threshold(0.5)
    best = np.flatnonzero(scores == np.nanmax(scores))
    chosen = best[np.abs(cuts[best] - 0.5).argmin()]
    return Threshold(float(cuts[chosen]), float(scores[chosen]))


def _cuts(probability: np.ndarray, most: int) -> np.ndarray:
    """Return thresholds between the values, and those that put all rows on one side."""
    values = np.unique(probability)
    between = (values[:-1] + values[1:]) / 2
    cuts = np.concatenate([[0.0], between, [np.nextafter(1.0, 2.0)]])
    if len(cuts) <= most:
        return cuts
    return cuts[np.unique(np.linspace(0, len(cuts) - 1, most).round().astype(int))]


def _score(task: HeldOutTask, threshold: Threshold, metric: Any) -> float:
    predicted = threshold.predict(task.probabilities, task.classes)
    scores = score_tasks(
        task.labels.to_frame(task.name),
        {task.name: pd.Series(predicted)},
        metric=metric,
        kinds={task.name: task.kind},
        classes={task.name: task.classes},
        sample_weight=task.weight,
    )
    return float(scores.iloc[0])


def calibration(task: HeldOutTask, method: Literal["sigmoid", "isotonic"]) -> Adjustment | None:
    """Return a calibration on the held-out labels; None with fewer than two classes."""
    if task.kind.funnel is not None:
        return _step_calibration(task, task.kind.funnel, method)
    counts = np.bincount(task.codes, minlength=len(task.classes))
    if (counts > 0).sum() < 2:
        return None
    return _calibration_of(method, counts).fit(task.probabilities, task.codes, task.weight)


def _step_calibration(
    task: HeldOutTask, funnel: FunnelLevels, method: Literal["sigmoid", "isotonic"]
) -> StepCalibration:
    """Return calibrations of each step on the held-out rows that reached it."""
    taken, reached = task.steps
    counts = np.array([(reached & (taken == answer)).sum(axis=0) for answer in (False, True)])
    calibration = _calibration_of(method, counts)
    chances = funnel.conditional(task.probabilities)
    by_step = []
    for step, rows in enumerate(reached.T):
        chance = chances[rows, step]
        both = np.column_stack([1 - chance, chance])
        answers = taken[rows, step].astype(int)
        by_step.append(calibration.fit(both, answers, task.weight[rows]))
    return StepCalibration(funnel.steps, tuple(by_step))


def _calibration_of(
    method: Literal["sigmoid", "isotonic"], counts: np.ndarray
) -> type[Calibration]:
    """Return the class for a method, given the number of labels of each class."""
    enough = method == "isotonic" and counts.min() >= _FEWEST_FOR_ISOTONIC
    return IsotonicCalibration if enough else SigmoidCalibration
