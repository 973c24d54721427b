"""Impartial multi-task learning, the gradient part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skmtl._storable import storable
from skmtl.balancing._protocols import StatelessGradientBalancer
from skmtl.balancing._solvers import correlations


@storable
@dataclass(frozen=True)
class IMTLG(StatelessGradientBalancer):
    r"""Make the same progress along the gradient of every task.

    .. math:: \Bigl\langle \sum_k \alpha_k g_k, \frac{g_t}{\lVert g_t \rVert} \Bigr\rangle
              = \text{const} > 0 \quad \text{for all } t

    independent of the lengths of the gradients. So none of the tasks gets worse, but some weights
    may be negative. The weights are scaled to a mean absolute value of 1. (In the paper they sum
    to 1, which reverses the step if the sum is negative.)

    References
    ----------
    L. Liu, Y. Li, Z. Kuang, J.-H. Xue, Y. Chen, W. Yang, Q. Liao, W. Zhang, "Towards Impartial
    Multi-task Learning", ICLR 2021, section 3.1.
    """

    def weights(self, gram: np.ndarray) -> np.ndarray:
        cosines, norms = correlations(gram)
        weights = np.linalg.solve(cosines, np.ones(len(gram))) / norms
        return weights / np.abs(weights).mean()
