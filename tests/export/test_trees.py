"""Rows take the same path through the trees of a graph as through LightGBM's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl.export import onnx_inputs
from tests.files.cases import BOOSTING, LONG_BLOCKS, long_table

pytest.importorskip("onnx", reason='needs the extra "onnx"')
pytest.importorskip("onnxruntime", reason='needs the extra "onnx"')

from tests.export.graphs import assert_same_outputs, run, session_of

PARAMETERS = BOOSTING | {"n_rounds": 30, "num_leaves": 12, "min_data_in_leaf": 1}


def assert_same_way(model, X):
    """Compare nearly to the last bit: another path would lead to another leaf."""
    found = np.column_stack(list(run(session_of(model), onnx_inputs(model, X)).values()))
    np.testing.assert_allclose(found, model.predict(X).reshape(len(X), -1), rtol=1e-12, atol=1e-12)


def gaps(n: int = 300) -> tuple[pd.DataFrame, pd.Series]:
    """Numbers around zero, many of them equal, with and without missing ones; and y."""
    rng = np.random.default_rng(5)
    X = pd.DataFrame(rng.integers(-3, 4, (n, 4)) / 3, columns=list("abcd"))
    y = (X["a"] == 0) * 2.0 + X["b"] * X["c"] + X["d"].abs() + rng.normal(0, 0.1, n)
    for column, share in {"a": 0.2, "b": 0.5}.items():
        missing = rng.random(n) < share
        y += missing * share
        X.loc[missing, column] = np.nan
    return X, y


def hard_rows(X: pd.DataFrame) -> pd.DataFrame:
    """The rows, and the same with every value moved to the next number up and down, and others."""
    special = [0.0, -0.0, 1e-36, -1e-36, 1e-34, -1e-34, np.nan, 1e308, -1e308]
    extreme = pd.DataFrame({column: special for column in X})
    parts = [X, np.nextafter(X, np.inf), np.nextafter(X, -np.inf), extreme]
    return pd.concat([pd.DataFrame(part, columns=X.columns) for part in parts], ignore_index=True)


@pytest.mark.parametrize("parameters", [
    {}, {"zero_as_missing": True}, {"use_missing": False}, {"max_bin": 5},
], ids=lambda parameters: " ".join(parameters) or "default")  # fmt: skip
def test_numbers_at_the_thresholds_and_missing_ones(parameters):
    X, y = gaps()
    model = skmtl.RMTGBRegressor(lightgbm_params=parameters, **PARAMETERS).fit(X, y)
    assert_same_way(model, hard_rows(X))


def test_missing_values_in_columns_that_had_none():
    X, y = gaps()
    model = skmtl.RMTGBRegressor(**PARAMETERS).fit(X.fillna(0.5), y)
    assert_same_way(model, hard_rows(X))


def test_features_of_single_precision():
    low = np.float32(1)
    high = np.nextafter(low, np.float32(2))
    X = pd.DataFrame({"x": np.array([low, high] * 40)})
    model = skmtl.RMTGBRegressor(**PARAMETERS).fit(X, X["x"] == low)
    # The threshold is the first float64 above the middle: that number itself is not above it,
    # but it is once it has been rounded to the nearest float32.
    middle = (float(low) + float(high)) / 2
    rows = pd.DataFrame({"x": [low, middle, np.nextafter(middle, 2), high]})
    assert model.predict(rows)[2] == model.predict(rows)[3]
    assert_same_way(model, rows)


@pytest.mark.filterwarnings("ignore:Column 'place' of X is text")
@pytest.mark.parametrize("n_categories", [3, 100])
def test_sets_of_categories(n_categories):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({
        "place": rng.integers(0, n_categories, 600).astype(str), "size": rng.normal(size=600),
    })  # fmt: skip
    effect = rng.normal(size=n_categories)
    y = effect[X["place"].astype(int)] * X["size"] + effect[X["place"].astype(int)]
    quick = {"min_data_per_group": 1, "cat_smooth": 1.0, "max_cat_to_onehot": 4}
    model = skmtl.RMTGBRegressor(lightgbm_params=quick, **PARAMETERS).fit(X, y)
    X["place"] = [None, "never seen", *X["place"][2:]]
    assert_same_way(model, X)


@pytest.mark.parametrize("block", ["shared", "signature", "partition", "task"])
def test_blocks_of_long_data(block):
    X, y = long_table(300)
    model = skmtl.RMTGBRegressor(task_column="shop", blocks=[block], **PARAMETERS).fit(X, y)
    X["shop"] += 1
    assert_same_way(model, X)


@pytest.mark.parametrize("block", ["shared", "partition", "task"])
def test_blocks_of_wide_data(block):
    X, y = gaps()
    Y = pd.DataFrame({"first": y, "second": -y + X["c"], "third": y.where(X["d"] > 0)})
    model = skmtl.RMTGBRegressor(blocks=[block], **PARAMETERS | {"n_bags": 2}).fit(X, Y)
    assert_same_way(model, hard_rows(X))


def test_classes_of_long_data_in_all_blocks():
    X, y = long_table(400)
    grade = pd.cut(y, [-9, -0.5, 0.5, 9], labels=["low", "mid", "high"]).rename("grade")
    model = skmtl.RMTGBClassifier(
        task_column="shop", **PARAMETERS | LONG_BLOCKS | {"n_rounds": 6}
    ).fit(X, grade)
    X["shop"] += 1
    assert_same_outputs(model, X)


def test_many_tasks_of_which_some_are_rare():
    rng = np.random.default_rng(2)
    task = np.repeat(np.arange(23), rng.integers(1, 40, 23))
    X = pd.DataFrame({"x": rng.normal(size=len(task)), "task": [f"task {t}" for t in task]})
    y = X["x"] * np.sin(task) + task / 9
    model = skmtl.RMTGBRegressor(task_column="task", **PARAMETERS | {"n_bags": 2}).fit(X, y)
    unseen = X[:30].assign(task="another")
    assert_same_way(model, pd.concat([X, unseen], ignore_index=True))


def test_blocks_that_auto_chooses():
    X, y = long_table(600)
    model = skmtl.RMTGBRegressor(
        task_column="shop", **BOOSTING | {"n_bags": 2, "n_rounds": 20, "min_data_in_leaf": 5}
    ).fit(X, y)
    assert_same_way(model, X)


def test_a_task_that_fit_has_not_seen_is_an_error_where_the_model_says_so():
    X, y = long_table()
    model = skmtl.RMTGBRegressor(task_column="shop", unseen="error", **BOOSTING).fit(X, y)
    session, feed = session_of(model), onnx_inputs(model, X)
    assert run(session, feed)["price"].shape == (len(X),)
    feed["shop"][3] = 99
    with pytest.raises(Exception, match="a_task_that_fit_has_not_seen"):
        run(session, feed)
