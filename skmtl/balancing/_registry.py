"""The balancers by name."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from skmtl.balancing._aligned_mtl import AlignedMTL
from skmtl.balancing._cagrad import CAGrad
from skmtl.balancing._dynamic_weight_average import DynamicWeightAverage
from skmtl.balancing._equal import Equal
from skmtl.balancing._famo import FAMO
from skmtl.balancing._geometric_mean import GeometricMean
from skmtl.balancing._gradvac import GradVac
from skmtl.balancing._imtl_g import IMTLG
from skmtl.balancing._mgda import MGDA
from skmtl.balancing._nash_mtl import NashMTL
from skmtl.balancing._pcgrad import PCGrad
from skmtl.balancing._protocols import GradientBalancer, LossBalancer, SaliencyPenalty
from skmtl.balancing._random import RandomWeights
from skmtl.balancing._rep_mtl import RepMTL
from skmtl.balancing._sharpness_aware import SharpnessAware
from skmtl.balancing._smooth_tchebycheff import SmoothTchebycheff
from skmtl.balancing._uncertainty import Uncertainty
from skmtl.balancing._upgrad import UPGrad

Balancer = (
    LossBalancer | GradientBalancer | SaliencyPenalty | SharpnessAware | Callable[[Tensor], Tensor]
)
"""Types of balancers; a callable maps a matrix (n_tasks, n_params) to (n_params,)."""

BALANCERS: dict[str, Balancer] = {
    "equal": Equal(),
    "uncertainty": Uncertainty(),
    "dwa": DynamicWeightAverage(),
    "geometric_mean": GeometricMean(),
    "random": RandomWeights(),
    "smooth_tchebycheff": SmoothTchebycheff(),
    "famo": FAMO(),
    "pcgrad": PCGrad(),
    "gradvac": GradVac(),
    "upgrad": UPGrad(),
    "cagrad": CAGrad(),
    "mgda": MGDA(),
    "imtl_g": IMTLG(),
    "aligned_mtl": AlignedMTL(),
    "nash_mtl": NashMTL(),
    "rep_mtl": RepMTL(),
    "sharpness_aware": SharpnessAware(),
}
