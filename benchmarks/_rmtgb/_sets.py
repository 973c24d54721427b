"""The long tables and their splits, and the synthetic one with planted outlier tasks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score, root_mean_squared_error
from sklearn.model_selection import train_test_split

from benchmarks._data import load_long
from skmtl.datasets import make_outlier_tasks

TASK = "task"
SYNTHETIC = "scenario4"
# Set -> what is measured on it.
REAL = {
    "school": "RMSE",
    "parkinson": "RMSE",
    "computer": "RMSE",
    "abalone": "RMSE",
    "landmine": "AUC",
    "bank": "AUC",
}
METRIC = REAL | {SYNTHETIC: "RMSE"}
SEEDS = dict.fromkeys(REAL, 5) | {SYNTHETIC: 20}
_TRAIN_PER_TASK, _TEST_PER_TASK = 300, 1000


@dataclass(frozen=True)
class Split:
    """Training and test rows of a long table; X has the column ``task``, a category."""

    name: str
    seed: int
    X_train: pd.DataFrame
    y_train: pd.Series
    X_test: pd.DataFrame
    y_test: pd.Series
    outliers: frozenset[str] | None = None  # the tasks that are known to be outliers

    @property
    def is_binary(self) -> bool:
        return METRIC[self.name] == "AUC"

    def inner(self) -> Split:
        """Split the training part again, to choose settings."""
        train, held_out = train_test_split(
            np.arange(len(self.X_train)), test_size=0.2, random_state=0
        )
        return Split(
            self.name,
            self.seed,
            self.X_train.iloc[train],
            self.y_train.iloc[train],
            self.X_train.iloc[held_out],
            self.y_train.iloc[held_out],
        )

    def score(self, prediction: np.ndarray) -> float:
        """RMSE, or ROC AUC over all rows, of predictions for the test rows."""
        if self.is_binary:
            return float(roc_auc_score(self.y_test, prediction))
        return float(root_mean_squared_error(self.y_test, prediction))


def load_split(name: str, seed: int) -> Split:
    """Split number `seed` of a set."""
    if name == SYNTHETIC:
        return _synthetic(seed)
    X, y = _table(name)
    train, test = train_test_split(np.arange(len(X)), test_size=0.2, random_state=seed)
    return Split(name, seed, X.iloc[train], y.iloc[train], X.iloc[test], y.iloc[test])


@cache
def _table(name: str) -> tuple[pd.DataFrame, pd.Series]:
    X, y = load_long(name)
    return X, y.astype(int) if METRIC[name] == "AUC" else y


def _synthetic(seed: int) -> Split:
    X, y, truth = make_outlier_tasks(
        _TRAIN_PER_TASK + _TEST_PER_TASK, scenario=4, random_state=seed, return_truth=True
    )
    is_train = X.groupby(TASK, observed=True).cumcount() < _TRAIN_PER_TASK
    outliers = truth.outlier.index[truth.outlier]
    return Split(
        SYNTHETIC,
        seed,
        X[is_train],
        y[is_train],
        X[~is_train],
        y[~is_train],
        frozenset(map(str, outliers)),
    )
