"""Multiple gradient descent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skmtl._storable import storable
from skmtl.balancing._protocols import StatelessGradientBalancer
from skmtl.balancing._solvers import nearest_to_zero, vectors_of


@storable
@dataclass(frozen=True)
class MGDA(StatelessGradientBalancer):
    r"""The shortest weighted mean of the gradients, which does not conflict with any of them.

    .. math:: \min_w \Bigl\lVert \sum_t w_t g_t \Bigr\rVert^2, \qquad
              w_t \geq 0, \quad \sum_t w_t = 1

    Small gradients get most of the weight. If the minimum is 0, there is no step that helps all
    tasks. At the representation this is the upper bound MGDA-UB of the paper. The problem is
    solved exactly, and the weights are scaled to a mean of 1.

    References
    ----------
    J.-A. Désidéri, "Multiple-gradient descent algorithm (MGDA) for multiobjective optimization",
    Comptes Rendus Mathématique 350 (2012), 313-318.

    O. Sener, V. Koltun, "Multi-Task Learning as Multi-Objective Optimization", NeurIPS 2018,
    arXiv:1810.04650.
    """

    def weights(self, gram: np.ndarray) -> np.ndarray:
        return len(gram) * nearest_to_zero(vectors_of(gram))
