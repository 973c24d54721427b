"""Values that are missing in predict alone, in columns that had none in `fit`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl import RMTGB, MultiTabRegressor, RMTGBRegressor
from skmtl.tables import ArrayTable

r = np.random.default_rng(0)
N = 600
X = pd.DataFrame({"x": r.random(N), "z": r.random(N), "id": np.arange(N) % 3})
MIXED = X.assign(c=r.choice(["a", "b", "b", "b"], N))
Y = 10 + 10 * X["x"]
BLOCKS = [["linear", "shared"], ["shared"], ["signature"], ["partition"], ["task"], "auto"]
FEW = {"n_bags": 1, "n_rounds": 60, "random_state": 0}
LOST = pd.DataFrame({"x": [np.nan] * 3, "z": 0.5, "id": [0, 1, 2]})


@pytest.mark.parametrize("blocks", BLOCKS)
def test_boosting_goes_the_way_of_most_rows(blocks):
    model = RMTGBRegressor(task_column="id", blocks=blocks, **FEW).fit(X, Y)
    predicted = model.predict(LOST)
    np.testing.assert_allclose(predicted, 15, atol=1.5)  # 10 if it were the number 0
    rows = [model.predict(LOST.iloc[[i]])[0] for i in range(3)]
    np.testing.assert_array_equal(rows, predicted)
    np.testing.assert_allclose(model.shap_values(LOST).sum(axis=1), predicted)
    np.testing.assert_array_equal(skmtl.score_frame(model, LOST).iloc[:, 0].to_numpy(), predicted)
    *_, last = model.staged_predict(LOST)
    np.testing.assert_allclose(last, predicted)


def test_wide_targets_and_arrays():
    data = X.to_numpy()[:, :2]
    model = RMTGB(**FEW).fit(data, np.column_stack([Y, -Y]))
    predicted = model.predict([[np.nan, 0.5]]).to_numpy()
    np.testing.assert_allclose(predicted, [[15, -15]], atol=1.5)
    again = RMTGB(**FEW).fit(ArrayTable(data, rows_in_memory=N), np.column_stack([Y, -Y]))
    np.testing.assert_allclose(again.predict([[np.nan, 0.5]]), predicted)


def test_a_task_that_had_no_gap_beside_one_that_had():
    data = X.assign(x=X["x"].where((X["id"] > 0) | (X["z"] > 0.3)))
    model = RMTGBRegressor(task_column="id", blocks=["task"], **FEW).fit(data, Y)
    np.testing.assert_allclose(model.predict(LOST), 15, atol=1.5)


def test_unknown_and_missing_categories_go_the_way_of_most_rows():
    y = 10.0 * (MIXED["c"] == "b")
    model = RMTGBRegressor(**FEW).fit(MIXED[["c", "z"]], y)
    lost = pd.DataFrame({"c": ["new", None], "z": 0.5})
    np.testing.assert_allclose(model.predict(lost), 10, atol=1.0)
    # Where LightGBM had missing ones to learn from, nothing is decided for it.
    holed = MIXED["c"].where(MIXED["z"] > 0.2)
    model = RMTGBRegressor(**FEW).fit(MIXED[["z"]].assign(c=holed), y.where(holed.notna(), -20))
    assert model.predict(pd.DataFrame({"z": [0.5], "c": [None]}))[0] < -15


def test_lightgbm_may_be_told_to_read_zeros():
    settings = FEW | {"lightgbm_params": {"use_missing": False}, "blocks": ["shared"]}
    off = RMTGBRegressor(**settings).fit(X[["x"]], Y)
    np.testing.assert_array_equal(
        off.predict(pd.DataFrame({"x": [np.nan]})), off.predict(pd.DataFrame({"x": [0.0]}))
    )


@pytest.mark.parametrize("embedding", ["linear", "periodic", "piecewise_linear"])
def test_networks_take_the_median_and_no_category(embedding):
    model = MultiTabRegressor(
        n_bags=1,
        max_epochs=2,
        row_size=8,
        embedding_size=4,
        n_heads=2,
        numeric_embedding=embedding,
        early_stopping=False,
        random_state=0,
    )
    data = MIXED[["x", "z", "c"]]
    model.fit(data, Y)
    lost = pd.DataFrame({"x": [np.nan, 0.5], "z": [0.2, np.nan], "c": ["a", None]})
    filled = lost.fillna(data[["x", "z"]].median()).fillna({"c": "never seen"})
    np.testing.assert_array_equal(model.predict(lost), model.predict(filled))
    # What is missing in fit has a token of its own.
    holed = data.assign(x=data["x"].where(data["z"] > 0.5), c=data["c"].where(data["z"] < 0.5))
    model.fit(holed, Y)
    assert (model.predict(lost) != model.predict(filled)).all()
