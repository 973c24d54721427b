"""The classes with fit and predict."""

from skmtl.estimators._multitab import MultiTab, MultiTabClassifier, MultiTabRegressor

__all__ = ["MultiTab", "MultiTabClassifier", "MultiTabRegressor"]
