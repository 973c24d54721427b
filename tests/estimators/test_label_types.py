"""Labels of unusual types are learnt as the numbers or classes that they are."""

from __future__ import annotations

import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from skmtl import RMTGB, MultiTaskLinear, RMTGBClassifier

N = 60
X = pd.DataFrame({"size": np.arange(N, dtype=float)})
LARGE = 2**63 + np.arange(N, dtype=np.uint64) * 2**54

NUMBERS = {
    "uint64": LARGE,
    "UInt64": pd.array(LARGE, dtype="UInt64"),
    "uint64 of Arrow": pd.array(LARGE, dtype="uint64[pyarrow]"),
    "integers of more than 64 bits": pd.Series([10**20 * i for i in range(N)], dtype=object),
    "decimals beside floats": pd.Series([Decimal(i) if i % 2 else i + 0.5 for i in range(N)]),
    "float16": X["size"].to_numpy(dtype=np.float16) + np.float16(0.5),
}


@pytest.mark.parametrize("labels", NUMBERS.values(), ids=NUMBERS)
def test_numbers_are_learnt_as_numbers(labels):
    y = pd.DataFrame({"price": labels})
    model = MultiTaskLinear().fit(X, y)
    assert model.task_kinds_ == {"price": "regression"}
    expected = y["price"].astype(float)
    np.testing.assert_allclose(
        model.predict(X)["price"], expected, rtol=0.01, atol=0.01 * expected.max()
    )


@pytest.mark.parametrize("dtype", ["uint64", "UInt64", "uint64[pyarrow]"])
def test_classes_beyond_int64_keep_their_value(dtype):
    ids = pd.Series([2**63 + i // 30 for i in range(N)], dtype=dtype)
    model = RMTGBClassifier(n_rounds=3, n_bags=1, random_state=0).fit(X, ids)
    assert model.predict(X[::59]).tolist() == [2**63, 2**63 + 1]


def test_classes_beyond_int64_keep_their_value_where_labels_weigh_nothing():
    y = pd.DataFrame({"id": [2**63 + i // 30 for i in range(N)], "size": X["size"] > 9})
    weight = np.column_stack([np.arange(N) > 2, np.ones(N)])
    settings = {"n_rounds": 1, "n_bags": 1, "blocks": ("shared",), "random_state": 0}
    model = RMTGB(tasks="binary", **settings).fit(X, y.astype({"id": "uint64"}), weight)
    assert model.classes_[0].tolist() == [2**63, 2**63 + 1]


def test_zeros_and_ones_of_half_precision_are_binary():
    y = pd.DataFrame({"late": (np.arange(N) >= 30).astype(np.float16)})
    model = RMTGB(n_rounds=3, n_bags=1, random_state=0).fit(X, y)
    assert model.task_kinds_ == {"late": "binary"}
    assert model.predict(X[::59])["late"].tolist() == [0.0, 1.0]


def test_numbers_that_are_text_are_told_apart_from_classes():
    y = pd.DataFrame({"price": X["size"].map("{:.1f}".format)})
    y.loc[7, "price"] = "?"
    settings = {"n_rounds": 1, "n_bags": 1, "blocks": ("shared",), "random_state": 0}
    with pytest.warns(UserWarning, match=r"Task .price. is text, but 59 of its 60 .*`tasks`"):
        RMTGB(**settings).fit(X, y)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Task 'price'")
        RMTGB(tasks={"price": "multiclass"}, **settings).fit(X, y)
        RMTGB(**settings).fit(X, y.assign(price=np.where(X["size"] < 30, "0", "1")))
