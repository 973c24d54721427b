"""Multi-task learning as a bargaining game."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skmtl._storable import storable
from skmtl.balancing._protocols import StatelessGradientBalancer
from skmtl.balancing._solvers import correlations

_MOST_STEPS = 200


@storable
@dataclass(frozen=True)
class NashMTL(StatelessGradientBalancer):
    r"""The Nash bargaining solution: the step with the largest product of the tasks' gains.

    Among steps of the same length, :math:`\prod_t \langle g_t, d \rangle` is largest for
    :math:`d = \sum_t \alpha_t g_t` with

    .. math:: G \alpha = 1 / \alpha, \qquad \alpha > 0

    where G is the matrix of products of the gradients. Every task has the same relative gain: the
    direction does not depend on the scales of the losses. The length of the step is that of the
    sum of orthogonal gradients of equal lengths.

    Notes
    -----
    The equation says that :math:`\tfrac12 \alpha^\top G \alpha - \sum_t \log \alpha_t` is
    minimal. This is convex and self-concordant, so damped Newton steps reach the minimum from any
    start; the published code solves a sequence of convex programs instead. If the gradients are
    dependent and cancel, a solution does not exist, so a ten millionth is added to their cosines.

    References
    ----------
    A. Navon, A. Shamsian, I. Achituve, H. Maron, K. Kawaguchi, G. Chechik, E. Fetaya, "Multi-Task
    Learning as a Bargaining Game", ICML 2022, arXiv:2202.01017, section 3.
    """

    def weights(self, gram: np.ndarray) -> np.ndarray:
        cosines, norms = correlations(gram)
        return _solution(cosines) / norms


def _solution(cosines: np.ndarray) -> np.ndarray:
    """The positive x with cosines @ x = 1 / x."""
    x = np.ones(len(cosines))
    for _ in range(_MOST_STEPS):
        slope = cosines @ x - 1 / x
        step = -np.linalg.solve(cosines + np.diag(x**-2), slope)
        decrement = max(float(-slope @ step), 0.0) ** 0.5
        # Take full steps only where they are guaranteed to stay in the domain and to converge.
        x = x + step / (1.0 if decrement < 0.25 else 1 + decrement)
        if decrement < 1e-10:
            break
    return x
