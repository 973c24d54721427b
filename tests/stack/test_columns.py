"""Members of a stack that read some of the columns only."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from sklearn.base import clone

import skmtl
from skmtl import (
    RMTGB,
    MultiTab,
    MultiTaskLinear,
    MultiTaskLinearRegressor,
    RMTGBRegressor,
    StackedTasks,
)
from skmtl.datasets import make_outlier_tasks
from skmtl.export import onnx_inputs, to_onnx
from skmtl.histories import Histories

SMALL = {"max_epochs": 3, "row_size": 16, "n_members": 2, "n_blocks": 1}


def table(n=200, seed=0):
    """Two numbers that are the targets, a category and a number that is missing everywhere."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 2)), columns=["a", "b"])
    X.insert(1, "city", rng.choice(["Bern", "Rome", None], n))
    noise = 0.1 * rng.normal(size=(n, 2))
    return X, pd.DataFrame({"of_a": X["a"] + noise[:, 0], "of_b": X["b"] + noise[:, 1]})


@pytest.fixture(scope="module")
def data():
    return table()


@pytest.fixture(scope="module")
def stack(data):
    members = [
        ("left", MultiTaskLinear(), ["city", "a"]),
        ("right", MultiTaskLinear(), ["b"]),
        ("network", MultiTab(**SMALL), ["b", "city"]),
    ]
    return StackedTasks(estimators=members, n_bags=2, random_state=0).fit(*data)


def test_a_target_is_left_to_the_members_that_read_its_column(stack):
    weights = stack.weights_
    assert weights.loc["of_a", "left"] > 0.95
    assert weights.loc["of_b", ["right", "network"]].sum() > 0.95


def test_members_are_those_fitted_to_their_columns_alone(stack, data):
    X, Y = data
    for name, columns in (("left", ["city", "a"]), ("right", ["b"])):
        member = stack.members_[name]
        assert sorted(member.feature_names_in_) == sorted(columns)
        part = X[member.feature_names_in_]
        alone = StackedTasks(estimators=[(name, MultiTaskLinear())], n_bags=2, random_state=0)
        expected = alone.fit(part, Y).predict(part)
        pd.testing.assert_frame_equal(member.predict(part), expected, rtol=1e-9)


def test_the_order_of_a_list_of_columns_is_of_no_consequence(stack, data):
    X, Y = data
    left, *others = stack.estimators
    turned = clone(stack).set_params(estimators=[(*left[:2], left[2][::-1]), *others]).fit(X, Y)
    pd.testing.assert_frame_equal(turned.predict(X), stack.predict(X))


def test_importances_are_zero_where_no_weight_reads(stack):
    shares = stack.feature_importances_by_task_
    assert shares.columns.tolist() == ["a", "city", "b"]
    assert shares.loc["of_a", "a"] > 0.8 and shares.loc["of_b", "b"] > 0.8


def test_files_frames_and_graphs_know_the_columns(stack, data, tmp_path):
    X, _ = data
    stack.save(tmp_path / "stack.skmtl")
    loaded = skmtl.load(tmp_path / "stack.skmtl")
    pd.testing.assert_frame_equal(loaded.predict(X), stack.predict(X))
    assert loaded.members_.keys() == stack.members_.keys()
    scored = skmtl.score_frame(loaded, X)
    assert np.allclose(scored["of_a_prediction"], stack.predict(X)["of_a"])
    session = onnxruntime.InferenceSession(to_onnx(stack).SerializeToString())
    assert [one.name for one in session.get_inputs()] == ["a", "city", "b"]
    of_graph = session.run(["of_b"], onnx_inputs(stack, X))[0]
    np.testing.assert_allclose(of_graph, stack.predict(X)["of_b"], atol=1e-5)


def test_columns_without_any_value_are_warned_of_as_elsewhere(stack, data):
    X, _ = data
    with pytest.warns(UserWarning, match="'a' is missing in all 200 rows"):
        stack.predict(X.assign(a=np.nan))


def test_parameters_of_a_member_with_columns_can_be_set(stack):
    changed = clone(stack).set_params(left__penalty="ridge", right=RMTGB(n_rounds=5))
    (_, left, columns), (_, right, _), _ = changed.estimators
    assert left.penalty == "ridge" and isinstance(right, RMTGB)
    assert columns == ["city", "a"]


def test_a_network_reads_histories_beside_a_table_of_trees():
    rng = np.random.default_rng(1)
    n = 200
    events = pd.DataFrame({"id": np.arange(n), "time": 1.0, "variable": "hr"})
    events["value"] = rng.normal(size=n)
    X = pd.DataFrame({"age": rng.normal(size=n)})
    X["vitals"] = Histories.from_events(
        events, X.index, id="id", time="time", variable="variable", value="value"
    )
    Y = pd.DataFrame({"old": X["age"], "quick": events["value"]})
    network = MultiTab(series={"vitals": "events"}, max_epochs=40, n_members=2, dropout=0.0)
    members = [("line", MultiTaskLinear(), ["age"]), ("network", network, ["vitals"])]
    model = StackedTasks(estimators=members, n_bags=2, random_state=0).fit(X, Y)
    assert model.weights_.loc["old", "line"] > 0.9
    assert model.weights_.loc["quick", "network"] > 0.9
    assert model.score_tasks(X, Y).min() > 0.5


def test_tasks_of_long_data_stay_beside_the_columns():
    X, y = make_outlier_tasks(40, random_state=0)
    first, second, *_ = (name for name in X.columns if name != "task")
    members = [
        ("some", MultiTaskLinearRegressor(), [second, first]),
        ("all", RMTGBRegressor(n_rounds=20, blocks=("task",))),
    ]
    model = StackedTasks(
        estimators=members, task_column="task", n_bags=2, early_stopping=False, random_state=0
    ).fit(X, y)
    some = model.members_["some"]
    part = X[some.feature_names_in_]
    assert set(part.columns) == {"task", first, second}
    alone = clone(members[0][1]).set_params(task_column="task", early_stopping=False).fit(part, y)
    np.testing.assert_allclose(some.predict(part), alone.predict(part), rtol=1e-6)
    mean = (some.predict(part) + model.members_["all"].predict(X)) / 2
    np.testing.assert_allclose(model.predict(X), mean, rtol=1e-6)


def test_columns_of_arrays_are_positions():
    X = np.random.default_rng(0).normal(size=(80, 3))
    Y = X[:, [0, 2]] * 2
    members = [("one", MultiTaskLinear(), [2]), ("others", MultiTaskLinear(), [0, 1])]
    model = StackedTasks(estimators=members, n_bags=2, random_state=0).fit(X, Y)
    assert model.weights_["one"].round(2).tolist() == [0, 1]
    part = pd.DataFrame(X)[[2]]
    np.testing.assert_allclose(model.members_["one"].predict(part)[1], X[:, 2] * 2, atol=0.1)


@pytest.mark.parametrize(
    ("columns", "error"),
    [
        (["citi"], r"\['citi'\], which are not features of X. Did you mean 'city'\?"),
        (["a", "city"], r"No member of the stack reads the columns \['b'\]"),
        ([], "a list of the columns that the estimator reads"),
        (["a", "a"], "a list of the columns that the estimator reads"),
        ("a", "a list of the columns that the estimator reads"),
    ],
)
def test_bad_columns_are_named(columns, error, data):
    with pytest.raises(ValueError, match=error):
        StackedTasks(estimators=[("line", MultiTaskLinear(), columns)]).fit(*data)
