"""Small problems over the tasks that several balancers solve in every step."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

_RIDGE = 1e-7
"""Relative regularisation of problems that are singular due to products in float32."""


def vectors_of(gram: np.ndarray) -> np.ndarray:
    """Vectors in the columns whose products are `gram`, (n_tasks, n_tasks)."""
    values, axes = np.linalg.eigh(gram)
    return np.sqrt(values.clip(0))[:, None] * axes.T


def least_squares(matrix: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The nonnegative x that minimises the norm of matrix @ x - target."""
    n = matrix.shape[1]
    try:
        return nnls(matrix, target, maxiter=30 * n)[0]
    except RuntimeError:
        # Columns that are equal up to rounding may cycle forever; regularised ones do not.
        ridge = np.sqrt(_RIDGE) * np.linalg.norm(matrix, axis=0).max() * np.eye(n)
        apart = np.concatenate([matrix, ridge])
        return nnls(apart, np.concatenate([target, np.zeros(n)]), maxiter=1000 * n)[0]


def nearest_to_zero(vectors: np.ndarray) -> np.ndarray:
    """Weights of the point nearest to the origin in the convex hull of the columns; they sum to 1.

    Among all nonnegative x that sum to s, the smallest norm of V x is s times that for a sum of 1.
    So for the s that minimises ||V x||^2 + (s - 1)^2, the weights x / s are the solution.
    """
    size = np.linalg.norm(vectors, axis=0).max()
    matrix = np.vstack([vectors, np.full(vectors.shape[1], size)])
    target = np.zeros(len(matrix))
    target[-1] = size
    solution = least_squares(matrix, target)
    return solution / solution.sum()


def correlations(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cosines of the gradients, regularised, and their norms."""
    norms = np.sqrt(gram.diagonal())
    cosines = gram / np.outer(norms, norms)
    cosines[np.diag_indices_from(cosines)] = 1 + _RIDGE
    return cosines, norms
