"""The forms of predictions: arrays like scikit-learn's, or data frames with target names."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

Predictions = Mapping[Hashable, np.ndarray]
Form = Callable[[Predictions, Any, bool], Any]
"""Converts predictions by name, given X and whether y was 1-D, to the result of `predict`."""


def index_of(X: Any) -> pd.Index | None:
    """The index of X, if it is a pandas DataFrame."""
    return X.index if isinstance(X, pd.DataFrame) else None


def as_array(predictions: Predictions, X: Any, single: bool) -> np.ndarray:
    """One column per prediction, and none for a 1-D y."""
    columns = list(predictions.values())
    return columns[0] if single else np.column_stack(columns)


def as_named_frame(predictions: Predictions, X: Any, single: bool) -> pd.DataFrame:
    """A DataFrame with the names of the targets and the index of X."""
    return _frame(predictions, X, tupleize=True)


def as_risk(predictions: Predictions, X: Any, single: bool) -> np.ndarray | pd.DataFrame:
    """An array of one risk, or a frame of several, whose names may be pairs."""
    if len(predictions) == 1:
        return next(iter(predictions.values()))
    return _frame(predictions, X, tupleize=False)


def _frame(predictions: Predictions, X: Any, *, tupleize: bool) -> pd.DataFrame:
    frame = pd.DataFrame(dict(enumerate(predictions.values())), index=index_of(X))
    names = tuple(predictions)
    frame.columns = _names_index(names, tuple(map(type, names)), tupleize)
    return frame


@lru_cache(maxsize=64)
def _names_index(names: tuple[Hashable, ...], types: tuple[type, ...], tupleize: bool) -> pd.Index:
    """The names as an index, which takes as long to make as a row to encode.

    The types tell 1, 1.0 and True apart.
    """
    return pd.Index(list(names), tupleize_cols=tupleize)
