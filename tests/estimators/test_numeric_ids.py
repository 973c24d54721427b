"""Whole numbers that are called ids are warned of."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from skmtl import (
    RMTGB,
    GroupedTasks,
    MultiTab,
    MultiTaskLinear,
    MultiTaskLinearRegressor,
    StackedTasks,
    TunedThresholds,
)
from skmtl.tables import ParquetTable

N = 200
RNG = np.random.default_rng(0)


def fit(name, values, **others):
    X = pd.DataFrame({name: values, "size": RNG.normal(size=N), **others})
    MultiTaskLinearRegressor(alpha=1.0, early_stopping=False).fit(X, X["size"])


@pytest.mark.parametrize("name", ["id", "user_id", "UserID", "userId", "userid", "a uuid", "uid"])
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
        ("fluid", RNG.integers(0, 50, N)),
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


ESTIMATORS = {
    "boosting": RMTGB(blocks=("shared",), n_rounds=2, n_bags=1),
    "linear": MultiTaskLinear(alpha=1.0, early_stopping=False),
    "network": MultiTab(max_epochs=1, n_bags=1, n_members=1, row_size=4, n_jobs=1),
    "stack": StackedTasks(
        estimators=[(name, MultiTaskLinear(alpha=1.0, early_stopping=False)) for name in "ab"],
        early_stopping=False,
    ),
    "tuned": TunedThresholds(MultiTaskLinear(alpha=1.0, early_stopping=False), cv=2),
    "grouped": GroupedTasks(
        MultiTaskLinear(alpha=1.0, early_stopping=False), groups=[["late"], ["large"]]
    ),
}


@pytest.fixture(scope="module")
def orders():
    X = pd.DataFrame({"user_id": RNG.integers(0, 50, N), "size": RNG.normal(size=N)})
    return X, pd.DataFrame({"late": X["size"] > 0, "large": X["user_id"] > 20})


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_warns(name, orders):
    with pytest.warns(UserWarning, match="Column 'user_id' of X has integers"):
        clone(ESTIMATORS[name]).fit(*orders)


def test_rows_on_disk_are_warned_of(orders, tmp_path):
    orders[0].assign(late=orders[1]["late"]).to_parquet(tmp_path / "0.parquet")
    with pytest.warns(UserWarning, match="Column 'user_id' of X has integers"):
        clone(ESTIMATORS["boosting"]).fit(ParquetTable(tmp_path), "late")
