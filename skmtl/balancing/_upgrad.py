"""Unconflicting projection of gradients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skmtl._storable import storable
from skmtl.balancing._protocols import StatelessGradientBalancer
from skmtl.balancing._solvers import least_squares, vectors_of


@storable
@dataclass(frozen=True)
class UPGrad(StatelessGradientBalancer):
    r"""Change each gradient as little as possible so that it harms none of the tasks; add them up.

    .. math:: d = \sum_t \pi(g_t), \qquad
              \pi(g) = \arg\min_p \lVert p - g \rVert^2
              \text{ with } \langle g_k, p \rangle \geq 0 \text{ for all } k

    Unlike with `PCGrad`, there are no conflicts left, and the order of the tasks does not matter.
    The projection is :math:`\pi(g_t) = g_t + \sum_k u_k g_k` for the :math:`u \geq 0` with the
    smallest norm of the result.

    Notes
    -----
    ``torchjd.aggregation.UPGrad``, from the authors, takes the mean instead of the sum and
    regularises slightly. Its solver, quadprog, is under the GPL; here scipy's bounded least
    squares is used.

    References
    ----------
    P. Quinton, V. Rey, "Jacobian Descent for Multi-Objective Optimization", 2024,
    arXiv:2406.16232, section 3.
    """

    def weights(self, gram: np.ndarray) -> np.ndarray:
        vectors = vectors_of(gram)
        weights = np.ones(len(gram))
        for task in np.flatnonzero((gram < 0).any(axis=1)):
            weights += least_squares(vectors, -vectors[:, task])
        return weights
