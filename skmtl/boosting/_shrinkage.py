"""Newton steps of tasks, shrunk towards zero by empirical Bayes."""

from __future__ import annotations

import numpy as np


def shrunk_steps(gradient: np.ndarray, hessian: np.ndarray, dispersion: float) -> np.ndarray:
    r"""Return the Newton step of each task as a best linear prediction of a random effect.

    The step of task t, :math:`u_t = -G_t / H_t`, has variance :math:`\phi / H_t` around its true
    value, which has variance :math:`\tau^2` between tasks. :math:`\tau^2` is estimated by the
    method of moments, and every step is multiplied by :math:`\tau^2 / (\tau^2 + \phi / H_t)`. The
    step of a task with few rows is near zero, and so are all steps if tasks do not differ by more
    than chance.

    Parameters
    ----------
    gradient, hessian : ndarray of shape (n_tasks, k)
        Sums over the entries of each task; the Hessian is zero for a task without entries.
    dispersion : float
        :math:`\phi`, the ratio of the variance of an entry's weighted gradient to its weighted
        Hessian.

    Returns
    -------
    ndarray of shape (n_tasks, k)
    """
    prior = hessian * variance_between(gradient, hessian, dispersion)
    trust = np.divide(prior, prior + dispersion, out=np.zeros_like(prior), where=prior > 0)
    return trust * _newton_steps(gradient, hessian)


def variance_between(gradient: np.ndarray, hessian: np.ndarray, dispersion: float) -> np.ndarray:
    r"""Return the variance :math:`\tau^2` between tasks, (k,); see `shrunk_steps`."""
    total = hessian.sum(axis=0)
    squares = (hessian * _newton_steps(gradient, hessian) ** 2).sum(axis=0)
    # E[squares] = sum H (tau^2 + phi / H)
    between = np.maximum(squares - dispersion * (hessian > 0).sum(axis=0), 0.0)
    return np.divide(between, total, out=np.zeros_like(total), where=total > 0)


def _newton_steps(gradient: np.ndarray, hessian: np.ndarray) -> np.ndarray:
    return np.divide(-gradient, hessian, out=np.zeros_like(gradient), where=hessian > 0)


def dispersion(gradient: np.ndarray, hessian: np.ndarray, weight: np.ndarray) -> float:
    """Return the ratio of the variance of weighted gradients to their Hessian.

    It is proportional to the weights, like the Hessian, so that the unit of weights has no effect.
    """
    weight = weight[:, None]
    curvature = (weight * hessian).sum()
    return float(((weight * gradient) ** 2).sum() / curvature) if curvature > 0 else 1.0
