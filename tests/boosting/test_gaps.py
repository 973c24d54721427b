"""Values that were not seen in training go to the heavier side of every split."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest

from skmtl.boosting._gaps import Gaps, with_gaps_routed

r = np.random.default_rng(0)
N = 600
X = np.column_stack(
    [r.normal(size=N), r.normal(size=N), r.integers(2, 40, N), r.integers(2, 5, N)]
)
X[:50, 1] = np.nan
Y = 3 * X[:, 0] + np.nan_to_num(X[:, 1], nan=2.0) + (X[:, 2] % 5) + (X[:, 3] == 3)
ALL = np.arange(N)


def grown(X, n_rounds=30, **parameters):
    data = lgb.Dataset(X, Y, categorical_feature=[2, 3])
    settings = {"verbosity": -1, "num_leaves": 6, "cat_smooth": 1, "min_data_per_group": 5}
    return lgb.train(settings | {"num_threads": 1} | parameters, data, n_rounds)


def routed(booster, gaps):
    return lgb.Booster(model_str=with_gaps_routed(booster.model_to_string(), gaps))


def by_hand(booster, row, lost):
    """Return the prediction if unseen values go to the side with more rows."""

    def value(node):
        if "leaf_value" in node:
            return node["leaf_value"]
        sides = (node["left_child"], node["right_child"])
        cell = row[node["split_feature"]]
        if node["split_feature"] in lost:
            sizes = [side.get("internal_count", side.get("leaf_count")) for side in sides]
            return value(sides[0] if sizes[0] >= sizes[1] else sides[1])
        if node["decision_type"] == "==":
            goes_left = int(cell) in set(map(int, str(node["threshold"]).split("||")))
        else:
            goes_left = node["default_left"] if np.isnan(cell) else cell <= node["threshold"]
        return value(sides[0] if goes_left else sides[1])

    trees = booster.dump_model()["tree_info"]
    return sum(value(tree["tree_structure"]) for tree in trees)


def test_rows_without_gaps_take_the_same_way():
    booster = grown(X)
    new = routed(booster, Gaps.of_rows(X, ALL))
    np.testing.assert_array_equal(new.predict(X), booster.predict(X))
    assert new.model_to_string() != booster.model_to_string()


@pytest.mark.parametrize(("column", "cell"), [(0, np.nan), (2, 0.0), (2, 1.0), (3, 0.0), (3, 1.0)])
def test_gaps_go_to_the_heavier_side(column, cell):
    booster = grown(X)
    new = routed(booster, Gaps.of_rows(X, ALL))
    rows = X[:80].copy()
    rows[:, column] = cell
    expected = [by_hand(booster, row, {column}) for row in rows]
    np.testing.assert_allclose(new.predict(rows), expected, rtol=0, atol=1e-12)
    # SHAP values follow the same branches.
    np.testing.assert_allclose(new.predict(rows, pred_contrib=True).sum(axis=1), expected)


def test_what_was_learnt_of_gaps_stays():
    with_codes = X.copy()
    with_codes[:40, 2], with_codes[40:80, 2] = 0, 1
    booster = grown(with_codes)
    new = routed(booster, Gaps.of_rows(with_codes, ALL))
    rows = X[:80].copy()
    for column, cell in [(1, np.nan), (2, 0.0), (2, 1.0)]:
        rows[:, column] = cell
        np.testing.assert_array_equal(new.predict(rows), booster.predict(rows))


def test_only_the_rows_that_trees_learnt_from_count():
    booster = grown(X)
    new = routed(booster, Gaps.of_rows(X, ALL[50:]))  # without rows in which it is missing
    rows = X[:80].copy()
    rows[:, 1] = np.nan
    expected = [by_hand(booster, row, {1}) for row in rows]
    np.testing.assert_allclose(new.predict(rows), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("has_zero", [False, True])
def test_zero_as_missing(has_zero):
    data = X.copy()
    if has_zero:
        data[:60, 0] = 0.0
    booster = grown(data, zero_as_missing=True)
    new = routed(booster, Gaps.of_rows(data, ALL))
    rows = X[100:180].copy()
    rows[:, 0] = np.nan
    expected = [by_hand(booster, row, {0}) for row in rows]
    if has_zero:
        expected = booster.predict(rows)
    np.testing.assert_allclose(new.predict(rows), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("parameters", [{"min_data_in_leaf": 500}, {"min_gain_to_split": 3.0}])
def test_trees_of_one_leaf(parameters):
    booster = grown(X, **parameters)
    new = routed(booster, Gaps.of_rows(X, ALL))
    np.testing.assert_array_equal(new.predict(X), booster.predict(X))


def test_rows_are_read_in_parts(monkeypatch, tmp_path):
    matrix = np.memmap(tmp_path / "X", dtype=np.float64, mode="w+", shape=X.shape)
    matrix[:] = X
    whole = Gaps.of_rows(matrix, ALL)
    monkeypatch.setattr("skmtl.boosting._gaps._ROWS_AT_ONCE", 7)
    parts = Gaps.of_rows(matrix, ALL)
    np.testing.assert_array_equal(whole.missing, [False, True, False, False])
    for name in ("missing", "zero", "codes"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_sizes_of_the_trees_are_those_that_lightgbm_writes():
    text = with_gaps_routed(grown(X).model_to_string(), Gaps.of_rows(X, ALL))
    again = lgb.Booster(model_str=text).model_to_string()
    sizes = [
        next(line for line in each.split("\n") if line.startswith("tree_sizes"))
        for each in (text, again)
    ]
    assert sizes[0] == sizes[1]
