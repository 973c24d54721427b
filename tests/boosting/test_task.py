"""Separate trees of the tasks: sharing data for speed does not change the results."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl import RMTGBRegressor
from skmtl.boosting import Features, TaskTrees, binned

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(60, 3)), columns=list("abc"))
Y = pd.DataFrame({name: X["a"] * k + X["b"] for k, name in enumerate(["s", "t", "u"])})


def fitted(y, n_jobs=1):
    settings = {"blocks": ["task"], "n_rounds": 5, "early_stopping": False, "random_state": 0}
    return RMTGBRegressor(n_jobs=n_jobs, **settings).fit(X, y)


@pytest.mark.parametrize("missing", [0, 20])
def test_threads_may_read_the_same_binned_rows(missing):
    y = Y.mask(pd.DataFrame(np.arange(60)[:, None] < [0, missing, missing], columns=Y.columns))
    one, two = (fitted(y, n_jobs).predict(X) for n_jobs in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_a_target_learns_what_it_learns_alone():
    """Rows are binned once for targets with labels in the same rows."""
    y = Y.mask(pd.DataFrame(np.arange(60)[:, None] < [0, 20, 20], columns=Y.columns))
    together = fitted(y).predict(X)
    for others in (["s", "t"], ["u", "s"]):
        fewer = fitted(y[others]).predict(X)
        numbers = [y.columns.get_loc(target) for target in others]
        np.testing.assert_array_equal(together[:, numbers], fewer)


def test_rows_are_binned_once():
    matrix = X.to_numpy()
    features = Features(matrix, np.arange(3), np.arange(0), binned(matrix, [], {}))
    some = np.arange(10, 40)
    assert features.of_rows(np.arange(60)) is features.data
    assert features.of_rows(some) is features.of_rows(some.copy())
    assert features.of_rows(some) is not features.of_rows(some + 1)
    assert features.of_rows(some).num_data() == 30
    assert features.with_columns(matrix[:, :1], {}).of_rows(some).num_feature() == 4


def test_too_few_labels_for_a_split_have_a_constant():
    y = Y.mask(pd.DataFrame(np.arange(60)[:, None] >= [60, 60, 9], columns=Y.columns))
    model = fitted(y)
    predicted = model.predict(X)
    np.testing.assert_allclose(predicted[:, 2], y["u"].mean(), rtol=1e-9)
    assert len(np.unique(predicted[:, 1])) > 3
    block = model._fitted.pools[0][1].bags[0].blocks["task"]
    assert isinstance(block, TaskTrees)
    assert [trees.n_rounds for trees in block.trees] == [5, 5, 0]
