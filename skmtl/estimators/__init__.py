"""The classes with fit and predict."""

from skmtl.estimators._multitab import MultiTab, MultiTabClassifier, MultiTabRegressor
from skmtl.estimators._multitab_survival import MultiTabSurvival
from skmtl.estimators._rmtgb import RMTGB, RMTGBClassifier, RMTGBRegressor

__all__ = [
    "RMTGB",
    "MultiTab",
    "MultiTabClassifier",
    "MultiTabRegressor",
    "MultiTabSurvival",
    "RMTGBClassifier",
    "RMTGBRegressor",
]
