"""Common parts of the models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd

# Of each peer's training rows, the share that stops its training early.
VALIDATION_SHARE = 0.15

# Predictions (n_samples,) of regression tasks, probabilities (n_samples, n_classes) of others.
Answers = dict[str, np.ndarray]


@dataclass(frozen=True)
class Setting:
    """Settings for all models."""

    kinds: dict[str, str]
    n_classes: dict[str, int]
    task_column: str | None
    seed: int
    threads: int
    device: str

    def targets(self, *kinds: str) -> list[str]:
        return [target for target, kind in self.kinds.items() if kind in kinds]


class Peer(Protocol):
    """A model of all targets of a table."""

    def __init__(self, setting: Setting) -> None: ...

    def fit(self, X: pd.DataFrame, Y: pd.DataFrame) -> Self: ...

    def answer(self, X: pd.DataFrame) -> Answers: ...


def inner_split(y: np.ndarray, *, has_classes: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return positions of training and validation rows; all classes stay in the training part."""
    rng = np.random.default_rng(seed)
    strata = y if has_classes else np.zeros(len(y))
    validation = np.zeros(len(y), dtype=bool)
    for value in np.unique(strata):
        rows = rng.permutation(np.flatnonzero(strata == value))
        validation[rows[: int(VALIDATION_SHARE * len(rows))]] = True
    if not validation.any():
        validation[rng.integers(len(y))] = not has_classes
    return np.flatnonzero(~validation), np.flatnonzero(validation)


def all_classes(proba: np.ndarray, seen: Any, n_classes: int) -> np.ndarray:
    """Add columns of zeros to probabilities for classes that the training rows lack."""
    full = np.zeros((len(proba), n_classes))
    full[:, np.asarray(seen, dtype=int)] = proba
    return full


def two_classes(positive: np.ndarray) -> np.ndarray:
    """Return probabilities of both classes from that of the second."""
    return np.column_stack([1 - positive, positive])


def targets_of(Y: pd.DataFrame) -> list[str]:
    """Names of the targets, which are text in every table."""
    return [str(target) for target in Y.columns]


def categories(X: pd.DataFrame) -> list[str]:
    """Names of the categorical columns."""
    return list(X.select_dtypes("category").columns)


class Standardised:
    """Targets with mean 0 and standard deviation 1, for losses that sum over targets."""

    def __init__(self, Y: pd.DataFrame) -> None:
        self.mean = Y.mean().to_numpy()
        self.scale = Y.std(ddof=0).replace(0, 1).to_numpy()

    def forward(self, Y: pd.DataFrame) -> np.ndarray:
        return (Y.to_numpy() - self.mean) / self.scale

    def backward(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(len(values), -1) * self.scale + self.mean
