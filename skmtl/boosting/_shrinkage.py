"""Steps per task, shrunk to what the tasks have in common."""

from __future__ import annotations

import numpy as np


def shrunk_steps(gradient: np.ndarray, hessian: np.ndarray, dispersion: float) -> np.ndarray:
    r"""Newton steps per task as the best linear predictions of random effects.

    The step of task t, :math:`u_t = -G_t / H_t`, has the variance :math:`\phi / H_t` around its
    true value, which varies by :math:`\tau^2` from task to task. From the moments of u follow
    :math:`\tau^2`, and every step is multiplied by :math:`\tau^2 / (\tau^2 + \phi / H_t)`: a
    task of few rows, or tasks that differ by no more than chance, get steps near zero.

    Parameters
    ----------
    gradient, hessian : ndarray of shape (n_tasks, k)
        Sums over the entries of each task; a Hessian of zero means no entry.
    dispersion : float
        :math:`\phi`, the variance of an entry's weighted gradient over its weighted Hessian.

    Returns
    -------
    ndarray of shape (n_tasks, k)
    """
    prior = hessian * variance_between(gradient, hessian, dispersion)
    trust = np.divide(prior, prior + dispersion, out=np.zeros_like(prior), where=prior > 0)
    return trust * _newton_steps(gradient, hessian)


def variance_between(gradient: np.ndarray, hessian: np.ndarray, dispersion: float) -> np.ndarray:
    r"""The variance :math:`\tau^2` from task to task, (k,); parameters as of `shrunk_steps`."""
    total = hessian.sum(axis=0)
    squares = (hessian * _newton_steps(gradient, hessian) ** 2).sum(axis=0)
    # E[squares] = sum H (tau^2 + phi / H)
    between = np.maximum(squares - dispersion * (hessian > 0).sum(axis=0), 0.0)
    return np.divide(between, total, out=np.zeros_like(total), where=total > 0)


def _newton_steps(gradient: np.ndarray, hessian: np.ndarray) -> np.ndarray:
    return np.divide(-gradient, hessian, out=np.zeros_like(gradient), where=hessian > 0)


def dispersion(gradient: np.ndarray, hessian: np.ndarray, weight: np.ndarray) -> float:
    """Variance of the weighted gradients over their Hessian, at the scores at hand.

    Proportional to the weights, as the Hessian is: their unit has no effect.
    """
    weight = weight[:, None]
    curvature = (weight * hessian).sum()
    return float(((weight * gradient) ** 2).sum() / curvature) if curvature > 0 else 1.0
