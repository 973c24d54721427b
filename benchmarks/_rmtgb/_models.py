"""The models to compare: functions of a split that return predictions for its test rows.

All of them run with one thread and, but for ``lightgbm_tuned``, untuned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from benchmarks._rmtgb._ours import default
from benchmarks._rmtgb._sets import TASK, Split
from benchmarks._rmtgb._tuned import tuned_lightgbm

OURS = "rmtgb"
OUTLIER = 0.5  # tasks with a higher score are outliers


@dataclass(frozen=True)
class Answer:
    """Predictions (n_test,), probabilities for binary labels, and further notes."""

    prediction: np.ndarray
    outliers: frozenset[str] | None = None  # the tasks that the model takes for outliers
    note: str = ""


def _rmtgb(split: Split) -> Answer:
    model = default(is_binary=split.is_binary, seed=split.seed)
    model.fit(split.X_train, split.y_train)
    score = model.outlier_score_
    rounds = model.n_rounds_.mean()  # over the bags
    return Answer(
        _predict(model, split.X_test, split.is_binary),
        frozenset(map(str, score.index[score > OUTLIER])),
        " ".join(f"{block}={n:.0f}" for block, n in rounds.items()),
    )


def _mean(split: Split) -> Answer:
    means = split.y_train.groupby(split.X_train[TASK], observed=True).mean()
    predicted = split.X_test[TASK].astype(object).map(means).astype(float)
    return Answer(predicted.fillna(split.y_train.mean()).to_numpy())


def _lightgbm(split: Split, prepare: Callable[[pd.DataFrame], pd.DataFrame]) -> Answer:
    model = _new_lightgbm(split.is_binary).fit(prepare(split.X_train), split.y_train)
    return Answer(_predict(model, prepare(split.X_test), split.is_binary))


def _pooled(split: Split) -> Answer:
    return _lightgbm(split, lambda X: X.drop(columns=TASK))


def _with_task(split: Split) -> Answer:
    return _lightgbm(split, lambda X: X)


def _one_hot(split: Split) -> Answer:
    return _lightgbm(split, lambda X: pd.get_dummies(X, columns=[TASK]))


def _long_with_task(split: Split) -> Answer:
    model = _new_lightgbm(split.is_binary, n_estimators=300).fit(split.X_train, split.y_train)
    return Answer(_predict(model, split.X_test, split.is_binary))


def _per_task(split: Split) -> Answer:
    return _each_task(split)


def _per_task_small(split: Split) -> Answer:
    return _each_task(split, num_leaves=8, min_child_samples=3)


def _each_task(split: Split, **settings: Any) -> Answer:
    """Fit a model for each task; the mean if a task has a single class or is new."""
    prediction = np.full(len(split.X_test), split.y_train.mean(), dtype=float)
    X_train, X_test = (X.drop(columns=TASK) for X in (split.X_train, split.X_test))
    for task in split.X_train[TASK].unique():
        train = (split.X_train[TASK] == task).to_numpy()
        test = (split.X_test[TASK] == task).to_numpy()
        if not test.any():
            continue
        y = split.y_train[train]
        if y.nunique() == 1:
            prediction[test] = y.iloc[0]
            continue
        model = _new_lightgbm(split.is_binary, **settings).fit(X_train[train], y)
        prediction[test] = _predict(model, X_test[test], split.is_binary)
    return Answer(prediction)


def _tuned(split: Split) -> Answer:
    prediction, note = tuned_lightgbm(split)
    return Answer(prediction, note=note)


def _catboost(split: Split) -> Answer:
    from catboost import CatBoostClassifier, CatBoostRegressor

    form = CatBoostClassifier if split.is_binary else CatBoostRegressor
    model = form(
        cat_features=[TASK],
        thread_count=1,
        random_seed=0,
        verbose=False,
        allow_writing_files=False,
    ).fit(split.X_train, split.y_train)
    return Answer(_predict(model, split.X_test, split.is_binary))


def _xgboost(split: Split) -> Answer:
    from xgboost import XGBClassifier, XGBRegressor

    form = XGBClassifier if split.is_binary else XGBRegressor
    # LightGBM's number of trees and learning rate; 0.3, XGBoost's own, is worse on most sets.
    model = form(
        enable_categorical=True, n_estimators=100, learning_rate=0.1, n_jobs=1, random_state=0
    ).fit(split.X_train, split.y_train)
    return Answer(_predict(model, split.X_test, split.is_binary))


def _new_lightgbm(is_binary: bool, **settings: Any) -> lgb.LGBMModel:
    form = lgb.LGBMClassifier if is_binary else lgb.LGBMRegressor
    return form(n_jobs=1, verbose=-1, random_state=0, **settings)


def _predict(model: Any, X: pd.DataFrame, is_binary: bool) -> np.ndarray:
    return np.asarray(model.predict_proba(X)[:, 1] if is_binary else model.predict(X))


MODELS: dict[str, Callable[[Split], Answer]] = {
    OURS: _rmtgb,
    "mean": _mean,
    "lightgbm_per_task": _per_task,
    "lightgbm_per_task_small": _per_task_small,
    "lightgbm_pooled": _pooled,
    "lightgbm_task": _with_task,
    "lightgbm_task_300": _long_with_task,
    "lightgbm_one_hot": _one_hot,
    "lightgbm_tuned": _tuned,
    "catboost": _catboost,
    "xgboost": _xgboost,
}
