"""Tables that the models of the corpus learn from, and rows to ask them about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from skmtl.datasets import make_survival

UNHEARD_OF = "unheard of"


def asked(X: Any, ids: Any = None, unseen: Sequence[Any] = ()) -> Any:
    """Some of the rows, then some with missing values, unknown categories and huge numbers.

    Parameters
    ----------
    X : DataFrame or ndarray of shape (n_samples, n_features)
    ids : label or int, default=None
        The column of long data with the ids, which stay as they are.
    unseen : sequence of ids, default=()
        Put in the place of those of the fourth row and of the last but one.
    """
    if isinstance(X, np.ndarray):
        rows = X[:20].astype(float)
        rows[[14, 15, 16], [0, 1, 0]] = np.nan
        rows[17:19, 0] *= 1e6
    else:
        rows = X.iloc[:20].copy()
        for place, name in enumerate(rows):
            cells = rows[name].astype(object)
            cells.iloc[14 + place % 4] = None
            cells.iloc[18 + place % 2] = _strange_value(rows[name])
            rows[name] = _like(cells, rows[name])
    if ids is None:
        return rows
    if isinstance(X, np.ndarray):
        rows[:, ids] = X[:20, ids]
        rows[[3, 18], ids] = unseen
        return rows
    cells = X[ids].iloc[:20].astype(object)
    cells.iloc[[3, 18]] = list(unseen)
    rows[ids] = _like(cells, X[ids])
    return rows


def _strange_value(column: pd.Series) -> Any:
    observed = column.dropna()
    if pd.api.types.is_bool_dtype(column.dtype) or observed.empty:
        return column.iloc[0]
    if isinstance(observed.iloc[0], str):
        return UNHEARD_OF
    return 100 if column.dtype in (np.int8, "category") else 1e6


def _like(cells: pd.Series, model: pd.Series) -> pd.Series:
    """Cells with the dtype of a column, which may have more categories."""
    if isinstance(model.dtype, pd.CategoricalDtype):
        new = [x for x in cells.dropna().unique() if x not in model.cat.categories]
        return cells.astype(pd.CategoricalDtype([*model.cat.categories, *new], model.cat.ordered))
    if isinstance(model.dtype, np.dtype) and model.dtype.kind in "iub":  # cannot be missing
        cells = cells.where(cells.notna(), model.astype(object))
    return cells.astype(model.dtype)


def every_dtype(n: int = 90) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A column of every dtype, and three targets."""
    rng = np.random.default_rng(3)
    size, few = rng.normal(size=n), rng.integers(0, 4, n)
    words = np.array(["low", "mid", "high", "top"])
    gaps = rng.random((n, 6)) < 0.15
    X = pd.DataFrame(
        {
            "half": size.astype(np.float32),
            "tiny": few.astype(np.int8),
            "whole": pd.Series(rng.integers(-9, 9, n)).astype("Int64").mask(gaps[:, 0]),
            "real": pd.Series(rng.normal(size=n)).astype("Float64").mask(gaps[:, 1]),
            "flag": rng.random(n) < 0.4,
            "perhaps": pd.Series(rng.random(n) < 0.5).astype("boolean").mask(gaps[:, 2]),
            "cells": pd.Series(rng.integers(0, 9, n)).astype(object).mask(gaps[:, 3], None),
            "word": pd.Series(words[few], dtype=object).mask(gaps[:, 4], None),
            "text": pd.Series(rng.choice(["Bern", "Łódź", "Oslo"], n), dtype="str"),
            "code": pd.Categorical(rng.choice([10, 20, 30], n)),
            "level": pd.Categorical(words[few], categories=words, ordered=True),
            "constant": np.ones(n),
            "empty": pd.Series([None] * n, dtype=object),
        }
    )
    signal = size + X["flag"] - 0.3 * few
    Y = pd.DataFrame(
        {
            "price": signal.astype(np.float32),
            "sold": (signal > 0).astype("boolean"),
            "level": pd.Categorical(words[np.digitize(signal, [-1, 0, 1])], words, ordered=True),
        }
    )
    return X, Y.mask(rng.random(Y.shape) < 0.15)


def shops(n: int = 140) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Long data with ids that are text, and targets of six kinds with gaps."""
    rng = np.random.default_rng(4)
    shop = rng.choice(["a", "b", "c", "d", "e"], n, p=[0.3, 0.3, 0.2, 0.15, 0.05])
    X = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "shop": shop,
            "age": pd.Series(rng.integers(0, 90, n)).astype("Int64").mask(rng.random(n) < 0.1),
            "new": rng.random(n) < 0.5,
            "city": pd.Series(rng.choice(["Bern", "Łódź", "Oslo"], n)).mask(rng.random(n) < 0.1),
        }
    )
    signal = np.where(shop == "d", -1, 1) * X["size"] + X["new"] + (shop == "b")
    Y = pd.DataFrame(
        {
            "price": 100 + 20 * signal,
            "visits": rng.poisson(np.exp(signal / 3)),
            "sold": np.where(signal > 0.5, "yes", "no"),
            "grade": np.array(["C", "B", "A"])[np.digitize(signal, [0, 1.2])],
            "risk": np.digitize(signal, [-0.5, 0.5, 1.5]),
            "delay": signal**2,
        }
    )
    return X, Y.mask(rng.random(Y.shape) < 0.15)


def hospital(n: int = 110) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Times to events, one with competing causes, beside a number and a class."""
    X, y = make_survival(n, kind="competing", random_state=5)
    rng = np.random.default_rng(5)
    X["clinic"] = rng.choice(["north", "south", "west"], n)
    X["old"] = X["x_0"] > 0.3
    X["dose"] = pd.Series(rng.integers(1, 5, n)).astype("Int64").mask(rng.random(n) < 0.1)
    X["weight"] = rng.uniform(0, 3, n).round(1)
    signal = X["x_0"] + X["x_1"] + (X["clinic"] == "west")
    Y = pd.DataFrame(
        {
            "died": y["event"] == 1,
            "days": y["duration"],
            "cause": y["event"].astype(float),
            "left": (y["event"] == 2).astype(float),
            "weeks": y["duration"] / 7,
            "since": (y["duration"] / 7 * rng.random(n) * 0.5),
            "stay": signal * 3 + 10,
            "ward": np.where(signal > 0.5, "long", "short"),
        }
    )
    Y[["stay", "ward"]] = Y[["stay", "ward"]].mask(rng.random((n, 2)) < 0.15)
    gone = rng.random(n) < 0.15
    Y.loc[gone, ["cause", "left", "weeks", "since"]] = np.nan
    return X, Y
