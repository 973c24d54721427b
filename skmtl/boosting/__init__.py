"""Robust multi-task gradient boosting on LightGBM: blocks of trees, one after the other.

The raw scores of a task are a constant plus the outputs of blocks, most of which are blocks of
trees. Each block is fitted to the residuals of the previous ones.

============  ==================================================================================
"linear"      a linear function of the features for each task, or for all tasks of long data
"shared"      trees on the pooled rows of all tasks
"signature"   as "shared", with extra features that describe how the row's task differs
"partition"   two ensembles, for outlier and for ordinary tasks, mixed by a share of each task
"task"        trees on the rows of each task alone
============  ==================================================================================

Losses, gradients and Hessians come from the kinds of `skmtl.tasks` and are computed in numpy, so
that a new kind needs no change here, and this package does not need torch. The entry point is
`fit_pool`, which the estimators `skmtl.RMTGB*` call. It returns a `BoostedPool` with fitted blocks
(`LinearFunctions`, `SharedTrees`, `PartitionTrees`, `TaskTrees`). `fit_plain` is LightGBM for one
task with a built-in objective, as a baseline.
"""

from skmtl.boosting._block import FittedBlock
from skmtl.boosting._columns import FURTHEST
from skmtl.boosting._ensemble import Trees, binned
from skmtl.boosting._fit import Split, fit_pool
from skmtl.boosting._growth import grow_blocks, held_out_loss
from skmtl.boosting._intercept import intercepts
from skmtl.boosting._linear import MOST_AXES, LinearFunctions
from skmtl.boosting._many_tasks import has_many_tasks
from skmtl.boosting._model import BoostedPool, FittedSequence, theta_of
from skmtl.boosting._options import (
    BLOCKS,
    LONG_SEQUENCES,
    MANY_TARGETS,
    SEQUENCES,
    TREE_BLOCKS,
    WIDE_SEQUENCES,
    BoostingOptions,
    Features,
)
from skmtl.boosting._partition import PartitionTrees
from skmtl.boosting._plain import fit_plain
from skmtl.boosting._pool import Fold, Pool, Segment
from skmtl.boosting._pools import TargetPool, long_pools, wide_pools
from skmtl.boosting._rounds import Switch
from skmtl.boosting._shared import SharedTrees
from skmtl.boosting._spread import SpreadFeatures, WorkerNetwork, binned_like
from skmtl.boosting._task import TaskTrees

__all__ = [
    "BLOCKS",
    "FURTHEST",
    "LONG_SEQUENCES",
    "MANY_TARGETS",
    "MOST_AXES",
    "SEQUENCES",
    "TREE_BLOCKS",
    "WIDE_SEQUENCES",
    "BoostedPool",
    "BoostingOptions",
    "Features",
    "FittedBlock",
    "FittedSequence",
    "Fold",
    "LinearFunctions",
    "PartitionTrees",
    "Pool",
    "Segment",
    "SharedTrees",
    "Split",
    "SpreadFeatures",
    "Switch",
    "TargetPool",
    "TaskTrees",
    "Trees",
    "WorkerNetwork",
    "binned",
    "binned_like",
    "fit_plain",
    "fit_pool",
    "grow_blocks",
    "has_many_tasks",
    "held_out_loss",
    "intercepts",
    "long_pools",
    "theta_of",
    "wide_pools",
]
