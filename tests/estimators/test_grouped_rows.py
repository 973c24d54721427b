"""Groups of rows, validation rows and weights by label reach the models of `GroupedTasks`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl import RMTGB, GroupedTasks
from skmtl.datasets import make_task_groups

INNER = RMTGB(n_rounds=6, n_bags=1, blocks=("shared",), random_state=0)
X, Y = make_task_groups(120, groups=(0, 1), random_state=0)
PARTS = [["task_0"], ["task_1"]]


def alone(name, **arguments):
    return RMTGB(**INNER.get_params()).fit(X, Y[[name]], **arguments).predict(X)[name]


def test_validation_rows_stop_each_model_by_its_tasks():
    judged = (X[:40], Y[:40])
    model = GroupedTasks(INNER, groups=PARTS).fit(X, Y, eval_set=judged)
    for name in Y:
        expected = alone(name, eval_set=(X[:40], Y[[name]][:40]))
        np.testing.assert_array_equal(model.predict(X)[name], expected)
    in_parts = GroupedTasks(INNER, groups=PARTS).fit(X, Y, X_val=X[:40], y_val=Y[:40])
    pd.testing.assert_frame_equal(in_parts.predict(X), model.predict(X))


def test_groups_of_rows_are_held_out_together():
    groups = np.arange(120) // 10
    model = GroupedTasks(INNER, groups=PARTS).fit(X, Y, groups=groups)
    for name in Y:
        np.testing.assert_array_equal(model.predict(X)[name], alone(name, groups=groups))
    chosen = GroupedTasks(INNER, cv=2, random_state=0).fit(X, Y, groups=groups)
    assert chosen.selection_["chosen"].sum() == 1


def test_weights_by_label():
    weight = pd.DataFrame(np.random.default_rng(0).uniform(0, 2, Y.shape), columns=Y.columns)
    model = GroupedTasks(INNER, groups=PARTS).fit(X, Y, weight[["task_1", "task_0"]])
    for name in Y:
        expected = alone(name, sample_weight=weight[name])
        np.testing.assert_array_equal(model.predict(X)[name], expected)
    chosen = GroupedTasks(INNER, cv=2, random_state=0).fit(X, Y, weight)
    assert np.isfinite(chosen.errors_).all(axis=None)


def test_validation_rows_that_do_not_suit_are_named():
    with pytest.raises(ValueError, match="eval_set cannot be used"):
        GroupedTasks(INNER, groups=PARTS).fit(X, Y, eval_set=(X, Y[:3]))
