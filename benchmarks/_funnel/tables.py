"""The tables of the shared folder "funnel", as problems of two steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score

from benchmarks._data import loader_of

FIRST, SECOND = "first", "second"


@dataclass(frozen=True)
class FunnelTable:
    """Training rows, rows for early stopping, and test rows.

    Labels are in the columns "first" and "second", the latter missing where the first is 0.
    """

    X_train: pd.DataFrame
    Y_train: pd.DataFrame
    X_valid: pd.DataFrame
    Y_valid: pd.DataFrame
    X_test: pd.DataFrame
    scores: Callable[[np.ndarray, np.ndarray], dict[str, float]]
    """From P(first) and P(second | first) of the test rows."""


def _steps(first: np.ndarray, second: np.ndarray) -> pd.DataFrame:
    first = np.asarray(first, dtype=np.float64)
    return pd.DataFrame({FIRST: first, SECOND: np.where(first == 1, second, np.nan)})


def _judged(name: str, y: np.ndarray, p: np.ndarray) -> dict[str, float]:
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return {f"auc_{name}": roc_auc_score(y, p), f"log_loss_{name}": log_loss(y, p)}


def kuairand(second: str, seed: int, rows: int | None) -> FunnelTable:
    X, Y, split = loader_of("funnel", "funnel.py").load_kuairand(ids=False, history=True)
    first, then = Y["click"].to_numpy(), Y[second].to_numpy()
    train, valid, test = (np.flatnonzero(split == part) for part in ("train", "valid", "test"))
    if rows is not None:
        rng = np.random.default_rng(seed)
        train = np.sort(rng.choice(train, rows, replace=False))
        valid = np.sort(rng.choice(valid, rows // 4, replace=False))
    labels = _steps(first, then)
    clicked = first[test] == 1

    def scores(p_first: np.ndarray, given: np.ndarray) -> dict[str, float]:
        return {
            **_judged("first", first[test], p_first),
            **_judged("given", then[test][clicked], given[clicked]),
            **_judged("both", then[test] * first[test], p_first * given),
        }

    return FunnelTable(
        X.iloc[train], labels.iloc[train], X.iloc[valid], labels.iloc[valid], X.iloc[test], scores
    )


def coat(seed: int, rows: int | None) -> FunnelTable:
    """All pairs with ids; the test rows are random pairs, which users did not choose to rate."""
    X, Y, test, rating, _ = loader_of("funnel", "funnel.py").load_coat()
    labels = _steps(Y["rated"], Y["liked"])
    valid = np.random.default_rng(seed).random(len(X)) < 0.1
    new = Y["rated"].to_numpy()[test] == 0
    liked = (rating >= 4).astype(int)[new]

    def scores(p_first: np.ndarray, given: np.ndarray) -> dict[str, float]:
        return {
            **_judged("given", liked, given),
            "auc_both": roc_auc_score(liked, p_first * given),
            "mean_given": float(given.mean()),
        }

    return FunnelTable(
        X[~valid], labels[~valid], X[valid], labels[valid], X.iloc[test[new]], scores
    )


def generated(confounding: float, relatedness: float, seed: int, rows: int | None) -> FunnelTable:
    """10,000 rows, of which some 1,000 reach the second step; judged by the truth in all rows."""
    X, Y, truth = loader_of("funnel", "funnel.py").make_funnel(
        24_000, relatedness=relatedness, confounding=confounding, random_state=seed
    )
    labels = _steps(Y["click"], Y["conversion"])
    train, valid, test = slice(0, 10_000), slice(10_000, 12_000), slice(12_000, None)
    true = truth["p_conversion"].to_numpy()[test]

    def cross_entropy(p: np.ndarray) -> float:
        p = np.clip(p, 1e-6, 1 - 1e-6)
        return float(np.mean(-true * np.log(p) - (1 - true) * np.log1p(-p)))

    def scores(p_first: np.ndarray, given: np.ndarray) -> dict[str, float]:
        return {
            "excess_given": cross_entropy(given) - cross_entropy(true),
            "rmse_given": float(np.sqrt(np.mean((true - given) ** 2))),
            "mean_given": float(given.mean()),
        }

    return FunnelTable(X[train], labels[train], X[valid], labels[valid], X[test], scores)


TABLES: dict[str, Callable[[int, int | None], FunnelTable]] = {
    "coat": coat,
    "kuairand-long_view": partial(kuairand, "long_view"),
    "kuairand-like": partial(kuairand, "like"),
}
for _confounding in (0.0, 1.0):
    for _relatedness in (0.0, 0.5, 0.9):
        TABLES[f"generated-{_confounding:g}-{_relatedness:g}"] = partial(
            generated, _confounding, _relatedness
        )
