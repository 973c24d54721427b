"""XGBoost with trees whose leaves have a value for each output."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder
from xgboost import XGBClassifier, XGBRegressor

from benchmarks._peers._common import (
    Answers,
    Setting,
    Standardised,
    all_classes,
    categories,
    inner_split,
    targets_of,
    two_classes,
)

ROUNDS, PATIENCE, LEARNING_RATE = 2000, 50, 0.05
MAX_LEVELS = 64


class XGBoostMultiOutput:
    """``multi_strategy="multi_output_tree"`` per kind, on the targets without missing labels.

    - Regression targets with complete labels form one model on standardised targets, binary
      ones another; each multi-class target has its own, with a leaf value per class.
    - XGBoost refuses missing labels. Targets that have some get a model each, fitted on their
      labelled rows; so do groups of one.
    - Vector leaves take no categories: these are one-hot encoded, the 64 most frequent levels
      of a column. Models of one output use XGBoost's own categories.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    def fit(self, X: pd.DataFrame, Y: pd.DataFrame) -> Self:
        self.encoder = make_column_transformer(
            (
                OneHotEncoder(
                    max_categories=MAX_LEVELS,
                    handle_unknown="infrequent_if_exist",
                    sparse_output=False,
                    dtype=np.float32,
                ),
                categories(X),
            ),
            remainder="passthrough",
        ).fit(X)
        dense = self._encode(X)
        complete = [target for target in targets_of(Y) if Y[target].notna().all()]
        self.numbers = [t for t in self.setting.targets("regression") if t in complete]
        self.pairs = [t for t in self.setting.targets("binary") if t in complete]
        self.joint_numbers, self.joint_labels = None, None
        if len(self.numbers) > 1:
            self.standardised = Standardised(Y[self.numbers])
            values = self.standardised.forward(Y[self.numbers])
            self.joint_numbers = self._run(XGBRegressor, dense, values, vector=True)
        if len(self.pairs) > 1:
            values = Y[self.pairs].to_numpy().astype(int)
            self.joint_labels = self._run(XGBClassifier, dense, values, vector=True)
        joint = [
            *(self.numbers if self.joint_numbers else []),
            *(self.pairs if self.joint_labels else []),
        ]
        alone = [target for target in targets_of(Y) if target not in joint]
        self.models = {target: self._fit_task(X, dense, Y[target]) for target in alone}
        return self

    def _encode(self, X: pd.DataFrame) -> np.ndarray:
        return np.asarray(self.encoder.transform(X), dtype=np.float32)

    def _fit_task(self, X: pd.DataFrame, dense: np.ndarray, labels: pd.Series) -> Any:
        kind = self.setting.kinds[str(labels.name)]
        seen = labels.notna().to_numpy()
        y = labels[seen].to_numpy()
        if kind == "regression":
            return self._run(XGBRegressor, X[seen], y)
        if kind == "binary":
            return self._run(XGBClassifier, X[seen], y.astype(int))
        # XGBoost wants classes without gaps; the training rows may lack some.
        classes, codes = np.unique(y.astype(int), return_inverse=True)
        model = self._run(XGBClassifier, dense[seen], codes, vector=len(classes) > 2)
        return model, classes

    def _run(self, form: type, X: Any, y: np.ndarray, *, vector: bool = False) -> Any:
        has_classes = form is XGBClassifier and y.ndim == 1
        train, validation = inner_split(y, has_classes=has_classes, seed=self.setting.seed)
        model = form(
            n_estimators=ROUNDS if len(validation) else 100,
            learning_rate=LEARNING_RATE,
            tree_method="hist",
            multi_strategy="multi_output_tree" if vector else "one_output_per_tree",
            enable_categorical=True,
            early_stopping_rounds=PATIENCE if len(validation) else None,
            n_jobs=self.setting.threads,
            random_state=self.setting.seed,
        )
        if len(validation) == 0:
            return model.fit(X, y)
        held_out = [(_rows(X, validation), y[validation])]
        return model.fit(_rows(X, train), y[train], eval_set=held_out, verbose=False)

    def answer(self, X: pd.DataFrame) -> Answers:
        dense = self._encode(X)
        answers: Answers = {}
        if self.joint_numbers is not None:
            values = self.standardised.backward(self.joint_numbers.predict(dense))
            answers |= dict(zip(self.numbers, values.T, strict=True))
        if self.joint_labels is not None:
            proba = self.joint_labels.predict_proba(dense)
            answers |= {target: two_classes(proba[:, i]) for i, target in enumerate(self.pairs)}
        for target, model in self.models.items():
            kind = self.setting.kinds[target]
            if kind == "regression":
                answers[target] = model.predict(X)
            elif kind == "binary":
                answers[target] = model.predict_proba(X)
            else:
                model, classes = model
                answers[target] = all_classes(
                    model.predict_proba(dense), classes, self.setting.n_classes[target]
                )
        return answers


def _rows(X: Any, rows: np.ndarray) -> Any:
    return X.iloc[rows] if isinstance(X, pd.DataFrame) else X[rows]
