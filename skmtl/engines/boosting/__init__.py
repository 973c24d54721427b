"""Boosting in blocks as an engine, on one machine or several workers.

`BoostingEngine` fits the models of `skmtl.boosting`. Nothing here imports torch.
"""

from skmtl.engines.boosting._engine import BoostingEngine
from skmtl.engines.boosting._fitted import FittedBoosting, place_scores
from skmtl.engines.boosting._lightgbm_parameters import (
    check_blocks,
    check_constraints_of_blocks,
    check_lightgbm_params,
    constraint_signs,
)
from skmtl.engines.boosting._rmtgb_settings import ByBlock, RMTGBSettings
from skmtl.engines.boosting._rows import BoostingRows
from skmtl.engines.boosting._spread_growth import (
    Entries,
    PoolPart,
    grow_shared,
    grow_tasks,
    join_parts,
    shares,
)
from skmtl.engines.boosting._spread_plan import SpreadPlan, make_plan, read_rows
from skmtl.engines.boosting._warnings import warn_of_rounds

__all__ = [
    "BoostingEngine",
    "BoostingRows",
    "ByBlock",
    "Entries",
    "FittedBoosting",
    "PoolPart",
    "RMTGBSettings",
    "SpreadPlan",
    "check_blocks",
    "check_constraints_of_blocks",
    "check_lightgbm_params",
    "constraint_signs",
    "grow_shared",
    "grow_tasks",
    "join_parts",
    "make_plan",
    "place_scores",
    "read_rows",
    "shares",
    "warn_of_rounds",
]
