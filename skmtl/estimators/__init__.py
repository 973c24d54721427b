"""The classes with fit and predict."""

from skmtl.estimators._grouped import GroupedTasks
from skmtl.estimators._multitab import MultiTab, MultiTabClassifier, MultiTabRegressor
from skmtl.estimators._multitab_survival import MultiTabSurvival
from skmtl.estimators._rmtgb import RMTGB, RMTGBClassifier, RMTGBRegressor
from skmtl.estimators._rmtgb_survival import RMTGBSurvival
from skmtl.estimators._saving import load

__all__ = [
    "RMTGB",
    "GroupedTasks",
    "MultiTab",
    "MultiTabClassifier",
    "MultiTabRegressor",
    "MultiTabSurvival",
    "RMTGBClassifier",
    "RMTGBRegressor",
    "RMTGBSurvival",
    "load",
]
