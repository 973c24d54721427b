"""RealMLP and TabM of pytabkit, one model per task."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import pytabkit

from benchmarks._peers._common import (
    Answers,
    Setting,
    all_classes,
    categories,
    inner_split,
    targets_of,
)


class PytabkitPerTask:
    """A tuned-default model per task, on its labelled rows with 15 % of them for validation.

    Missing numbers become the training median, for pytabkit takes none; categories are its own.
    """

    family: ClassVar[str]

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    def fit(self, X: pd.DataFrame, Y: pd.DataFrame) -> Self:
        self.median = X.drop(columns=categories(X)).median().fillna(0.0)
        X = self._filled(X)
        self.models = {target: self._fit_task(X, Y[target]) for target in targets_of(Y)}
        return self

    def _filled(self, X: pd.DataFrame) -> pd.DataFrame:
        return X.fillna(self.median.to_dict())

    def _fit_task(self, X: pd.DataFrame, labels: pd.Series) -> Any:
        seen = labels.notna().to_numpy()
        X, y = X[seen].reset_index(drop=True), labels[seen].to_numpy()
        has_classes = self.setting.kinds[str(labels.name)] != "regression"
        y = y.astype(int) if has_classes else y.astype(np.float32)
        _, validation = inner_split(y, has_classes=has_classes, seed=self.setting.seed)
        form = getattr(pytabkit, f"{self.family}_{'Classifier' if has_classes else 'Regressor'}")
        model = form(
            device="cpu" if self.setting.device == "cpu" else None,
            random_state=self.setting.seed,
            n_threads=self.setting.threads,
        )
        return model.fit(X, y, val_idxs=validation, cat_col_names=categories(X))

    def answer(self, X: pd.DataFrame) -> Answers:
        X = self._filled(X)
        answers = {}
        for target, model in self.models.items():
            if self.setting.kinds[target] == "regression":
                answers[target] = np.asarray(model.predict(X)).ravel()
            else:
                answers[target] = all_classes(
                    model.predict_proba(X), model.classes_, self.setting.n_classes[target]
                )
        return answers


class RealMLPPerTask(PytabkitPerTask):
    family = "RealMLP_TD"


class TabMPerTask(PytabkitPerTask):
    family = "TabM_D"
