"""Sharpness-aware multi-task steps."""

from __future__ import annotations

from dataclasses import dataclass

from skmtl._storable import storable
from skmtl.balancing._checks import check_number


@storable
@dataclass(frozen=True)
class SharpnessAware:
    r"""Take each task's gradient at the worst point nearby, so that minima are flat for each task.

    .. math:: d = \sum_t a_t \nabla L_t (\theta + \varepsilon_t), \qquad
              \varepsilon_t = \rho \, \frac{\nabla L_t (\theta)}{\lVert \nabla L_t (\theta) \rVert}

    With ``balance_at="trunk"`` this is a perturbation of the shared parameters :math:`\theta`, as
    published, which takes two passes through the network for each task. With ``"representation"``
    it is a perturbation of the shared representation of the rows, which costs little; its length
    is :math:`\rho` times that of the representation of the rows that have labels of the task.

    Attributes
    ----------
    radius : float, default=0.01
        :math:`\rho`. At the representation 0.05 made small networks clearly worse.

    Notes
    -----
    The paper combines the gradients and the differences to those at :math:`\theta + \varepsilon_t`
    by a gradient balancer; here both are summed. Dropout is drawn again for the second pass.

    References
    ----------
    H. Phan, L. Tran, Q. Tran, N. N. Tran, T. Truong, N. Ho, D. Phung, T. Le, "Improving Multi-task
    Learning via Seeking Task-based Flat Regions", 2022, arXiv:2211.13723.
    """

    radius: float = 0.01

    def __post_init__(self) -> None:
        check_number(self, "radius", 0)
