"""Signatures of tasks: a few numbers that describe how each task differs."""

from __future__ import annotations

import numpy as np

from skmtl.boosting._pool import Fold
from skmtl.boosting._shrinkage import dispersion, shrunk_steps

_N_COMPONENTS = 8
_SQUARABLE = 1e140  # sums of squares of such numbers do not overflow


def slopes(fold: Fold, matrix: np.ndarray, numeric: np.ndarray) -> np.ndarray:
    """Return by how much the scores of each task should change along each numeric feature.

    This is a shrunk Newton step for each task and standardised feature, from the current
    coordinates.

    Parameters
    ----------
    fold : Fold
    matrix : ndarray of shape (n_rows, n_features)
    numeric : int ndarray
        Positions of the numeric columns.

    Returns
    -------
    ndarray of shape (n_tasks, n_trees * (1 + n_numeric))
        The steps of the constant come first.
    """
    pool, weight = fold.pool, fold.beside_trees[:, None]
    gradient, hessian = fold.derivatives(0.0)
    phi = dispersion(gradient, hessian, fold.beside_trees)
    pull, curve = weight * gradient, weight * hessian
    columns = [shrunk_steps(pool.by_task(pull), pool.by_task(curve), phi)]
    for position in numeric:
        z = _standardised(pool.of_rows(matrix[:, position]), fold.beside_trees)[:, None]
        columns.append(shrunk_steps(pool.by_task(pull * z), pool.by_task(curve * z**2), phi))
    return np.hstack(columns)


def principal_axes(steps: np.ndarray, n_rows: np.ndarray, n_axes: int) -> np.ndarray:
    """Return the coordinates of the tasks on the axes along which they differ most.

    Parameters
    ----------
    steps : ndarray of shape (n_tasks, k)
    n_rows : ndarray of shape (n_tasks,)
        Weights of the tasks in the mean that is subtracted.
    n_axes : int

    Returns
    -------
    ndarray of shape (n_tasks, at most n_axes)
    """
    # Without any weight, all steps are zero.
    centred = steps - np.average(steps, axis=0, weights=n_rows if n_rows.any() else None)
    left, size, _ = np.linalg.svd(centred, full_matrices=False)
    # Without numeric features there is no axis.
    kept = size > 1e-9 * max(size.max(initial=0.0), 1e-300)
    return (left * size)[:, kept][:, :n_axes]


def signatures(fold: Fold, matrix: np.ndarray, numeric: np.ndarray) -> np.ndarray:
    """Return signatures of the tasks, as features for trees.

    Returns
    -------
    ndarray of shape (n_tasks + 1, n_numbers)
        Steps of the constant, then principal coordinates. Zeros describe an average task. The last
        row is for unseen tasks.
    """
    steps = slopes(fold, matrix, numeric)
    n_trees = fold.pool.n_trees
    rows = fold.pool.by_task(fold.beside_trees[:, None])[:, 0]
    axes = principal_axes(steps[:, n_trees:], rows, _N_COMPONENTS)
    return np.vstack([np.hstack([steps[:, :n_trees], axes]), np.zeros(n_trees + axes.shape[1])])


def _standardised(column: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Scale to mean 0 and standard deviation 1 over weighted entries; missing values become 0."""
    values = column.astype(np.float64)
    missing = np.isnan(values)
    weight = np.where(missing, 0.0, weight)
    if not weight.any():
        return np.zeros_like(values)
    values = np.where(missing, 0.0, values)
    values /= max(1.0, np.abs(values).max() / _SQUARABLE)
    centred = np.where(missing, 0.0, values - np.average(values, weights=weight))
    scale = np.sqrt(np.average(centred**2, weights=weight))
    return centred / scale if scale > 0 else centred
