"""Conflict-averse gradient descent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from skmtl._storable import storable
from skmtl.balancing._checks import check_number
from skmtl.balancing._protocols import StatelessGradientBalancer
from skmtl.balancing._solvers import nearest_to_zero, vectors_of


@storable
@dataclass(frozen=True)
class CAGrad(StatelessGradientBalancer):
    r"""The step near the mean gradient that is best for the worst-off task.

    With the mean :math:`g_0`,

    .. math:: \max_d \min_t \langle g_t, d \rangle, \qquad
              \lVert d - g_0 \rVert \leq c \, \lVert g_0 \rVert

    whose solution is :math:`d = g_0 + c \lVert g_0 \rVert g_w / \lVert g_w \rVert` for the
    weighted mean :math:`g_w` that minimises
    :math:`\langle g_w, g_0 \rangle + c \lVert g_0 \rVert \lVert g_w \rVert`. The step is
    :math:`T / (1 + c)` times d, for T tasks: if all gradients are equal, the step is their sum.

    Attributes
    ----------
    c : float, default=0.5
        Maximum distance from the mean divided by the length of the mean. With 1 or more none of
        the tasks gets worse; below 1, the mean of the losses still falls. 0.4 to 0.5 in the paper.

    Notes
    -----
    With :math:`\kappa = \lVert g_w \rVert / (c \lVert g_0 \rVert)` the solution is the point
    nearest to the origin in the convex hull of the :math:`g_t + \kappa g_0`. So a search over one
    number remains, and the rest is the problem of `MGDA`. The published code divides the step by
    1, by :math:`1 + c^2` or by :math:`1 + c`.

    References
    ----------
    B. Liu, X. Liu, X. Jin, P. Stone, Q. Liu, "Conflict-Averse Gradient Descent for Multi-task
    Learning", NeurIPS 2021, arXiv:2110.14048, equations 3 and 4.
    """

    c: float = 0.5

    def __post_init__(self) -> None:
        check_number(self, "c", 0)

    def weights(self, gram: np.ndarray) -> np.ndarray:
        vectors = vectors_of(gram)
        mean = vectors.mean(axis=1)
        radius = self.c * float(np.linalg.norm(mean))
        if radius == 0:
            return np.ones(len(gram))

        def point(kappa: float) -> np.ndarray:
            return nearest_to_zero(vectors + kappa * mean[:, None])

        def excess(kappa: float) -> float:
            return float(np.linalg.norm(vectors @ point(kappa))) - radius * kappa

        high = 2 * float(np.linalg.norm(vectors, axis=0).max()) / radius
        # Below this value, in theory 0, the solution lies inside the ball.
        low = 1e-5 * high
        kappa = brentq(excess, low, high, xtol=1e-6 * low, rtol=1e-6) if excess(low) > 0 else low
        return (1 + len(gram) * point(kappa) / kappa) / (1 + self.c)
