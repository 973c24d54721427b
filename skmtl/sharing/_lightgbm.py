"""LightGBM for a single task, as a baseline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import _safe_indexing

from skmtl.model_selection import multitask_train_test_split
from skmtl.tables import TreeEncoder, as_frame
from skmtl.tasks import ConstantTarget, Kind, Quantile, Regression, fit_head

_VALIDATION_SHARE, _FEWEST_WATCHED = 0.15, 40
_MEDIAN = 0.5


class LightGBMAlone(BaseEstimator):
    """LightGBM with the objective for a kind of target, and early stopping.

    Constant labels are predicted without LightGBM, which would refuse some objectives and round
    the constant to single precision.

    Parameters
    ----------
    kind : Kind
        Regression (with any of its losses), quantile (the level nearest to the median), count, or
        any kind with classes; ordered classes are treated as unordered.
    seed : int
    """

    def __init__(self, kind: Kind, seed: int = 0) -> None:
        self.kind = kind
        self.seed = seed

    @staticmethod
    def can_learn(kind: Kind) -> bool:
        """Whether LightGBM has an objective for the kind."""
        return kind.is_classification or kind.name in ("regression", "quantile", "count")

    def fit(self, X: Any, y: pd.Series, sample_weight: np.ndarray | None = None) -> LightGBMAlone:
        """Fit on rows with labels; labels that are only partly known are left out."""
        from skmtl.boosting import fit_plain  # loads LightGBM

        settled = np.flatnonzero(self.kind.settled(y).notna())
        X, y = _safe_indexing(X, settled), y.iloc[settled]
        sample_weight = None if sample_weight is None else sample_weight[settled]
        head = fit_head(self.kind, y, task=y.name, weight=sample_weight)
        self.task_names_, self.task_kinds_ = [y.name], {y.name: head}
        self._is_classifier = head.is_classification
        self._constant = head if isinstance(head, ConstantTarget) else None
        if self._is_classifier:
            self.classes_ = head.classes_
        if self._constant is not None:
            return self
        labels = head.encode(y)[:, 0] if self._is_classifier else y.to_numpy(dtype=np.float64)
        frame = as_frame(X)
        self._encoder = TreeEncoder().fit(frame)
        matrix = self._encoder.transform(frame)
        weight = np.ones(len(labels)) if sample_weight is None else sample_weight
        training, validation = _parts(matrix, labels, weight, self.seed)
        least = min(20, max(1, len(labels) // 10))  # otherwise trees could not split small tables
        self._booster = fit_plain(
            training,
            validation,
            {**_objective(head, labels), "seed": self.seed, "min_data_in_leaf": least},
            self._encoder.categorical_positions_,
        )
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predict numbers in the units of y, or classes."""
        if self._constant is not None:
            return self._constant.predict(np.empty((len(as_frame(X)), 0)))
        if self._is_classifier:
            return self.classes_[self.predict_proba(X).argmax(axis=1)]
        return self._answer(X)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict class probabilities (n_samples, n_classes)."""
        if self._constant is not None:
            return self._constant.predict_proba(np.empty((len(as_frame(X)), 0)))
        answer = self._answer(X)
        return np.column_stack([1 - answer, answer]) if answer.ndim == 1 else answer

    def _answer(self, X: Any) -> np.ndarray:
        return np.asarray(self._booster.predict(self._encoder.transform(as_frame(X))))


def _parts(
    matrix: np.ndarray, labels: np.ndarray, weight: np.ndarray, seed: int
) -> tuple[tuple, tuple | None]:
    """Split into training rows, and rows for early stopping if there are enough."""
    if len(labels) < _FEWEST_WATCHED:
        return (matrix, labels, weight), None
    parts = multitask_train_test_split(
        matrix, labels, weight, test_size=_VALIDATION_SHARE, random_state=seed
    )
    return tuple(parts[::2]), tuple(parts[1::2])


def _objective(head: Kind, labels: np.ndarray) -> dict[str, Any]:
    if head.is_classification:
        n_classes = len(head.classes_)
        return (
            {"objective": "binary"}
            if n_classes == 2
            else {"objective": "multiclass", "num_class": n_classes}
        )
    if isinstance(head, Quantile):
        level = min(head.quantiles, key=lambda level: abs(level - _MEDIAN))
        return {"objective": "quantile", "alpha": level}
    if isinstance(head, Regression):
        names = {"squared": "regression", "absolute": "regression_l1", "huber": "huber"}
        # LightGBM's threshold is in units of y, that of the kind in standard deviations.
        return {"objective": names[head.loss_name], "alpha": head.delta * labels.std()}
    return {"objective": "poisson"}
