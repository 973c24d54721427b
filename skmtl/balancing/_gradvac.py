"""Gradient vaccine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skmtl._storable import storable
from skmtl.balancing._checks import check_number
from skmtl.balancing._protocols import GradientBalancer, GramWeights

_MOST_ALIKE = 1 - 1e-4


@storable
@dataclass(frozen=True)
class GradVac(GradientBalancer):
    r"""Turn gradients towards each other until they are as similar as they usually are.

    Each gradient :math:`g_i` is compared with those of the other tasks in random order. If its
    cosine :math:`\phi` with :math:`g_j` is less than a running mean :math:`\hat\phi_{ij}` of such
    cosines,

    .. math:: g_i \leftarrow g_i + \frac{\lVert g_i \rVert
              (\hat\phi \sqrt{1 - \phi^2} - \phi \sqrt{1 - \hat\phi^2})}
              {\lVert g_j \rVert \sqrt{1 - \hat\phi^2}} \, g_j, \qquad
              \hat\phi \leftarrow (1 - \beta) \hat\phi + \beta \phi

    which has that cosine. The mean starts at 0, where this is `PCGrad`. The step is the sum
    of the results.

    Attributes
    ----------
    decay : float, default=0.01
        :math:`\beta`, as published: the mean is over about the last hundred steps.

    References
    ----------
    Z. Wang, Y. Tsvetkov, O. Firat, Y. Cao, "Gradient Vaccine: Investigating and Improving
    Multi-task Optimization in Massively Multilingual Models", ICLR 2021, arXiv:2010.05874,
    algorithm 1.
    """

    decay: float = 0.01

    def __post_init__(self) -> None:
        check_number(self, "decay", 0, 1)

    def start(self, n_tasks: int, rng: np.random.Generator) -> GramWeights:
        usual = np.zeros((n_tasks, n_tasks))

        def weights(gram: np.ndarray, tasks: np.ndarray) -> np.ndarray:
            present = np.ix_(tasks, tasks)
            mixed, usual[present] = _turned(gram, usual[present], self.decay, rng)
            return mixed.sum(axis=0)

        return weights


def _turned(
    gram: np.ndarray, usual: np.ndarray, decay: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of the changed gradients, one in each row, and the new mean cosines.

    The k-th changes of all gradients are done at the same time; each has its own order.
    """
    n_tasks = len(gram)
    turned = np.arange(n_tasks)
    norms = np.sqrt(gram.diagonal())
    mixed, products = np.eye(n_tasks), gram.copy()
    squares = gram.diagonal().copy()  # squared lengths of the changed gradients
    for others in rng.permuted(np.tile(turned, (n_tasks, 1)), axis=1).T:
        length, length_of_other = np.sqrt(squares.clip(1e-30)), norms[others]
        cosine = (products[turned, others] / (length * length_of_other)).clip(-1, 1)
        # At most nearly parallel, because adding a multiple cannot make gradients exactly
        # parallel.
        wanted = usual[turned, others].clip(-_MOST_ALIKE, _MOST_ALIKE)
        sine, sine_wanted = np.sqrt(1 - cosine**2), np.sqrt(1 - wanted**2)
        share = length * (wanted * sine - cosine * sine_wanted) / (length_of_other * sine_wanted)
        share = np.where((cosine < wanted) & (others != turned), share, 0.0)
        squares += share * (2 * products[turned, others] + share * gram[others, others])
        mixed[turned, others] += share
        products += share[:, None] * gram[others]
        usual[turned, others] += decay * np.where(
            others != turned, cosine - usual[turned, others], 0.0
        )
    return mixed, usual
