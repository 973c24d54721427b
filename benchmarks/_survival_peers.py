"""Survival models behind one face: fit, risks and incidences of each cause."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Protocol

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl import MultiTabSurvival
from skmtl.survival import aalen_johansen

Labels = dict[str, np.ndarray]
# Incidences of shape (n_samples, n_times) by cause.
Incidences = dict[int, np.ndarray]


class Peer(Protocol):
    def fit(self, X: pd.DataFrame, y: Labels) -> None: ...

    def incidences(self, X: pd.DataFrame, times: np.ndarray) -> Incidences: ...

    def risks(self, X: pd.DataFrame) -> dict[int, np.ndarray]: ...


class MultiTabPeer:
    def __init__(self) -> None:
        self.model = MultiTabSurvival(random_state=0)

    def fit(self, X: pd.DataFrame, y: Labels) -> None:
        self.model.fit(X, y)

    def incidences(self, X: pd.DataFrame, times: np.ndarray) -> Incidences:
        return self.model.predict_cumulative_incidence(X, times)

    def risks(self, X: pd.DataFrame) -> dict[int, np.ndarray]:
        risk = self.model.predict(X)
        if isinstance(risk, np.ndarray):
            return {1: risk}
        return {cause: risk[cause].to_numpy() for cause in risk}


class Constant:
    """Kaplan-Meier, or Aalen-Johansen."""

    def fit(self, X: pd.DataFrame, y: Labels) -> None:
        self.curves = aalen_johansen(y)

    def incidences(self, X: pd.DataFrame, times: np.ndarray) -> Incidences:
        return {k: np.tile(curve(times), (len(X), 1)) for k, curve in self.curves.items()}

    def risks(self, X: pd.DataFrame) -> dict[int, np.ndarray]:
        return {k: np.zeros(len(X)) for k in self.curves}


class ScikitSurvival:
    """One model of scikit-survival per cause, the other causes taken for censoring."""

    def __init__(self, make: Callable[[], object]) -> None:
        self.make = make

    def fit(self, X: pd.DataFrame, y: Labels) -> None:
        from sksurv.util import Surv

        self.prepare = make_pipeline(SimpleImputer(strategy="median"), StandardScaler()).fit(X)
        self.models = {}
        for cause in range(1, y["event"].max() + 1):
            labels = Surv.from_arrays(y["event"] == cause, np.maximum(y["duration"], 1e-9))
            self.models[cause] = self.make().fit(self.prepare.transform(X), labels)

    def incidences(self, X: pd.DataFrame, times: np.ndarray) -> Incidences:
        features = self.prepare.transform(X)
        by_cause = {}
        for cause, model in self.models.items():
            curves = model.predict_survival_function(features)
            domain = curves[0].domain
            inside = np.clip(times, *domain)
            by_cause[cause] = 1 - np.stack([curve(inside) for curve in curves])
        return by_cause if len(by_cause) == 1 else _combined(by_cause)

    def risks(self, X: pd.DataFrame) -> dict[int, np.ndarray]:
        features = self.prepare.transform(X)
        return {cause: model.predict(features) for cause, model in self.models.items()}


def _combined(by_cause: Incidences) -> Incidences:
    """Incidences from each cause's own survival, on the grid of times."""
    hazards = {k: -np.log(np.maximum(1 - f, 1e-12)) for k, f in by_cause.items()}
    alive = np.exp(-sum(hazards.values()))
    before = np.pad(alive[:, :-1], ((0, 0), (1, 0)), constant_values=1.0)
    steps = {k: np.diff(h, axis=1, prepend=0.0) for k, h in hazards.items()}
    total = np.maximum(sum(steps.values()), 1e-300)
    return {k: np.cumsum((before - alive) * step / total, axis=1) for k, step in steps.items()}


def _cox() -> object:
    from sksurv.linear_model import CoxPHSurvivalAnalysis

    return CoxPHSurvivalAnalysis(alpha=0.1)


def _forest() -> object:
    from sksurv.ensemble import RandomSurvivalForest

    return RandomSurvivalForest(100, min_samples_leaf=15, random_state=0)


def _boosting() -> object:
    from sksurv.ensemble import GradientBoostingSurvivalAnalysis

    return GradientBoostingSurvivalAnalysis(random_state=0)


def peers() -> dict[str, Callable[[], Peer]]:
    """The models that are installed, by name."""
    found: dict[str, Callable[[], Peer]] = {"multitab": MultiTabPeer, "constant": Constant}
    if find_spec("sksurv"):
        found |= {
            "cox": lambda: ScikitSurvival(_cox),
            "forest": lambda: ScikitSurvival(_forest),
            "boosting": lambda: ScikitSurvival(_boosting),
        }
    return found
