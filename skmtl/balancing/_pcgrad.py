"""Gradient surgery."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skmtl._storable import storable
from skmtl.balancing._protocols import GradientBalancer, GramWeights


@storable
@dataclass(frozen=True)
class PCGrad(GradientBalancer):
    r"""No task's gradient goes against another's: conflicting parts are projected away.

    Each gradient :math:`g_i` goes through the other tasks in random order. Where it conflicts,

    .. math:: \langle g_i, g_j \rangle < 0: \qquad
              g_i \leftarrow g_i - \frac{\langle g_i, g_j \rangle}{\lVert g_j \rVert^2}\, g_j,

    with the other's gradient as it was. The step is the sum of the results, so without conflict
    it is that of equal weights.

    References
    ----------
    T. Yu, S. Kumar, A. Gupta, S. Levine, K. Hausman, C. Finn, "Gradient Surgery for Multi-Task
    Learning", NeurIPS 2020, arXiv:2001.06782.
    """

    def start(self, n_tasks: int, rng: np.random.Generator) -> GramWeights:
        return lambda gram, tasks: _projected(gram, rng).sum(axis=0)


def _projected(gram: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The changed gradients in terms of those given, one in each row.

    All of them take their k-th projection at once: each has an order of its own.
    """
    n_tasks = len(gram)
    turned = np.arange(n_tasks)
    mixed = np.eye(n_tasks)
    for others in rng.permuted(np.tile(turned, (n_tasks, 1)), axis=1).T:
        products = (mixed * gram[others]).sum(axis=1)
        conflicts = (products < 0) & (others != turned)
        mixed[turned, others] -= np.where(conflicts, products / gram[others, others], 0.0)
    return mixed
