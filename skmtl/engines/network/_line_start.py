"""Initialise the linear path of a network with ridge regression."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import RidgeCV

from skmtl.tasks import Kind, TaskSet

_PENALTIES = np.logspace(-1, 4, 11)


def ridge_start(
    design: np.ndarray, tasks: TaskSet, target: np.ndarray, weight: np.ndarray, base: np.ndarray
) -> np.ndarray:
    """Return coefficients of raw scores, followed by intercepts, (n_columns + 1, n_scores).

    They result from a Newton step from the best constant prediction. For squared errors this is
    ridge regression, with a penalty chosen by leave-one-out errors. Kinds without second
    derivatives, and series of raw scores, start at zero.

    Parameters
    ----------
    design : ndarray of shape (n_rows, n_columns)
    tasks : TaskSet
    target : ndarray of shape (n_rows, target_width)
    weight : ndarray of shape (n_rows, n_tasks)
        0 if the label is missing.
    base : ndarray of shape (n_scores,)
        The best constant prediction.
    """
    start = np.zeros((design.shape[1] + 1, len(base)))
    parts = zip(tasks.heads, tasks.score_slices, tasks.target_slices, strict=True)
    for task, (head, scores, labels) in enumerate(parts):
        rows = weight[:, task] > 0
        if design.shape[1] and rows.sum() > 1 and _is_smooth(head):
            constant = np.tile(base[scores], (int(rows.sum()), 1))
            gradient, hessian = head.gradient_hessian(constant, target[rows, labels])
            # Penalties are per row, whatever the unit of the weights.
            curvature = hessian * (weight[rows, task] / weight[rows, task].mean())[:, None]
            for column, step in enumerate((-gradient / hessian).T):
                ridge = RidgeCV(_PENALTIES).fit(design[rows], step, curvature[:, column])
                start[:-1, scores.start + column] = ridge.coef_
                start[-1, scores.start + column] = ridge.intercept_
    return start


def _is_smooth(head: Kind) -> bool:
    return not head.score_levels and not head.n_series and not head.learns_from_scores
