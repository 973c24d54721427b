"""LightGBM with the task as a category, tuned inside the training part."""

from __future__ import annotations

from itertools import product
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from benchmarks._rmtgb._sets import TASK, Split

MAX_ROUNDS, PATIENCE = 4000, 50
# Leaves, rows per leaf, and how cautiously rare categories are split (LightGBM's own caution,
# 100 rows per group, keeps small tasks from ever being told apart).
GRID = [
    {"num_leaves": leaves, "min_data_in_leaf": rows, **caution}
    for leaves, rows, caution in product(
        (4, 8, 31),
        (5, 20),
        (
            {"min_data_per_group": 100, "cat_smooth": 10.0},
            {"min_data_per_group": 5, "cat_smooth": 2.0},
        ),
    )
]
LEARNING_RATE = 0.05


def tuned_lightgbm(split: Split) -> tuple[np.ndarray, str]:
    """Return predictions for the test rows, and the best settings on held-out training rows.

    Every point of the grid is fitted on 80 % of the training rows and stopped early on the rest,
    by the metric that the set is judged by. The best is fitted again on all training rows with
    the rounds that it took.
    """
    inner = split.inner()
    metric, sign = ("auc", -1.0) if split.is_binary else ("rmse", 1.0)
    fixed = {
        "objective": "binary" if split.is_binary else "regression",
        "metric": metric,
        "learning_rate": LEARNING_RATE,
        "num_threads": 1,
        "verbose": -1,
        "seed": 0,
    }
    tried = [
        (sign * loss, rounds, settings)
        for settings in GRID
        for loss, rounds in [_stopped(inner, fixed | settings, metric)]
    ]
    _, rounds, best = min(tried, key=lambda point: point[0])
    booster = lgb.train(fixed | best, _dataset(split.X_train, split.y_train, best), rounds)
    note = " ".join(f"{name}={value:g}" for name, value in best.items())
    return np.asarray(booster.predict(split.X_test)), f"{note} rounds={rounds}"


def _stopped(inner: Split, params: dict[str, Any], metric: str) -> tuple[float, int]:
    train = _dataset(inner.X_train, inner.y_train, params)
    held_out = train.create_valid(inner.X_test, inner.y_test)
    booster = lgb.train(
        params,
        train,
        MAX_ROUNDS,
        valid_sets=[held_out],
        valid_names=["held_out"],
        callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
    )
    return booster.best_score["held_out"][metric], booster.best_iteration


def _dataset(X: pd.DataFrame, y: pd.Series, params: dict[str, Any]) -> lgb.Dataset:
    return lgb.Dataset(X, y, categorical_feature=[TASK], params=params)
