"""Whole numbers that are called ids are warned of."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest

from skmtl import MultiTaskLinearRegressor

N = 200
RNG = np.random.default_rng(0)


def fit(name, values, **others):
    X = pd.DataFrame({name: values, "size": RNG.normal(size=N), **others})
    MultiTaskLinearRegressor(alpha=1.0, early_stopping=False).fit(X, X["size"])


@pytest.mark.parametrize("name", ["id", "user_id", "UserID", "userId", "device uuid"])
@pytest.mark.parametrize("dtype", [np.int64, np.float64, "Int64"])
def test_ids_are_named(name, dtype):
    values = pd.Series(RNG.integers(1000, 1050, N)).astype(dtype)
    message = f"Column {name!r} of X has integers and is called an id"
    with pytest.warns(UserWarning, match=re.escape(message)):
        fit(name, values)


def test_several_ids_are_one_warning():
    values = RNG.integers(0, 50, N)
    with pytest.warns(UserWarning, match=r"'a_id' .*\(so are \['b_id'\]\)") as seen:
        fit("a_id", values, b_id=values[::-1])
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("paid", RNG.integers(0, 50, N)),
        ("price_index", RNG.integers(0, 50, N)),
        ("user_id", RNG.integers(0, 50, N) + 0.5),
        ("user_id", RNG.integers(0, 5, N)),
        ("user_id", pd.Series(RNG.integers(0, 50, N)).astype("category")),
    ],
)
def test_others_are_not(name, values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(name, values)
