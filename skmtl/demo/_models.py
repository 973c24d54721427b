"""The two models: one network for all targets, and one LightGBM for each."""

from __future__ import annotations

import warnings
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from skmtl import MultiTab
from skmtl.boosting import fit_plain
from skmtl.demo._data import FlightRows, Split
from skmtl.tasks import Regression

MINUTES = ("dep_delay", "arr_delay", "air_time")
CLASSES = ("late", "cancelled")

# Delays have a heavy tail: one percent of the flights causes most of the variance, and the mean
# says little about the others. So minutes are predicted by their median, with the absolute loss in
# both models.
KINDS = {name: Regression("absolute") for name in MINUTES}

# One network and a few epochs instead of the default, to be quick; no limit of time, so that the
# figures do not depend on the machine. Losses are weighted by their uncertainty: the time in the
# air is nearly free of noise, the delays are mostly noise, and each target is judged by its own
# error. Without wide towers and with dropout, the time in the air is learnt too roughly. The last
# three were chosen by training on earlier and judging on later training days. LightGBM has the
# defaults of `skmtl.boosting.fit_plain`, as many trees as the validation flights allow, and its
# own treatment of categories and missing features.
MULTITAB: dict[str, Any] = {
    "n_bags": 1,
    "max_epochs": 5,
    "patience": 3,
    "balance": "uncertainty",
    "tower_size": 64,
    "dropout": 0.0,
}

# Predictions (n_samples,) of minutes, probabilities (n_samples, 2) of classes.
Answers = dict[str, np.ndarray]


def fit_multitab(split: Split, *, seed: int, progress: Any) -> MultiTab:
    """Fit one network to all targets."""
    model = MultiTab(tasks=KINDS, random_state=seed, **MULTITAB)
    model.set_callbacks(progress)
    validation = (split.validation.X, split.validation.Y)
    with warnings.catch_warnings():
        # A few more epochs might help, but the demo has to be fast.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(split.training.X, split.training.Y, eval_set=validation)


def ask_multitab(model: MultiTab, X: pd.DataFrame) -> Answers:
    predicted = model.predict(X)
    probabilities = dict(zip(CLASSES, model.predict_proba(X), strict=True))
    return {name: predicted[name].to_numpy() for name in MINUTES} | probabilities


def fit_lightgbm(split: Split, *, seed: int) -> dict[str, lgb.Booster]:
    """Fit LightGBM to each target, with the same rows for training and early stopping."""
    return {name: _fit_one(split, name, seed) for name in (*MINUTES, *CLASSES)}


def _fit_one(split: Split, name: str, seed: int) -> lgb.Booster:
    objective = "binary" if name in CLASSES else "regression_l1"
    return fit_plain(
        _rows(split.training, name),
        _rows(split.validation, name),
        {"objective": objective, "seed": seed},
    )


def constant_answers(split: Split) -> Answers:
    """Constant predictions: medians and class shares of the training labels."""
    n_rows = len(split.test.X)
    answers = {}
    for name in (*MINUTES, *CLASSES):
        labels = split.training.Y[name].dropna().astype(np.float64)
        if name in CLASSES:
            answers[name] = np.tile([1 - labels.mean(), labels.mean()], (n_rows, 1))
        else:
            answers[name] = np.full(n_rows, labels.median())
    return answers


def _rows(part: FlightRows, name: str) -> tuple[pd.DataFrame, np.ndarray, None]:
    """Return rows with a label, because LightGBM would treat missing labels as zero."""
    labelled = part.Y[name].notna()
    return part.X[labelled], part.Y.loc[labelled, name].to_numpy(dtype=np.float64), None


def ask_lightgbm(models: dict[str, lgb.Booster], X: pd.DataFrame) -> Answers:
    answers = {}
    for name, model in models.items():
        answer = np.asarray(model.predict(X))
        answers[name] = np.column_stack([1 - answer, answer]) if name in CLASSES else answer
    return answers
