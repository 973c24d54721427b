"""LightGBM as it is, with its own objectives: what multi-task models are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import lightgbm as lgb
import numpy as np

# Untuned, but not unfair: a smaller step than LightGBM's own 0.1, and as many trees as the
# validation rows allow.
PLAIN: Mapping[str, Any] = {"learning_rate": 0.05, "verbosity": -1}
MOST_TREES, TREES_WITHOUT_GAIN, TREES_UNWATCHED = 2000, 50, 100

# Features, labels and weights; a frame's categories are treated as such.
Rows = tuple[Any, np.ndarray, np.ndarray | None]


def fit_plain(
    training: Rows,
    validation: Rows | None,
    parameters: Mapping[str, Any],
    categorical: list[int] | None = None,
) -> lgb.Booster:
    """One LightGBM with an objective of its own, stopped early where there is something to watch.

    Parameters
    ----------
    training : (X, y, weight)
        Rows whose label is known: LightGBM would read a missing label as zero.
    validation : (X, y, weight) or None
        Rows that decide on the number of trees; without them there are 100.
    parameters : mapping
        LightGBM's, the objective among them.
    categorical : list of int, optional
        Columns of an array that hold codes of categories.
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
