"""Independent component alignment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skmtl._storable import storable
from skmtl.balancing._protocols import StatelessGradientBalancer

_DEPENDENT = 1e-6
"""Eigenvalues below this share of the largest are rounding errors of products in float32."""


@storable
@dataclass(frozen=True)
class AlignedMTL(StatelessGradientBalancer):
    r"""Change gradients as little as possible to make them orthogonal and equally long.

    With the eigenvalues and eigenvectors :math:`\lambda, V` of the products of the gradients,

    .. math:: w = \sqrt{\lambda_\text{min}} \, V \Lambda^{-1/2} V^\top 1

    without eigenvalues of zero. The step is the sum of the aligned gradients, each of the length
    :math:`\sqrt{\lambda_\text{min}}` if they are independent: small where they nearly depend on
    each other.

    References
    ----------
    D. Senushkin, N. Patakin, A. Kuznetsov, A. Konushin, "Independent Component Alignment for
    Multi-Task Learning", CVPR 2023, arXiv:2305.19000, algorithm 1.
    """

    def weights(self, gram: np.ndarray) -> np.ndarray:
        values, axes = np.linalg.eigh(gram)
        nonzero = values > _DEPENDENT * values[-1]
        values, axes = values[nonzero], axes[:, nonzero]
        return axes @ (np.sqrt(values[0] / values) * axes.sum(axis=0))
