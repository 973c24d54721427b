"""The initial constant of boosting for each task."""

from __future__ import annotations

import numpy as np

from skmtl.boosting._pool import Pool, Segment
from skmtl.boosting._shrinkage import dispersion, shrunk_steps, variance_between

_MOST_STEPS = 25
# Iterations stop when no task moves by more. Raw scores have a scale of about 1, and trees will
# correct the rest.
_LEAST_MOVE = 1e-3
# A step is accepted if the objective falls by this share of the linear prediction. The share is
# 1/2 for a Newton step on a parabola, and 0 for a step that is twice as long.
_KEPT_PROMISE = 0.25
_MOST_HALVINGS = 20


def intercepts(pool: Pool, weight: np.ndarray) -> np.ndarray:
    """Return the raw scores of the best constants.

    In wide data, each task has its own constant. The tasks of long data have the same units, so
    their constants are shrunk towards the common one, by as much as they differ by chance.

    Parameters
    ----------
    pool : Pool
    weight : ndarray of shape (n_entries,)
        Only entries of positive weight count.

    Returns
    -------
    ndarray of shape (n_tasks + 1, n_scores)
        The last row is for unseen tasks. Raw scores are padded with zeros to the longest head.
    """
    constants = [_constant(pool, segment, weight) for segment in pool.segments]
    if not pool.is_long:
        return np.vstack([*constants, np.zeros_like(constants[0])])
    common = np.tile(constants[0], (pool.n_tasks + 1, 1))
    shifts = _shifts(pool, common, weight) if pool.n_tasks > 1 else np.zeros((1, pool.n_trees))
    shifts = np.vstack([shifts, np.zeros(pool.n_trees)])
    return common + pool.segments[0].space.raw(shifts)


def _shifts(pool: Pool, common: np.ndarray, weight: np.ndarray) -> np.ndarray:
    r"""Return the deviations of long-data tasks from the common constant, in coordinates.

    The shifts u of a task minimise :math:`\sum_i w_i l_i(u) + \sum_k \phi u_k^2 / (2 \tau_k^2)`,
    its losses plus a penalty by the variance :math:`\tau^2` between tasks, which is estimated as
    in `shrunk_steps`. Newton steps are halved until the objective of each task falls sufficiently:
    full steps are far too long where probabilities are near 0 or 1, or where several scores change
    at once.

    Returns
    -------
    ndarray of shape (n_tasks, n_trees)
    """
    shifts = np.zeros((pool.n_tasks, pool.n_trees))
    spread = None
    for _ in range(_MOST_STEPS):
        gradient, hessian = pool.derivatives(shifts[pool.task], common)
        if spread is None:
            spread = dispersion(gradient, hessian, weight)
        # Steps start at the common constant, so that every step shrinks towards it.
        pull = pool.by_task(weight[:, None] * hessian)
        slope = pool.by_task(weight[:, None] * gradient)
        from_common = slope - pull * shifts
        variance = variance_between(from_common, pull, spread)
        shifts[:, variance == 0] = 0.0
        step = shrunk_steps(from_common, pull, spread) - shifts
        penalty = np.divide(spread, variance, out=np.zeros_like(variance), where=variance > 0)
        promise = -((slope + penalty * shifts) * step).sum(axis=1)
        step = _searched(pool, common, weight, shifts, step, penalty, promise)
        shifts = shifts + step
        if np.abs(step).max() < _LEAST_MOVE:
            break
    return shifts


def _searched(
    pool: Pool,
    common: np.ndarray,
    weight: np.ndarray,
    shifts: np.ndarray,
    step: np.ndarray,
    penalty: np.ndarray,
    promise: np.ndarray,
) -> np.ndarray:
    """Halve the step of each task until its objective falls by enough, or set it to zero."""

    def objective(at: np.ndarray) -> np.ndarray:
        losses = np.where(weight > 0, pool.losses(at[pool.task], common), 0.0) * weight
        return pool.by_task(losses[:, None])[:, 0] + 0.5 * (penalty * at**2).sum(axis=1)

    before = objective(shifts)
    share = np.ones(len(step))
    for _ in range(_MOST_HALVINGS):
        fall = before - objective(shifts + share[:, None] * step)
        # With a tolerance, so that rounding errors do not reject a tiny step.
        enough = fall >= _KEPT_PROMISE * share * promise - 1e-12 * np.abs(before)
        if enough.all():
            return share[:, None] * step
        share = np.where(enough, share, share / 2)
    return np.where(enough, share, 0.0)[:, None] * step


def _constant(pool: Pool, segment: Segment, weight: np.ndarray) -> np.ndarray:
    """Return the raw scores of the best constant, padded with zeros to the pool's `n_scores`."""
    weight = weight[segment.part]
    # A target of weight 0 has no trees, but it has a constant like the others.
    weight = weight if weight.any() else np.ones_like(weight)
    target = pool.target[segment.part, : segment.head.target_width][weight > 0]
    constant = segment.head.initial_scores(target, weight[weight > 0])
    return np.pad(constant, (0, pool.n_scores - len(constant)))
