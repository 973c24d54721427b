"""The share of rows that take each step of a funnel, by maximum likelihood."""

from __future__ import annotations

import numpy as np

# Shares of an expectation step closer than this to those before have converged.
_TOLERANCE, _MAX_ROUNDS = 1e-8, 1000


def shares_by_step(target: np.ndarray, weight: np.ndarray, n_steps: int) -> np.ndarray:
    """The most likely P(step | previous steps), if it is the same for all rows.

    The share of the rows that reached a step, unless some rows ended at an unknown step. Those are
    spread over the steps at which they may have ended (EM algorithm, Dempster et al. 1977).

    Parameters
    ----------
    target : ndarray of shape (n_samples, 2)
        `taken` and `limit` of `FunnelLevels`.
    weight : ndarray of shape (n_samples,)
    n_steps : int

    Returns
    -------
    ndarray of shape (n_steps,)
        0.5 for a step that no row reached.
    """
    step = np.arange(n_steps)
    taken, limit = target[:, :1], target[:, 1:]
    is_spread = limit > taken + 1
    took = weight @ (step < taken)
    missed = weight @ ((step == taken) & (limit > taken) & ~is_spread)
    share = _ratio(took, took + missed)
    spans, span = np.unique(target[is_spread[:, 0]].astype(int), axis=0, return_inverse=True)
    total = np.bincount(span.ravel(), weight[is_spread[:, 0]], len(spans))
    for _ in range(_MAX_ROUNDS if len(spans) else 0):
        took_too, missed_too = took.copy(), missed.copy()
        for (start, end), n_rows in zip(spans, total, strict=True):
            reached = np.append(1.0, np.cumprod(share[start:end]))
            scale = n_rows / max(1 - reached[-1], np.finfo(float).tiny)
            took_too[start:end] += scale * (reached[1:] - reached[-1])
            missed_too[start:end] += scale * (reached[:-1] - reached[1:])
        before, share = share, _ratio(took_too, took_too + missed_too)
        if np.abs(share - before).max() < _TOLERANCE:
            break
    return share


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(part), 0.5), where=whole > 0)
