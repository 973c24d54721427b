"""scikit-learn's multi-layer perceptrons."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks._peers._common import (
    VALIDATION_SHARE,
    Answers,
    Setting,
    Standardised,
    all_classes,
    targets_of,
    two_classes,
)

MAX_LEVELS = 256
# A validation part has to hold a few rows, or its score stops the training at random.
LEAST_ROWS = 40


class SklearnMLP:
    """MLPRegressor and MLPClassifier with ``early_stopping=True`` and defaults otherwise.

    Features: median imputation with a missing indicator, standardised; one-hot categories.
    Regression targets without missing labels share a network, on standardised targets; so do
    binary ones. Targets with missing labels have a network each, on their labelled rows, since
    scikit-learn takes no NaN; so has each multi-class target.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    def fit(self, X: pd.DataFrame, Y: pd.DataFrame) -> Self:
        self.features = _features().fit(X)
        rows = self._encode(X)
        complete = [target for target in targets_of(Y) if Y[target].notna().all()]
        groups = [
            [t for t in self.setting.targets(kind) if t in complete]
            for kind in ("regression", "binary")
        ]
        groups = [group for group in groups if len(group) > 1]
        grouped = [target for group in groups for target in group]
        groups += [[target] for target in targets_of(Y) if target not in grouped]
        self.models = [(group, *self._fit_group(rows, Y[group])) for group in groups]
        return self

    def _encode(self, X: pd.DataFrame) -> np.ndarray:
        return np.asarray(self.features.transform(X), dtype=np.float32)

    def _fit_group(self, rows: np.ndarray, Y: pd.DataFrame) -> tuple[Any, Standardised | None]:
        seen = Y.notna().all(axis=1).to_numpy()
        rows, Y = rows[seen], Y[seen]
        settings: dict[str, Any] = {
            "early_stopping": len(Y) >= LEAST_ROWS,
            "validation_fraction": VALIDATION_SHARE,
            "random_state": self.setting.seed,
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # 200 epochs are its default
            if self.setting.kinds[Y.columns[0]] == "regression":
                standardised = Standardised(Y)
                values = standardised.forward(Y)
                y = values[:, 0] if values.shape[1] == 1 else values
                return MLPRegressor(**settings).fit(rows, y), standardised
            y = Y.to_numpy().astype(int)
            if y.shape[1] == 1:
                y = y[:, 0]
                # Its own validation split is stratified, which a class of one row forbids.
                if np.bincount(y)[np.unique(y)].min() < 2:
                    settings["early_stopping"] = False
            return MLPClassifier(**settings).fit(rows, y), None

    def answer(self, X: pd.DataFrame) -> Answers:
        rows = self._encode(X)
        answers: Answers = {}
        for targets, model, standardised in self.models:
            if standardised is not None:
                values = standardised.backward(model.predict(rows))
                answers |= dict(zip(targets, values.T, strict=True))
                continue
            proba = model.predict_proba(rows)
            if len(targets) > 1:
                answers |= {target: two_classes(proba[:, i]) for i, target in enumerate(targets)}
            else:
                answers[targets[0]] = all_classes(
                    proba, model.classes_, self.setting.n_classes[targets[0]]
                )
        return answers


def _features() -> Any:
    numeric = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    one_hot = OneHotEncoder(
        max_categories=MAX_LEVELS, handle_unknown="infrequent_if_exist", sparse_output=False
    )
    return make_column_transformer(
        (numeric, make_column_selector(dtype_exclude="category")),
        (one_hot, make_column_selector(dtype_include="category")),
    )
