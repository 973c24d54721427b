"""The multi-task gain, in closed form."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skmtl.metrics import multitask_gain, multitask_gain_tasks


def test_the_gain_is_the_mean_relative_change_in_percent():
    ours, base = {"auc": 0.66, "rmse": 8.0}, {"rmse": 10.0, "auc": 0.6}
    better = {"auc": True, "rmse": False}
    by_task = multitask_gain_tasks(ours, base, greater_is_better=better)
    assert by_task.to_dict() == pytest.approx({"auc": 10.0, "rmse": 20.0})
    assert multitask_gain(ours, base, greater_is_better=better) == pytest.approx(15.0)


def test_the_gain_of_a_negated_error_is_that_of_the_error():
    ours, base = np.array([0.4, 0.9]), np.array([0.5, 0.6])
    as_error = multitask_gain(ours, base, greater_is_better=False)
    assert multitask_gain(-ours, -base) == pytest.approx(as_error)
    assert as_error == pytest.approx((20 - 50) / 2)


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=5), st.floats(0.1, 5))
def test_scaling_all_scores_gives_that_gain(base, factor):
    base = pd.Series(base)
    assert multitask_gain(base, base) == 0
    assert multitask_gain(factor * base, base) == pytest.approx(100 * (factor - 1), abs=1e-9)


def test_tasks_without_score_are_left_out_of_the_gain():
    ours, base = pd.Series({"a": 2.0, "b": np.nan}), pd.Series({"a": 1.0, "b": np.nan})
    assert multitask_gain(ours, base) == 100
    assert np.isnan(multitask_gain_tasks(ours, base)["b"])


@pytest.mark.parametrize(
    ("ours", "base", "settings", "message"),
    [
        ({"a": 1.0}, {"a": 0.0}, {}, r"baseline of tasks \['a'\] is zero"),
        ({"a": 1.0}, {"b": 1.0}, {}, r"only one of them has \['a', 'b'\]"),
        ({"a": np.nan}, {"a": 1.0}, {}, r"tasks \['a'\] are NaN"),
        ({"a": 1.0}, {"a": np.inf}, {}, r"tasks \['a'\] are NaN or infinite"),
        ({}, {}, {}, "no task"),
        (pd.Series([1.0, 1.0], index=["a", "a"]), {"a": 1.0}, {}, r"\['a'\] more than once"),
        ({"a": 1.0}, {"a": 1.0}, {"greater_is_better": {"z": True}}, r"missing \['a'\].*\['z'\]"),
    ],
)
def test_a_gain_that_does_not_exist_is_an_error(ours, base, settings, message):
    with pytest.raises(ValueError, match=message):
        multitask_gain(ours, base, **settings)
