"""Models of several labels behind one face.

What needs torch is imported when it is made: environments with aeon or tsfresh do without it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import lightgbm
import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegressionCV, RidgeClassifierCV, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skmtl
from benchmarks._histories.tables import histories_of

_PENALTIES = np.logspace(-1, 5, 13)


class Model(Protocol):
    """What is compared."""

    def fit(self, X: pd.DataFrame, Y: pd.DataFrame, groups: Any) -> Any: ...

    def predict(self, X: pd.DataFrame) -> Any:
        """By name of the label."""
        ...

    def positive(self, X: pd.DataFrame, name: str) -> np.ndarray:
        """The chance that a label is true."""
        ...


class Constant:
    """The mean, or the most frequent class."""

    def fit(self, X: pd.DataFrame, Y: pd.DataFrame, groups: Any) -> Constant:
        self.values = {n: Y[n].mean() if Y[n].dtype.kind == "f" else Y[n].mode()[0] for n in Y}
        self.rates = {n: Y[n].mean() for n in Y if Y[n].dtype == bool}
        return self

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame(self.values, X.index)

    def positive(self, X: pd.DataFrame, name: str) -> np.ndarray:
        return np.full(len(X), self.rates[name])


class Alone:
    """A model for each label, on the rows that have it."""

    def __init__(self, make: Callable[[pd.Series], Any]) -> None:
        self.make = make

    def fit(self, X: pd.DataFrame, Y: pd.DataFrame, groups: Any) -> Alone:
        self.models = {}
        for name in Y:
            rows = Y[name].notna()
            self.models[name] = self.make(Y[name]).fit(_numbers(X)[rows], Y.loc[rows, name])
        return self

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({n: m.predict(_numbers(X)) for n, m in self.models.items()}, X.index)

    def positive(self, X: pd.DataFrame, name: str) -> np.ndarray:
        return self.models[name].predict_proba(_numbers(X))[:, 1]


class Ours:
    """An estimator of skmtl, made for the columns of a table."""

    def __init__(self, make: Callable[[pd.DataFrame], Any]) -> None:
        self.make = make

    def fit(self, X: pd.DataFrame, Y: pd.DataFrame, groups: Any) -> Ours:
        self.model = self.make(X)
        if groups is not None:
            self.model.set_params(validation="group")
        self.model.set_params(**self.settings(Y)).fit(X, Y, groups=groups)
        return self

    def settings(self, Y: pd.DataFrame) -> dict[str, Any]:
        """Parameters that depend on the labels."""
        return {}

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        return self.model.predict(X)

    def positive(self, X: pd.DataFrame, name: str) -> np.ndarray:
        return skmtl.score_frame(self.model, X)[f"{name}_proba_True"].to_numpy()


class Balanced(Ours):
    """With classes of equal weight, as the balanced accuracy has them."""

    def settings(self, Y: pd.DataFrame) -> dict[str, Any]:
        return {"tasks": {name: _balanced_kind(Y[name]) for name in Y}}


def _reader(X: pd.DataFrame, way: str, **parameters: Any) -> Any:
    """A MultiTab whose network reads the histories."""
    return skmtl.MultiTab(series={histories_of(X): way}, dropout=0.3, **parameters)


def _table_and_events(X: pd.DataFrame) -> Any:
    """A stack of the usual members, which read the table, and a network of the histories."""
    histories = histories_of(X)
    table = [column for column in X if column != histories]
    # Features are named after the column that they summarise.
    plain = [column for column in X if not column.startswith(f"{histories} ")]
    members = [
        ("linear", skmtl.MultiTaskLinear(), table),
        ("rmtgb", skmtl.RMTGB(), table),
        ("multitab", skmtl.MultiTab(), table),
        ("events", _reader(X, "events"), plain),
    ]
    return skmtl.StackedTasks(estimators=members, random_state=0)


def _line_and_trees(X: pd.DataFrame) -> Any:
    """A stack of a linear model of all features, and boosting of the summary."""
    summary = [column for column in X if " kernel " not in column]
    members = [
        ("linear", skmtl.MultiTaskLinear(penalty="ridge"), list(X)),
        ("rmtgb", skmtl.RMTGB(), summary),
    ]
    return skmtl.StackedTasks(estimators=members, random_state=0)


def _balanced_kind(label: pd.Series) -> Any:
    from skmtl.tasks import Binary, Multiclass

    return (Binary if label.nunique() == 2 else Multiclass)(class_weight="balanced")


def _numbers(X: pd.DataFrame) -> np.ndarray:
    return X.to_numpy(dtype=np.float64)


def _boosted(label: pd.Series, **more: Any) -> Any:
    cls = lightgbm.LGBMRegressor if label.dtype.kind == "f" else lightgbm.LGBMClassifier
    return cls(n_estimators=200, learning_rate=0.05, n_jobs=1, verbose=-1, random_state=0, **more)


def _linear(label: pd.Series) -> Any:
    """Ridge; logistic where chances are asked for. The penalty is chosen by cross-validation."""
    if label.dtype.kind == "f":
        last: Any = RidgeCV(_PENALTIES)
    elif label.dtype == bool:
        last = LogisticRegressionCV(
            Cs=np.logspace(-4, 0, 5),
            l1_ratios=(0,),
            cv=3,
            scoring="neg_log_loss",
            max_iter=500,
            use_legacy_attributes=False,
        )
    else:
        last = RidgeClassifierCV(_PENALTIES)
    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    return make_pipeline(imputer, StandardScaler(), last)


def _recurrent(cell: str) -> Model:
    from benchmarks._histories.recurrent import Recurrent

    return Recurrent(cell)


MODELS: dict[str, Callable[[], Model]] = {
    "constant": Constant,
    "ridge": lambda: Alone(_linear),
    "lightgbm": lambda: Alone(_boosted),
    "lightgbm_balanced": lambda: Alone(partial(_boosted, class_weight="balanced")),
    "rmtgb": lambda: Ours(lambda X: skmtl.RMTGB(n_bags=1, random_state=0)),
    "linear": lambda: Ours(lambda X: skmtl.MultiTaskLinear(random_state=0)),
    "multitab": lambda: Ours(lambda X: skmtl.MultiTab(n_bags=1, random_state=0)),
    "stacked": lambda: Ours(lambda X: skmtl.StackedTasks(random_state=0)),
    "stacked_balanced": lambda: Balanced(lambda X: skmtl.StackedTasks(random_state=0)),
    "stacked_parts": lambda: Balanced(_line_and_trees),
    "stacked_events": lambda: Ours(_table_and_events),
    "events": lambda: Ours(partial(_reader, way="events", random_state=0)),
    "tcn": lambda: Ours(partial(_reader, way="tcn", random_state=0)),
    "wavelet": lambda: Ours(partial(_reader, way="wavelet", random_state=0)),
    "gru": lambda: _recurrent("gru"),
    "gru-d": lambda: _recurrent("gru-d"),
}

READERS = ("events", "tcn", "wavelet", "gru", "gru-d")
"""Models that read histories; all others read a table of numbers."""
