"""The balancers by name."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from skmtl.balancing._equal import Equal
from skmtl.balancing._famo import FAMO
from skmtl.balancing._pcgrad import PCGrad
from skmtl.balancing._protocols import GradientBalancer, LossBalancer

Balancer = LossBalancer | GradientBalancer | Callable[[Tensor], Tensor]
"""What training takes; a callable maps a matrix (n_tasks, n_params) to (n_params,)."""

BALANCERS: dict[str, Balancer] = {
    "equal": Equal(),
    "famo": FAMO(),
    "pcgrad": PCGrad(),
}
