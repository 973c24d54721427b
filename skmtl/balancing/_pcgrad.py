"""Gradient surgery."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skmtl._storable import storable
from skmtl.balancing._protocols import GradientBalancer, GramWeights


@storable
@dataclass(frozen=True)
class PCGrad(GradientBalancer):
    r"""Project away the parts of gradients that conflict with other tasks.

    Each gradient :math:`g_i` is compared with those of the other tasks in random order. If it
    conflicts,

    .. math:: \langle g_i, g_j \rangle < 0: \qquad
              g_i \leftarrow g_i - \frac{\langle g_i, g_j \rangle}{\lVert g_j \rVert^2}\, g_j,

    with the original gradient of the other task. The step is the sum of the results, so without
    conflicts it is that of equal weights.

    References
    ----------
    T. Yu, S. Kumar, A. Gupta, S. Levine, K. Hausman, C. Finn, "Gradient Surgery for Multi-Task
    Learning", NeurIPS 2020, arXiv:2001.06782.
    """

    def start(self, n_tasks: int, rng: np.random.Generator) -> GramWeights:
        return lambda gram, tasks: _projected(gram, rng).sum(axis=0)


def _projected(gram: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Coefficients of the changed gradients, one in each row.

    The k-th projections of all gradients are done at the same time; each has its own order.
    """
    n_tasks = len(gram)
    turned = np.arange(n_tasks)
    mixed = np.eye(n_tasks)
    for others in rng.permuted(np.tile(turned, (n_tasks, 1)), axis=1).T:
        products = (mixed * gram[others]).sum(axis=1)
        conflicts = (products < 0) & (others != turned)
        mixed[turned, others] -= np.where(conflicts, products / gram[others, others], 0.0)
    return mixed
