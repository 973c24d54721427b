"""The estimators of skmtl, and the constant that all models should beat."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks._survival._peer import Incidences, Labels
from skmtl import MultiTabSurvival, MultiTaskLinearSurvival, RMTGBSurvival, StackedTasks
from skmtl.survival import aalen_johansen


class Ours:
    """An estimator of skmtl, which reads tables unchanged."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, X: pd.DataFrame, y: Labels) -> None:
        self.model.fit(X, y)

    def incidences(self, X: pd.DataFrame, times: np.ndarray) -> Incidences:
        return self.model.predict_cumulative_incidence(X, times)

    def risks(self, X: pd.DataFrame) -> dict[int, np.ndarray]:
        risk = self.model.predict(X)
        if isinstance(risk, np.ndarray):
            return {1: risk}
        return {cause: risk[cause].to_numpy() for cause in risk}


def multitab() -> Ours:
    return Ours(MultiTabSurvival(random_state=0))


def rmtgb() -> Ours:
    return Ours(RMTGBSurvival(random_state=0))


def linear() -> Ours:
    return Ours(MultiTaskLinearSurvival(random_state=0))


def stacked() -> Ours:
    return Ours(StackedTasks(estimators="survival", random_state=0))


class Constant:
    """Kaplan-Meier, or Aalen-Johansen."""

    def fit(self, X: pd.DataFrame, y: Labels) -> None:
        self.curves = aalen_johansen(y)

    def incidences(self, X: pd.DataFrame, times: np.ndarray) -> Incidences:
        return {k: np.tile(curve(times), (len(X), 1)) for k, curve in self.curves.items()}

    def risks(self, X: pd.DataFrame) -> dict[int, np.ndarray]:
        return {k: np.zeros(len(X)) for k in self.curves}
