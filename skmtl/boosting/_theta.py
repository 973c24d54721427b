"""Theta, the degree to which each task is an outlier task."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from skmtl.boosting._pool import Fold, Pool
from skmtl.boosting._signature import principal_axes, slopes

# Initial shares are between 0.12 and 0.88, so that all tasks can still change sides.
_START = 2.0
_LARGEST = 6.0
_STEP = 0.3
_PENALTY = 1e-2


def start(fold: Fold, matrix: np.ndarray, numeric: np.ndarray) -> np.ndarray:
    """Return the initial theta (n_tasks,), with positive values for outliers.

    It is the coordinate on the axis along which the tasks differ most.
    """
    rows = fold.pool.by_task(fold.beside_trees[:, None])[:, 0]
    if not rows.any():  # a target of weight 0
        return rows
    steps = slopes(fold, matrix, numeric) * np.sqrt(rows / rows.mean())[:, None]
    axes = principal_axes(steps, np.ones(len(rows)), 1)
    if axes.shape[1] == 0:
        return np.zeros(len(rows))
    axis = axes[:, 0] - np.median(axes[:, 0])
    theta = _START * axis / np.abs(axis).max() if axis.any() else axis
    return oriented(theta)


def oriented(theta: np.ndarray) -> np.ndarray:
    """Return theta with the sign for which the smaller group is positive."""
    return -theta if is_reversed(theta) else theta


def is_reversed(theta: np.ndarray) -> bool:
    """Return whether most tasks have a positive theta.

    If both groups are equally large, it is whether the positive group is nearer to 0.
    """
    n_positive, n_negative = (theta > 0).sum(), (theta < 0).sum()
    if n_positive == n_negative:
        return bool(theta.sum() < 0)
    return bool(n_positive > n_negative)


def newton_step(
    theta: np.ndarray, pool: Pool, weight: np.ndarray, slope: np.ndarray, curve: np.ndarray
) -> np.ndarray:
    r"""Return theta after a damped Newton step on the penalised mean loss of each task.

    The score of task t is :math:`F + \sigma(\theta_t) o + (1 - \sigma(\theta_t)) u`, with outlier
    trees o and ordinary trees u, so that
    :math:`\partial L / \partial \theta_t = \sigma (1 - \sigma) \sum g (o - u)`. Sums are divided
    by the weight of the task's rows, so that the step does not grow with the task.

    Parameters
    ----------
    theta : ndarray of shape (n_tasks,)
    pool : Pool
    weight : ndarray of shape (n_entries,)
    slope, curve : ndarray of shape (n_entries,)
        Derivatives of an entry's loss by the share of the outlier trees: :math:`g (o - u)` and
        :math:`h (o - u)^2`, summed over the raw scores.
    """
    share = expit(theta)
    inner = share * (1 - share)
    sums = pool.by_task(np.column_stack([weight, weight * slope, weight * curve]))
    rows = np.maximum(sums[:, 0], 1e-12)
    gradient = inner * sums[:, 1] / rows + 0.1 * _PENALTY * theta
    hessian = inner**2 * sums[:, 2] / rows + _PENALTY
    moved = theta - _STEP * np.clip(gradient / hessian, -1, 1)
    return np.clip(moved, -_LARGEST, _LARGEST)
