"""The common interface of all models, and models of one event fitted by cause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

Labels = dict[str, np.ndarray]
# Incidences of shape (n_samples, n_times) by cause.
Incidences = dict[int, np.ndarray]

VALIDATION_SHARE = 0.2
# scikit-survival and others refuse times of 0.
_LEAST_TIME = 1e-9


class Peer(Protocol):
    def fit(self, X: pd.DataFrame, y: Labels) -> None: ...

    def incidences(self, X: pd.DataFrame, times: np.ndarray) -> Incidences: ...

    def risks(self, X: pd.DataFrame) -> dict[int, np.ndarray]: ...


class OneEvent(Protocol):
    """A model of one event on prepared features: arrays without missing values."""

    def fit(self, features: np.ndarray, event: np.ndarray, time: np.ndarray) -> None: ...

    def survival(self, features: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Of shape (n_samples, n_times)."""
        ...

    def risk(self, features: np.ndarray) -> np.ndarray:
        """Return the risk; higher means earlier."""
        ...


class CauseByCause:
    """A model of one event for each cause, with other causes treated as censoring."""

    def __init__(self, make: Callable[[], OneEvent]) -> None:
        self.make = make

    def fit(self, X: pd.DataFrame, y: Labels) -> None:
        self.prepare = preparation().fit(X)
        features = self.prepare.transform(X)
        time = np.maximum(y["duration"], _LEAST_TIME)
        self.models: dict[int, OneEvent] = {}
        for cause in range(1, y["event"].max() + 1):
            self.models[cause] = self.make()
            self.models[cause].fit(features, y["event"] == cause, time)

    def incidences(self, X: pd.DataFrame, times: np.ndarray) -> Incidences:
        features = self.prepare.transform(X)
        alive = {cause: model.survival(features, times) for cause, model in self.models.items()}
        if len(alive) == 1:
            return {cause: 1 - curves for cause, curves in alive.items()}
        return combined(alive)

    def risks(self, X: pd.DataFrame) -> dict[int, np.ndarray]:
        features = self.prepare.transform(X)
        return {cause: model.risk(features) for cause, model in self.models.items()}


def preparation() -> Pipeline:
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler())


def inner_split(event: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return training rows, and rows for early stopping."""
    return train_test_split(
        np.arange(len(event)), test_size=VALIDATION_SHARE, stratify=event, random_state=0
    )


def combined(alive: dict[int, np.ndarray]) -> Incidences:
    """Incidences from each cause's own survival, on the grid of times."""
    hazards = {k: -np.log(np.maximum(curves, 1e-12)) for k, curves in alive.items()}
    together = np.exp(-sum(hazards.values()))
    before = np.pad(together[:, :-1], ((0, 0), (1, 0)), constant_values=1.0)
    steps = {k: np.diff(hazard, axis=1, prepend=0.0) for k, hazard in hazards.items()}
    total = np.maximum(sum(steps.values()), 1e-300)
    return {k: np.cumsum((before - together) * step / total, axis=1) for k, step in steps.items()}


def interpolated(curves: np.ndarray, at: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Interpolate survival curves (n_samples, n_known) linearly, starting with 1 at time 0."""
    if at[0] > 0:
        at = np.concatenate([[0.0], at])
        curves = np.pad(curves, ((0, 0), (1, 0)), constant_values=1.0)
    return np.stack([np.interp(times, at, row) for row in curves])


def stepped(curves: np.ndarray, at: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Evaluate survival curves (n_samples, n_known) that are constant until the next time."""
    known = np.pad(curves, ((0, 0), (1, 0)), constant_values=1.0)
    return known[:, np.searchsorted(at, times, side="right")]
