"""The public estimators, with fit and predict.

Classes are imported on first use: networks need torch, boosting does not.
"""

from typing import TYPE_CHECKING

from skmtl._lazy import lazy_getattr
from skmtl._storable import HOMES

if TYPE_CHECKING:
    from skmtl.estimators.calibrated_tasks import CalibratedTasks
    from skmtl.estimators.faceted_rasch import FacetedRasch
    from skmtl.estimators.grouped import GroupedTasks
    from skmtl.estimators.linear import (
        MultiTaskLinear,
        MultiTaskLinearClassifier,
        MultiTaskLinearRegressor,
    )
    from skmtl.estimators.linear_survival import MultiTaskLinearSurvival
    from skmtl.estimators.multitab import MultiTab, MultiTabClassifier, MultiTabRegressor
    from skmtl.estimators.multitab_survival import MultiTabSurvival
    from skmtl.estimators.rmtgb import RMTGB, RMTGBClassifier, RMTGBRegressor
    from skmtl.estimators.rmtgb_survival import RMTGBSurvival
    from skmtl.estimators.stacked import StackedTasks
    from skmtl.estimators.tuned_thresholds import TunedThresholds

__all__ = [
    "RMTGB",
    "CalibratedTasks",
    "FacetedRasch",
    "GroupedTasks",
    "MultiTab",
    "MultiTabClassifier",
    "MultiTabRegressor",
    "MultiTabSurvival",
    "MultiTaskLinear",
    "MultiTaskLinearClassifier",
    "MultiTaskLinearRegressor",
    "MultiTaskLinearSurvival",
    "RMTGBClassifier",
    "RMTGBRegressor",
    "RMTGBSurvival",
    "StackedTasks",
    "TunedThresholds",
]

__getattr__ = lazy_getattr(__name__, HOMES)
