"""Our linear models, and scikit-learn's for each target."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks._peers._common import Answers, Setting, all_classes, categories, targets_of
from benchmarks._peers._multitab import Untouched
from skmtl import MultiTaskLinear


class MultiTaskLinearDefault(Untouched):
    """`MultiTaskLinear()` with its defaults."""

    estimator = MultiTaskLinear


class SklearnLinearPerTask:
    """`RidgeCV` or `LogisticRegressionCV` for each target, on its labelled rows.

    Numbers are imputed with a missing mark and standardised; categories are indicators, of which
    those of fewer than three rows share one. Strengths: half decades around the number of rows for
    ridge, as ours, by leaving rows out; scikit-learn's own ten for classes, by five folds.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    def fit(self, X: pd.DataFrame, Y: pd.DataFrame) -> Self:
        self.models = {target: self._fit_task(X, Y[target]) for target in targets_of(Y)}
        return self

    def _fit_task(self, X: pd.DataFrame, labels: pd.Series) -> Pipeline:
        seen = labels.notna().to_numpy()
        y = labels[seen].to_numpy()
        text = categories(X)
        numbers = [name for name in X if name not in text]
        encoder = ColumnTransformer(
            [
                (
                    "numbers",
                    make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()),
                    numbers,
                ),
                (
                    "categories",
                    OneHotEncoder(min_frequency=3, handle_unknown="infrequent_if_exist"),
                    text,
                ),
            ],
            sparse_threshold=0,
        )
        return make_pipeline(encoder, self._model(str(labels.name), y)).fit(X[seen], y)

    def _model(self, target: str, y: np.ndarray) -> Any:
        if self.setting.kinds[target] == "regression":
            return RidgeCV(alphas=len(y) * np.logspace(2, -8, 21))
        folds = int(min(5, np.unique(y, return_counts=True)[1].min()))
        return LogisticRegressionCV(
            cv=max(folds, 2), l1_ratios=(0.0,), use_legacy_attributes=False,
            scoring="neg_log_loss", max_iter=1000,
        )  # fmt: skip

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
