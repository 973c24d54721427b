"""Which tasks can replace each other, belong together, and help each other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal
from sklearn.linear_model import LinearRegression

from skmtl import RMTGB, RMTGBRegressor
from skmtl.datasets import make_task_groups
from skmtl.inspection import cross_task_errors, select_sources, suggest_groups

QUICK = {"n_bags": 1, "n_rounds": 40, "learning_rate": 0.1, "random_state": 0}


def blocks(sizes, within, between):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    values = np.where(groups[:, None] == groups, within, between)
    np.fill_diagonal(values, 1.0)
    names = [f"t{i}" for i in range(len(groups))]
    return pd.DataFrame(values, names, names)


@given(
    sizes=st.lists(st.integers(1, 4), min_size=2, max_size=5),
    within=st.floats(0.7, 0.95),
    between=st.floats(-0.5, 0.2),
    seed=st.integers(0, 100),
)
def test_clear_groups_are_found_in_whatever_order(sizes, within, between, seed):
    if max(sizes) == 1:
        within = 1.0  # nothing has anything in common
    affinity = blocks(sizes, within, between)
    order = np.random.default_rng(seed).permutation(len(affinity))
    found = suggest_groups(affinity.iloc[order, order])
    ends = np.cumsum([0, *sizes])
    planted = {frozenset(affinity.columns[a:b]) for a, b in pairwise(ends)}
    assert {frozenset(group) for group in found} == planted


def test_all_alike_are_one_group_and_all_unlike_are_alone():
    assert suggest_groups(blocks([4], 0.9, 0)) == [["t0", "t1", "t2", "t3"]]
    assert suggest_groups(blocks([1, 1, 1], 1, 0.1)) == [["t0"], ["t1"], ["t2"]]
    assert suggest_groups(blocks([1], 1, 0)) == [["t0"]]


def test_the_number_of_groups_may_be_given():
    affinity = blocks([2, 1, 1], 0.9, 0.1)
    assert len(suggest_groups(affinity, n_groups=2)) == 2
    assert len(suggest_groups(affinity, n_groups=4)) == 4


def test_one_direction_is_enough():
    affinity = blocks([1, 1, 1], 1, 0.0)
    affinity.loc["t0", "t2"] = 0.9
    assert suggest_groups(affinity) == [["t0", "t2"], ["t1"]]


@pytest.mark.parametrize(
    ("affinity", "n_groups", "message"),
    [
        (np.eye(2), None, "must be a DataFrame"),
        (blocks([2], 1, 0).iloc[:, ::-1], None, "the same tasks as rows"),
        (blocks([2], np.nan, 0), None, r"tasks \['t0', 't1'\] is NaN"),
        (blocks([2], 1, 0), 3, "between 1 and 2"),
        (blocks([2], 1, 0), 1.5, "between 1 and 2 tasks, got 1.5"),
        (blocks([2], 1, 0), "two", "between 1 and 2 tasks, got 'two'"),
    ],
)
def test_what_cannot_be_grouped_is_refused(affinity, n_groups, message):
    with pytest.raises(ValueError, match=message):
        suggest_groups(affinity, n_groups=n_groups)


def linear_tasks(slopes, n=400):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 2))
    Y = X @ np.array(slopes, dtype=float).T
    return X, pd.DataFrame(Y, columns=[f"t{i}" for i in range(len(slopes))])


def test_the_errors_of_linear_functions_are_one_minus_their_squared_correlation():
    X, Y = linear_tasks([(1, 0), (0, 1), (3, 4), (-30, -40)])
    result = cross_task_errors(LinearRegression(), X, Y + 7, random_state=0)
    expected = pd.DataFrame(
        [[0, 1, 0.64, 1], [1, 0, 0.36, 1], [0.64, 0.36, 0, 1], [1, 1, 1, 0.0]],
        index=Y.columns,
        columns=Y.columns,
    )
    assert_frame_equal(result.errors, expected, atol=0.12)
    assert_allclose(result.affinity.loc["t0", "t2"], 0.6, atol=0.1)
    assert_allclose(result.affinity, np.sqrt(1 - result.errors.clip(upper=1)), atol=1e-6)


def test_units_do_not_matter_and_missing_labels_are_left_out():
    X, Y = linear_tasks([(1, 0), (1, 1)])
    Y.iloc[:200, 1] = np.nan
    plain = cross_task_errors(LinearRegression(), X, Y, random_state=0).errors
    scaled = cross_task_errors(LinearRegression(), X, 1000 * Y - 5, random_state=0).errors
    assert_frame_equal(plain, scaled, atol=1e-6)


def test_kinds_may_be_mixed():
    X, Y = make_task_groups(
        300, groups=(0, 0, 1), kind=("regression", "binary", "regression"), common_weight=1,
        random_state=0,
    )  # fmt: skip
    Y["three"] = pd.cut(Y["task_0"], 3, labels=["a", "b", "c"]).astype(str)
    affinity = cross_task_errors(RMTGB(**QUICK), X, Y, random_state=0).affinity
    related = ["task_0", "task_1", "three"]
    assert (affinity.loc[related, related].to_numpy() > 0.6).all()
    assert (affinity.loc["task_2", related].to_numpy() < 0.4).all()


@pytest.mark.parametrize("seed", range(2))
def test_the_sources_of_a_rarely_labelled_target_are_its_group(seed):
    X, Y = make_task_groups(
        600, groups=(0, 0, 1, 1, 2), sign=(1, 1, 1, 1, 1), missing=(0.85, 0, 0, 0, 0),
        common_weight=0.95, random_state=seed,
    )  # fmt: skip
    found = select_sources(RMTGBRegressor(**QUICK), X, Y, "task_0", random_state=seed)
    assert found.sources == ["task_1"]
    assert (found.relevance.drop("task_1").abs() < 0.1 * found.relevance["task_1"]).all()
    assert found.error < 0.7


def test_a_source_in_the_opposite_direction_has_a_negative_relevance():
    X, Y = linear_tasks([(1, 0), (-1, 0), (0, 1)])
    found = select_sources(LinearRegression(), X, Y, "t0", random_state=0)
    assert found.sources == []
    assert_allclose(found.relevance["t1"], -1, atol=0.05)
    assert found.relevance.index[0] == "t1"


def test_the_combination_of_linear_functions_is_found():
    X, Y = linear_tasks([(3, 4), (1, 0), (0, 1), (0, 2)])
    found = select_sources(LinearRegression(), X, Y[["t0", "t1", "t2"]], "t0", random_state=0)
    assert found.sources == ["t2", "t1"]
    assert_allclose(found.relevance, [0.8, 0.6], atol=0.1)
    assert found.error < 0.05


def test_the_target_may_be_an_id_of_long_data():
    X, y = make_task_groups(
        200, groups=(0, 0, 1), layout="long", missing=(0.7, 0, 0), common_weight=1, random_state=0
    )
    model = RMTGBRegressor(task_column="task", **QUICK)
    assert select_sources(model, X, y, "task_0", random_state=0).sources == ["task_1"]


@pytest.mark.parametrize(
    ("target", "change", "message"),
    [
        ("t9", {}, "must be one of several tasks"),
        ("t0", {"t0": lambda Y: Y["t0"].where(Y.index < 8)}, "'t0' has 8 held-out labels"),
        ("t0", {"t0": lambda Y: np.array(list("abc"))[Y.index % 3]}, "3 unordered classes"),
    ],
)
def test_targets_that_cannot_be_served_are_refused(target, change, message):
    X, Y = linear_tasks([(1, 0), (0, 1)], n=60)
    with pytest.raises(ValueError, match=message):
        select_sources(RMTGB(**QUICK), X, Y.assign(**change), target, random_state=0)
