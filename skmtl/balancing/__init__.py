"""Balancing: how the tasks' losses or gradients are combined into one step.

The parameter `balance` of the network estimators takes the name of a method, which then has its
published settings, or an object of this package. *Loss weightings* cost next to nothing, except
for FAMO, which computes the losses again after each step:

================================================  ================================================
`Equal`, "equal"                                  every loss counts the same
`FixedWeights`                                    weights that you set; also a mapping or sequence
`Uncertainty`, "uncertainty"                      a loss that stays large counts less
`DynamicWeightAverage`, "dwa"                     a loss that falls slowly counts more
`GeometricMean`, "geometric_mean"                 the product of the losses falls
`SmoothTchebycheff`, "smooth_tchebycheff"         the worst loss, relative to its start, falls
`FAMO`, "famo"                                    all losses fall at about the same rate
`RandomWeights`, "random"                         random weights in every step: a baseline
================================================  ================================================

*Gradient balancers* compare the tasks' gradients, by default at the shared representation, where
they are cheap to compute:

================================================  ================================================
`PCGrad`, "pcgrad"                                conflicting parts are projected away, in pairs
`GradVac`, "gradvac"                              gradients become as similar as they usually are
`UPGrad`, "upgrad"                                what conflicts with any task is projected away
`CAGrad`, "cagrad"                                near the mean, the best for the worst-off task
`MGDA`, "mgda"                                    the shortest mean, which harms no task
`IMTLG`, "imtl_g"                                 the same progress along each gradient
`AlignedMTL`, "aligned_mtl"                       gradients become orthogonal and equally long
`NashMTL`, "nash_mtl"                             the largest product of the tasks' gains
================================================  ================================================

Others change what is learnt:

================================================  ================================================
`RepMTL`, "rep_mtl"                               tasks use different parts of the representation
`SharpnessAware`, "sharpness_aware"               minima are flat for each task
================================================  ================================================

Any callable that maps a matrix with a gradient in each row, (n_tasks, n_params), to one gradient,
(n_params,), is a balancer as well, so those of ``torchjd.aggregation`` are (extra `mtl`). The
matrix only has rows for tasks that have a label in the batch: a callable that identifies tasks by
their row, or assumes their number, needs batches in which every task has labels. The result must
be finite. For an aggregator that weights gradients by their products, only its weighting is
called.

A balancer is a frozen set of parameters, which can be compared, cloned and pickled. What it learns
during training is kept in a state that `start` creates for each fit.

Examples
--------
>>> import torch
>>> from skmtl.balancing import PCGrad
>>> conflict = torch.tensor([[1.0, 0.0], [-1.0, 1.0]])
>>> PCGrad()(conflict)  # (1, 0) loses half of (1, -1), and (-1, 1) loses (-1, 0)
tensor([0.5000, 1.5000])
"""

from skmtl.balancing._aligned_mtl import AlignedMTL
from skmtl.balancing._cagrad import CAGrad
from skmtl.balancing._dynamic_weight_average import DynamicWeightAverage
from skmtl.balancing._equal import Equal, FixedWeights
from skmtl.balancing._famo import FAMO
from skmtl.balancing._geometric_mean import GeometricMean
from skmtl.balancing._gradvac import GradVac
from skmtl.balancing._imtl_g import IMTLG
from skmtl.balancing._mgda import MGDA
from skmtl.balancing._nash_mtl import NashMTL
from skmtl.balancing._pcgrad import PCGrad
from skmtl.balancing._protocols import (
    GradientBalancer,
    LossBalancer,
    LossWeights,
    SaliencyPenalty,
    StatelessGradientBalancer,
    row_weights,
)
from skmtl.balancing._random import RandomWeights
from skmtl.balancing._registry import BALANCERS, Balancer
from skmtl.balancing._rep_mtl import RepMTL
from skmtl.balancing._sharpness_aware import SharpnessAware
from skmtl.balancing._smooth_tchebycheff import SmoothTchebycheff
from skmtl.balancing._uncertainty import Uncertainty
from skmtl.balancing._upgrad import UPGrad

__all__ = [
    "BALANCERS",
    "FAMO",
    "IMTLG",
    "MGDA",
    "AlignedMTL",
    "Balancer",
    "CAGrad",
    "DynamicWeightAverage",
    "Equal",
    "FixedWeights",
    "GeometricMean",
    "GradVac",
    "GradientBalancer",
    "LossBalancer",
    "LossWeights",
    "NashMTL",
    "PCGrad",
    "RandomWeights",
    "RepMTL",
    "SaliencyPenalty",
    "SharpnessAware",
    "SmoothTchebycheff",
    "StatelessGradientBalancer",
    "UPGrad",
    "Uncertainty",
    "row_weights",
]
