"""The classes with fit and predict."""

from skmtl.estimators._multitab import MultiTab, MultiTabClassifier, MultiTabRegressor
from skmtl.estimators._multitab_survival import MultiTabSurvival

__all__ = ["MultiTab", "MultiTabClassifier", "MultiTabRegressor", "MultiTabSurvival"]
