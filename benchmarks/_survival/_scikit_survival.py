"""scikit-survival: Cox ridge regression, random survival forest, gradient boosting."""

from __future__ import annotations

from typing import Any

import numpy as np
from sksurv.ensemble import GradientBoostingSurvivalAnalysis, RandomSurvivalForest
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.util import Surv

from benchmarks._survival._peer import CauseByCause


class ScikitSurvival:
    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, features: np.ndarray, event: np.ndarray, time: np.ndarray) -> None:
        self.model.fit(features, Surv.from_arrays(event, time))

    def survival(self, features: np.ndarray, times: np.ndarray) -> np.ndarray:
        curves = self.model.predict_survival_function(features)
        inside = np.clip(times, *curves[0].domain)
        return np.stack([curve(inside) for curve in curves])

    def risk(self, features: np.ndarray) -> np.ndarray:
        return self.model.predict(features)


def cox() -> CauseByCause:
    return CauseByCause(lambda: ScikitSurvival(CoxPHSurvivalAnalysis(alpha=0.1)))


def forest() -> CauseByCause:
    # Leaves of 15 as in scikit-survival's own guide; its default of 3 rows is slower by far.
    return CauseByCause(
        lambda: ScikitSurvival(RandomSurvivalForest(100, min_samples_leaf=15, random_state=0))
    )


def boosting() -> CauseByCause:
    return CauseByCause(lambda: ScikitSurvival(GradientBoostingSurvivalAnalysis(random_state=0)))
