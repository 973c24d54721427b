"""Ways from histories to a table of numbers.

tsfresh and aeon are imported where they are used: they need an environment of their own, for their
pandas and scikit-learn are older than those of this package.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import pandas as pd

from skmtl.histories import ConvolutionFeatures, HistoriesDtype, SeriesSummary

WINDOWS = {"physionet2012": (6, 24), "hydraulic": (10, 30), "cmapss": (5, 20, 50)}


class Table(Protocol):
    """A transformer of frames."""

    def fit(self, X: pd.DataFrame) -> Any: ...

    def transform(self, X: pd.DataFrame) -> pd.DataFrame: ...


class AsTheyAre:
    """Histories, for networks that read them."""

    def fit(self, X: pd.DataFrame) -> AsTheyAre:
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        return X


class Beside:
    """The features of several transformers, without the other columns but once."""

    def __init__(self, *tables: Table) -> None:
        self.tables = tables

    def fit(self, X: pd.DataFrame) -> Beside:
        for table in self.tables:
            table.fit(X)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        first, *rest = (table.transform(X) for table in self.tables)
        return pd.concat([first, *(one.drop(columns=_others(X)) for one in rest)], axis=1)


class WithHistories:
    """A table of features, and the histories beside it."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def fit(self, X: pd.DataFrame) -> WithHistories:
        self.table.fit(X)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        return self.table.transform(X).join(X[[histories_of(X)]])


class MiniRocket:
    """aeon's MiniRocket, for series of one length."""

    def __init__(self, n_features: int = 10_000) -> None:
        self.n_features = n_features

    def fit(self, X: pd.DataFrame) -> MiniRocket:
        from aeon.transformations.collection.convolution_based import MiniRocket as Transform

        self.transform_ = Transform(n_kernels=self.n_features, random_state=0)
        self.transform_.fit(self.array(X))
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        return _joined(X, self.transform_.transform(self.array(X)))

    def array(self, X: pd.DataFrame) -> np.ndarray:
        """Series of one length, (n, n_variables, length)."""
        wide = long_events(X).pivot(index=["row", "variable"], columns="time", values="value")
        return wide.to_numpy(dtype=np.float64).reshape(len(X), -1, wide.shape[1])


class Tsfresh:
    """The minimal features of tsfresh, of each variable."""

    def fit(self, X: pd.DataFrame) -> Tsfresh:
        self.columns = _tsfresh(X).columns
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        return _joined(X, _tsfresh(X).reindex(columns=self.columns).to_numpy())


def _summary(name: str) -> Table:
    return SeriesSummary(WINDOWS[name], window_statistics=("count", "mean", "slope"))


def _unscaled() -> Table:
    """Chosen on groups of the training part of hydraulic's first fold."""
    return ConvolutionFeatures(9996, standardize=False, random_state=0)


TABLES: dict[str, Callable[[str], Table]] = {
    "summary": _summary,
    "convolutions": lambda name: ConvolutionFeatures(random_state=0),
    "convolutions, 9996": lambda name: ConvolutionFeatures(9996, random_state=0),
    "convolutions, 9996, unscaled": lambda name: _unscaled(),
    "both, 9996, unscaled": lambda name: Beside(_summary(name), _unscaled()),
    "both": lambda name: Beside(_summary(name), ConvolutionFeatures(random_state=0)),
    "minirocket": lambda name: MiniRocket(),
    "tsfresh": lambda name: Tsfresh(),
    "histories": lambda name: AsTheyAre(),
    "summary, histories": lambda name: WithHistories(_summary(name)),
}
"""By the name of the set."""

PACKAGES = {"minirocket": "aeon", "tsfresh": "tsfresh"}
"""What a table needs besides this package."""


def histories_of(X: pd.DataFrame) -> str:
    """The column of histories."""
    return next(column for column in X if isinstance(X[column].dtype, HistoriesDtype))


def long_events(X: pd.DataFrame) -> pd.DataFrame:
    """Row, time, variable and value of all events."""
    cells = [cell.to_frame() for cell in X[histories_of(X)]]
    return pd.concat(cells, keys=range(len(cells)), names=["row", None]).reset_index(level="row")


def _tsfresh(X: pd.DataFrame) -> pd.DataFrame:
    from tsfresh import extract_features
    from tsfresh.feature_extraction import MinimalFCParameters

    return extract_features(
        long_events(X).dropna(),
        column_id="row",
        column_sort="time",
        column_kind="variable",
        column_value="value",
        default_fc_parameters=MinimalFCParameters(),
        n_jobs=0,
        disable_progressbar=True,
    ).reindex(range(len(X)))


def _others(X: pd.DataFrame) -> list[Any]:
    return [column for column in X if column != histories_of(X)]


def _joined(X: pd.DataFrame, features: np.ndarray) -> pd.DataFrame:
    names = [f"feature {i}" for i in range(features.shape[1])]
    return X[_others(X)].join(pd.DataFrame(features, X.index, names))
