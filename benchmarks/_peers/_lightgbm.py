"""One LightGBM per task."""

from __future__ import annotations

from typing import Any, Self

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.base import clone

from benchmarks._peers._common import Answers, Setting, all_classes, inner_split, targets_of

ROUNDS, PATIENCE, LEARNING_RATE = 2000, 50, 0.05


class LightGBMPerTask:
    """Up to 2,000 trees per task, with early stopping on 15 % of the labelled rows.

    LightGBM's own defaults (31 leaves) otherwise; its treatment of categories and of missing
    features. Rows whose label is missing are left out, for it would read them as zero.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    def fit(self, X: pd.DataFrame, Y: pd.DataFrame) -> Self:
        self.models = {target: self._fit_task(X, Y[target]) for target in targets_of(Y)}
        return self

    def _fit_task(self, X: pd.DataFrame, labels: pd.Series) -> lgb.LGBMModel:
        seen = labels.notna().to_numpy()
        X, y = X[seen], labels[seen].to_numpy()
        has_classes = self.setting.kinds[str(labels.name)] != "regression"
        if has_classes:
            y = y.astype(int)
        train, validation = inner_split(y, has_classes=has_classes, seed=self.setting.seed)
        settings: dict[str, Any] = {
            "n_estimators": ROUNDS,
            "learning_rate": LEARNING_RATE,
            "n_jobs": self.setting.threads,
            "random_state": self.setting.seed,
            "verbose": -1,
        }
        model = (lgb.LGBMClassifier if has_classes else lgb.LGBMRegressor)(**settings)
        if len(validation) == 0:  # a class or two of single rows
            return model.set_params(n_estimators=100).fit(X, y)
        model.fit(
            X.iloc[train],
            y[train],
            eval_X=X.iloc[validation],
            eval_y=y[validation],
            callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
        )
        return self._stopped(model, X, y)

    def _stopped(self, model: lgb.LGBMModel, X: pd.DataFrame, y: np.ndarray) -> lgb.LGBMModel:
        """Return the model to use, given one that was stopped early on part of these rows."""
        return model

    def answer(self, X: pd.DataFrame) -> Answers:
        answers = {}
        for target, model in self.models.items():
            if self.setting.kinds[target] == "regression":
                answers[target] = np.asarray(model.predict(X))
            else:
                answers[target] = all_classes(
                    model.predict_proba(X), model.classes_, self.setting.n_classes[target]
                )
        return answers


class LightGBMRefitted(LightGBMPerTask):
    """The same, refitted to all labelled rows with the best number of trees."""

    def _stopped(self, model: lgb.LGBMModel, X: pd.DataFrame, y: np.ndarray) -> lgb.LGBMModel:
        return clone(model).set_params(n_estimators=model.best_iteration_).fit(X, y)
