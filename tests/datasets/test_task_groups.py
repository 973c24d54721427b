"""Tasks in groups: what is planted is there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal, assert_series_equal

from skmtl.datasets import make_task_groups


def test_tasks_of_one_group_correlate_as_planted():
    X, Y, truth = make_task_groups(
        20_000,
        groups=(0, 0, 0, 1),
        sign=(1, 1, -1, 1),
        common_weight=0.8,
        noise=0.0,
        random_state=0,
        return_truth=True,
    )
    correlation = Y.corr().to_numpy()
    expected = np.outer([1, 1, -1], [1, 1, -1]) * (0.64 + 0.36 * np.eye(3))
    assert_allclose(correlation[:3, :3], expected, atol=0.05)
    assert_allclose(correlation[3, :3], 0, atol=0.05)
    assert truth.groups == [["task_0", "task_1"], ["task_2"], ["task_3"]]
    assert_frame_equal(truth.signals, Y)
    assert X.shape == (20_000, 5)


def test_signals_are_standardised_and_noise_scale_and_gaps_are_as_asked():
    _, Y, truth = make_task_groups(
        20_000,
        groups=(0, 0, 1),
        noise=(0, 1, 0.5),
        scale=(1, 1000, 1),
        missing=(0, 0, 0.9),
        random_state=1,
        return_truth=True,
    )
    assert_allclose(truth.signals.mean(), 0, atol=0.1)
    assert_allclose(truth.signals.std(), 1, atol=0.1)
    error = Y / [1, 1000, 1] - truth.signals
    assert_allclose(error.std(), [0, 1, 0.5], atol=0.03)
    assert_allclose(Y.isna().mean(), [0, 0, 0.9], atol=0.01)


def test_long_data_have_the_task_in_a_column():
    X, y, truth = make_task_groups(
        100, groups=(0, 1), layout="long", kind="binary", missing=(0, 0.5), random_state=0,
        return_truth=True,
    )  # fmt: skip
    assert X.columns[0] == "task"
    counts = X["task"].value_counts()
    assert counts["task_0"] == 100
    assert 30 < counts["task_1"] < 70
    assert y.dtype == bool
    assert len(X) == len(y) == len(truth.signals)
    assert ((truth.signals > 0) == y).mean() > 0.7


def test_the_seed_decides_everything_and_nothing_else_changes():
    state = np.random.get_state()[1].copy()
    first, second = (make_task_groups(50, random_state=3) for _ in range(2))
    for one, two in zip(first, second, strict=True):
        assert_frame_equal(one, two)
    with pytest.raises(AssertionError):
        assert_frame_equal(first[1], make_task_groups(50, random_state=4)[1])
    assert (np.random.get_state()[1] == state).all()


def test_kinds_may_be_mixed_in_wide_data():
    _, Y = make_task_groups(50, groups=(0, 0), kind=("regression", "binary"), random_state=0)
    assert_series_equal(Y.dtypes, pd.Series({"task_0": np.dtype(float), "task_1": np.dtype(bool)}))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"groups": ()}, "groups must have the number of a group"),
        ({"layout": "tall"}, "layout must be one of"),
        ({"kind": "count"}, "kind of task_0 must be one of"),
        ({"sign": (1, 1)}, "sign has 2 entries for n_tasks=6"),
        ({"sign": 0}, "sign of task_0 must be 1 or -1"),
        ({"missing": 1.0}, "missing of task_0 must be a share"),
        ({"noise": -1}, "noise of task_0"),
        ({"scale": 0}, "scale of task_0 must be a number above 0"),
        ({"common_weight": 2}, "common_weight must be a number from 0 to 1"),
        ({"length_scale": 0}, "length_scale must be"),
        ({"n_samples": 0}, "n_samples must be an integer from 1"),
        ({"groups": (0, 1), "kind": ("binary", "regression"), "layout": "long"}, "must be one"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_task_groups(**arguments)
