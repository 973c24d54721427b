"""The constant that boosting starts from, for each task."""

from __future__ import annotations

import numpy as np

from skmtl.boosting._pool import Pool, Segment
from skmtl.boosting._shrinkage import dispersion, shrunk_steps

_NEWTON_STEPS = 5


def intercepts(pool: Pool, weight: np.ndarray) -> np.ndarray:
    """Raw scores of the best constants.

    Each wide task starts from a constant of its own. The tasks of long data have the same units:
    their constants are shrunk to the common one, as far as they differ by chance.

    Parameters
    ----------
    pool : Pool
    weight : ndarray of shape (n_entries,)
        Only entries of positive weight count.

    Returns
    -------
    ndarray of shape (n_tasks + 1, n_scores)
        The last row is for a task that has not been seen. A head with fewer raw scores than
        others has zeros behind them.
    """
    constants = [_constant(pool, segment, weight) for segment in pool.segments]
    if not pool.is_long:
        return np.vstack([*constants, np.zeros_like(constants[0])])
    common = np.tile(constants[0], (pool.n_tasks + 1, 1))
    return common + pool.segments[0].space.raw(_shifts(pool, common, weight))


def _shifts(pool: Pool, common: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """What sets the tasks of long data apart from the common constant, in coordinates.

    Returns
    -------
    ndarray of shape (n_tasks + 1, n_trees)
        Zeros in the last row.
    """
    shifts = np.zeros((pool.n_tasks + 1, pool.n_trees))
    for step in range(_NEWTON_STEPS if pool.n_tasks > 1 else 0):
        gradient, hessian = pool.derivatives(shifts[pool.task], common)
        if step == 0:
            spread = dispersion(gradient, hessian, weight)
        # Steps from the common constant: the shrinkage is towards it at every step.
        pull = pool.by_task(weight[:, None] * hessian)
        slope = pool.by_task(weight[:, None] * gradient) - pull * shifts[:-1]
        shifts[:-1] = shrunk_steps(slope, pull, spread)
    return shifts


def _constant(pool: Pool, segment: Segment, weight: np.ndarray) -> np.ndarray:
    """Raw scores of the best constant, followed by zeros up to the pool's `n_scores`."""
    weight = weight[segment.part]
    # A target of weight 0 is not learnt by any tree, but it has a constant like the others.
    weight = weight if weight.any() else np.ones_like(weight)
    target = pool.target[segment.part, : segment.head.target_width][weight > 0]
    constant = segment.head.initial_scores(target, weight[weight > 0])
    return np.pad(constant, (0, pool.n_scores - len(constant)))
