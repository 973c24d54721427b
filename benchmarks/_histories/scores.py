"""Scores of predictions by task."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    r2_score,
    roc_auc_score,
)


def scores_of(model: Any, X: pd.DataFrame, Y: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """A row for each task and score."""
    predicted = model.predict(X)
    for name in Y:
        rows = Y[name].notna().to_numpy()
        truth = Y[name][rows]
        if truth.dtype == bool:
            scores = of_chances(truth.to_numpy(), model.positive(X, name)[rows])
        elif truth.dtype.kind == "f":
            scores = of_numbers(name, truth.to_numpy(), np.asarray(predicted[name][rows], float))
        else:
            said = predicted[name][rows].astype(truth.dtype)
            scores = {"balanced_accuracy": balanced_accuracy_score(truth, said)}
        for score, value in scores.items():
            yield {"task": name, "score": score, "value": float(value)}


def of_chances(truth: np.ndarray, chance: np.ndarray) -> dict[str, float]:
    """How well chances rank, and whether they are true."""
    return {
        "auroc": roc_auc_score(truth, chance),
        "auprc": average_precision_score(truth, chance),
        "brier": brier_score_loss(truth, chance),
        "calibration_error": calibration_error(truth, chance),
        "expected_over_observed": chance.mean() / truth.mean(),
    }


def calibration_error(truth: np.ndarray, chance: np.ndarray, n_bins: int = 10) -> float:
    """Mean distance of the chance and the share of events, in bins of equal width."""
    bins = np.minimum((chance * n_bins).astype(int), n_bins - 1)
    gaps = np.bincount(bins, chance - truth, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(truth))


def of_numbers(name: str, truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """R2 and RMSE; of remaining lives also the score of the PHM08 challenge."""
    error = predicted - truth
    scores = {"r2": r2_score(truth, predicted), "rmse": np.sqrt(np.mean(error**2))}
    if name == "rul":
        scores["phm08"] = np.sum(np.expm1(np.where(error < 0, -error / 13, error / 10)))
    return scores
