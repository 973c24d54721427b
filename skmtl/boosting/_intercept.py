"""The constant that boosting starts from, for each task."""

from __future__ import annotations

import numpy as np

from skmtl.boosting._pool import Pool
from skmtl.boosting._shrinkage import dispersion, shrunk_steps
from skmtl.tasks import Kind

_NEWTON_STEPS = 5


def intercepts(pool: Pool, weight: np.ndarray) -> np.ndarray:
    """Raw scores of the best constants.

    Wide tasks each start from their own constant. The tasks of long data have the same units:
    their constants are shrunk to the common one, as far as they differ by chance.

    Parameters
    ----------
    pool : Pool
    weight : ndarray of shape (n_entries,)
        Only entries of positive weight count.

    Returns
    -------
    ndarray of shape (n_tasks + 1, n_scores)
        The last row is for a task that has not been seen.
    """
    if not pool.is_long:
        own = [_constant(pool, *segment, weight) for segment in pool.segments]
        return np.vstack([*own, np.zeros_like(own[0])])
    common = _constant(pool, *pool.segments[0], weight)
    by_task = np.tile(common, (pool.n_tasks, 1))
    for step in range(_NEWTON_STEPS if pool.n_tasks > 1 else 0):
        gradient, hessian = pool.derivatives(by_task[pool.task])
        if step == 0:
            spread = dispersion(gradient, hessian, weight)
        # Steps from the common constant: the shrinkage is towards it at every step.
        pull = pool.by_task(weight[:, None] * hessian)
        slope = pool.by_task(weight[:, None] * gradient) - pull * (by_task - common)
        by_task = common + shrunk_steps(slope, pull, spread)
    return np.vstack([by_task, common])


def _constant(pool: Pool, head: Kind, part: slice, weight: np.ndarray) -> np.ndarray:
    own = weight[part]
    # A target of weight 0 is not learnt by any tree, but it has a constant like the others.
    own = own if own.any() else np.ones_like(own)
    return head.initial_scores(pool.target[part][own > 0], own[own > 0])
