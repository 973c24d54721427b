"""The balancers by name."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from skmtl.balancing._dynamic_weight_average import DynamicWeightAverage
from skmtl.balancing._equal import Equal
from skmtl.balancing._famo import FAMO
from skmtl.balancing._geometric_mean import GeometricMean
from skmtl.balancing._pcgrad import PCGrad
from skmtl.balancing._protocols import GradientBalancer, LossBalancer
from skmtl.balancing._random import RandomWeights
from skmtl.balancing._smooth_tchebycheff import SmoothTchebycheff
from skmtl.balancing._uncertainty import Uncertainty

Balancer = LossBalancer | GradientBalancer | Callable[[Tensor], Tensor]
"""What training takes; a callable maps a matrix (n_tasks, n_params) to (n_params,)."""

BALANCERS: dict[str, Balancer] = {
    "equal": Equal(),
    "uncertainty": Uncertainty(),
    "dwa": DynamicWeightAverage(),
    "geometric_mean": GeometricMean(),
    "random": RandomWeights(),
    "smooth_tchebycheff": SmoothTchebycheff(),
    "famo": FAMO(),
    "pcgrad": PCGrad(),
}
