"""CatBoost, with one multi-output model per kind if its losses allow it."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from catboost import CatBoostClassifier, CatBoostRegressor

from benchmarks._peers._common import (
    Answers,
    Setting,
    Standardised,
    all_classes,
    categories,
    inner_split,
    two_classes,
)

ROUNDS, PATIENCE, LEARNING_RATE = 2000, 50, 0.05


class CatBoostMultiOutput:
    """All regression targets in one model, all complete binary targets in another.

    - Regression: MultiRMSE on standardised targets, MultiRMSEWithMissingValues if labels are
      missing, RMSE for a single target.
    - Binary: MultiLogloss if there are several and all labels are known; CatBoost has no masked
      form of it, so otherwise one Logloss model per target on its labelled rows.
    - Multi-class: one MultiClass model per target.

    Categories are CatBoost's own; 15 % of the rows stop the training early.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    def fit(self, X: pd.DataFrame, Y: pd.DataFrame) -> Self:
        X = _with_text(X)
        self.joint_numbers: Any = None
        self.joint_labels: Any = None
        numbers, pairs = self.setting.targets("regression"), self.setting.targets("binary")
        if numbers:
            self.joint_numbers = self._fit_numbers(X, Y[numbers])
        if len(pairs) > 1 and Y[pairs].notna().all(axis=None):
            self.joint_labels = self._fit_labels(X, Y[pairs])
            pairs = []
        alone = pairs + self.setting.targets("multiclass")
        self.models = {target: self._fit_task(X, Y[target]) for target in alone}
        return self

    def _fit_numbers(self, X: pd.DataFrame, Y: pd.DataFrame) -> CatBoostRegressor:
        seen = Y.notna().any(axis=1).to_numpy()
        X, Y = X[seen], Y[seen]
        self.standardised = Standardised(Y)
        values = self.standardised.forward(Y)
        if Y.shape[1] == 1:
            return self._run(CatBoostRegressor, "RMSE", X, values[:, 0])
        masked = "WithMissingValues" if np.isnan(values).any() else ""
        return self._run(CatBoostRegressor, f"MultiRMSE{masked}", X, values)

    def _fit_labels(self, X: pd.DataFrame, Y: pd.DataFrame) -> CatBoostClassifier:
        return self._run(CatBoostClassifier, "MultiLogloss", X, Y.to_numpy().astype(int))

    def _fit_task(self, X: pd.DataFrame, labels: pd.Series) -> CatBoostClassifier:
        seen = labels.notna().to_numpy()
        loss = "Logloss" if self.setting.kinds[str(labels.name)] == "binary" else "MultiClass"
        return self._run(CatBoostClassifier, loss, X[seen], labels[seen].to_numpy().astype(int))

    def _run(self, form: type, loss: str, X: pd.DataFrame, y: np.ndarray) -> Any:
        has_classes = loss in ("Logloss", "MultiClass")
        train, validation = inner_split(y, has_classes=has_classes, seed=self.setting.seed)
        model = form(
            iterations=ROUNDS if len(validation) else 100,
            learning_rate=LEARNING_RATE,
            loss_function=loss,
            cat_features=categories(X),
            random_seed=self.setting.seed,
            thread_count=self.setting.threads,
            allow_writing_files=False,
            verbose=False,
        )
        if len(validation) == 0:
            return model.fit(X, y)
        return model.fit(
            X.iloc[train],
            y[train],
            eval_set=(X.iloc[validation], y[validation]),
            early_stopping_rounds=PATIENCE,
        )

    def answer(self, X: pd.DataFrame) -> Answers:
        X = _with_text(X)
        answers: Answers = {}
        if self.joint_numbers is not None:
            values = self.standardised.backward(np.asarray(self.joint_numbers.predict(X)))
            answers |= dict(zip(self.setting.targets("regression"), values.T, strict=True))
        if self.joint_labels is not None:
            proba = np.asarray(self.joint_labels.predict_proba(X))
            pairs = self.setting.targets("binary")
            answers |= {target: two_classes(proba[:, i]) for i, target in enumerate(pairs)}
        for target, model in self.models.items():
            answers[target] = all_classes(
                model.predict_proba(X), model.classes_, self.setting.n_classes[target]
            )
        return answers


def _with_text(X: pd.DataFrame) -> pd.DataFrame:
    """Convert categories to text, also missing ones, because CatBoost refuses NaN."""
    filled = {name: X[name].astype(object).fillna("missing").astype(str) for name in categories(X)}
    return X.assign(**{name: column.astype("category") for name, column in filled.items()})
