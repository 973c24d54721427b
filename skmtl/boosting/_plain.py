"""LightGBM with its built-in objectives, a baseline for multi-task models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import lightgbm as lgb
import numpy as np

# Untuned, but a fair baseline: a smaller learning rate than LightGBM's default of 0.1, and a
# number of trees chosen by early stopping.
PLAIN: Mapping[str, Any] = {"learning_rate": 0.05, "verbosity": -1}
MOST_TREES, TREES_WITHOUT_GAIN, TREES_UNWATCHED = 2000, 50, 100

# Features, labels and weights; categorical columns of a frame are treated as such.
Rows = tuple[Any, np.ndarray, np.ndarray | None]


def fit_plain(
    training: Rows,
    validation: Rows | None,
    parameters: Mapping[str, Any],
    categorical: list[int] | None = None,
) -> lgb.Booster:
    """Fit a LightGBM model with a built-in objective, with early stopping on validation rows.

    Parameters
    ----------
    training : (X, y, weight)
        Rows with observed labels, because LightGBM treats a missing label as zero.
    validation : (X, y, weight) or None
        Rows for early stopping; without them there are 100 trees.
    parameters : mapping
        LightGBM's parameters, including the objective.
    categorical : list of int, optional
        Columns of an array that hold category codes.
    """
    X, y, weight = training
    data = lgb.Dataset(X, y, weight=weight, categorical_feature=categorical or "auto")
    if validation is None:
        return lgb.train({**PLAIN, **parameters}, data, num_boost_round=TREES_UNWATCHED)
    X_valid, y_valid, weight_valid = validation
    return lgb.train(
        {**PLAIN, **parameters},
        data,
        num_boost_round=MOST_TREES,
        valid_sets=[data.create_valid(X_valid, y_valid, weight=weight_valid)],
        callbacks=[lgb.early_stopping(TREES_WITHOUT_GAIN, verbose=False)],
    )
