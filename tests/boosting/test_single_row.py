"""LightGBM's function for single rows gives exactly the results of that for tables."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import lightgbm as lgb
import numpy as np
import pytest

from skmtl.boosting._ensemble import Trees

N_ROWS = 40


@pytest.fixture(scope="module")
def matrix():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(300, 5))
    matrix[:, 4] = rng.integers(0, 9, 300)
    matrix[::7, 1] = np.nan
    matrix[::5, 2] = 0.0
    return matrix


def grown(matrix, n_scores):
    labels = np.digitize(np.nan_to_num(matrix[:, 1]) + matrix[:, 0], [-0.5, 0.5])
    parameters = {"verbosity": -1, "num_leaves": 6}
    if n_scores > 1:
        parameters |= {"objective": "multiclass", "num_class": n_scores}
    data = lgb.Dataset(matrix, labels, categorical_feature=[4])
    text = lgb.train(parameters, data, num_boost_round=20).model_to_string()
    return Trees(lgb.Booster(model_str=text), n_scores)


@pytest.fixture(params=[1, 3])
def trees(request, matrix):
    return grown(matrix, request.param)


def alone(trees, matrix):
    return np.concatenate([trees.predict(matrix[i : i + 1], 1, 0, 0) for i in range(len(matrix))])


def test_a_row_has_the_bits_that_it_has_in_a_table(trees, matrix):
    rows = matrix[:N_ROWS]
    expected = trees.predict(rows, 1, 0, 0)
    assert len(np.unique(expected)) > N_ROWS / 2
    np.testing.assert_array_equal(alone(trees, rows), expected)
    for layout in (np.asfortranarray(rows), np.repeat(rows, 2, axis=1)[:, ::2]):
        np.testing.assert_array_equal(alone(trees, layout), expected)
    short = rows.astype(np.float32)
    np.testing.assert_array_equal(alone(trees, short), trees.predict(short, 1, 0, 0))


def test_some_of_the_rounds_in_another_thread_do_not_matter(trees, matrix):
    """LightGBM stores the last requested range of rounds in the booster."""
    rows = matrix[:N_ROWS]
    expected, some = trees.predict(rows, 1, 0, 0), trees.predict(rows, 1, 3, 7)

    def differs(number):
        if number % 2:
            return not np.array_equal(trees.predict(rows, 1, 3, 7), some)
        if number % 4:
            return not np.array_equal(trees.predict(rows, 1, 0, 0), expected)
        return not np.array_equal(alone(trees, rows[:3]), expected[:3])

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(differs, range(400))) == 0


def test_some_of_the_rounds_in_between_do_not_matter(trees, matrix):
    rows = matrix[:N_ROWS]
    expected = trees.predict(rows, 1, 0, 0)
    alone(trees, rows)
    some = trees.predict(rows, 1, 3, 7)
    np.testing.assert_array_equal(alone(trees, rows), expected)
    trees.contributions(rows, 1)
    np.testing.assert_array_equal(alone(trees, rows), expected)
    one = np.concatenate([trees.predict(rows[i : i + 1], 1, 3, 7) for i in range(N_ROWS)])
    np.testing.assert_array_equal(one, some)


def test_copies_and_threads_score_alike(trees, matrix):
    expected = trees.predict(matrix, 1, 0, 0)
    trees.predict(matrix[:1], 1, 0, 0)
    for other in (copy.deepcopy(trees), pickle.loads(pickle.dumps(trees))):
        np.testing.assert_array_equal(alone(other, matrix[:N_ROWS]), expected[:N_ROWS])
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda row: trees.predict(row[None], 1, 0, 0), matrix))
    np.testing.assert_array_equal(np.concatenate(found), expected)


def test_a_row_of_another_width_is_refused(trees, matrix):
    with pytest.raises(ValueError, match=r"shape \(1, 4\), but the trees have 5 features"):
        trees.predict(matrix[:1, :4], 1, 0, 0)
