"""The generator of outlier tasks against what its description says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal, assert_index_equal, assert_series_equal

from skmtl.datasets import make_outlier_tasks

TASKS = [f"task_{t}" for t in range(10)]


def values_at_the_same_rows(**arguments):
    """Noise-free values of all tasks at 500 common rows, one column per task."""
    X, _, truth = make_outlier_tasks(random_state=0, return_truth=True, **arguments)
    x = X.sample(500, random_state=0)
    columns = {task: truth.signal(x.assign(task=task)) for task in truth.outlier.index}
    return pd.DataFrame(columns), truth


def test_names_shapes_and_order():
    X, y = make_outlier_tasks([2, 1, 3, 1, 1], 3, 5, 1, random_state=0)
    assert list(X) == ["task", "x_0", "x_1", "x_2"]
    assert X["task"].astype(str).tolist() == [f"task_{t}" for t in (0, 0, 1, 2, 2, 2, 3, 4)]
    assert list(X["task"].cat.categories) == TASKS[:5]
    assert y.name == "y"
    assert_index_equal(y.index, X.index)


def test_features_are_uniform_between_minus_one_and_one():
    X, _ = make_outlier_tasks(60_000, n_tasks=1, scenario=1, n_fourier_features=1, random_state=0)
    x = X.drop(columns="task")
    assert x.abs().max().max() <= 1.0
    # Moments of the uniform distribution: variance 1/3; standard errors are below 0.003.
    assert_allclose(x.mean(), 0.0, atol=0.01)
    assert_allclose(x.var(), 1 / 3, atol=0.01)


def test_in_scenario_1_all_tasks_have_one_function():
    values, truth = values_at_the_same_rows(scenario=1)
    assert_allclose(values.sub(values["task_0"], axis=0), 0.0, atol=1e-12)
    assert not truth.outlier.any()


def test_in_scenario_2_tasks_have_nothing_in_common():
    one, truth = values_at_the_same_rows(scenario=2)
    other, _ = values_at_the_same_rows(scenario=2, common_weight=0.3)
    assert_frame_equal(one, other)
    assert one.corr().abs().mask(np.eye(10, dtype=bool)).mean().mean() < 0.4
    assert not truth.outlier.any()


@pytest.mark.parametrize("weight", [0.9, 0.5])
def test_scenario_3_is_the_mixture_of_scenarios_1_and_2(weight):
    common, _ = values_at_the_same_rows(scenario=1)
    specific, _ = values_at_the_same_rows(scenario=2)
    mixed, truth = values_at_the_same_rows(scenario=3, common_weight=weight)
    assert_allclose(mixed, weight * common + (1 - weight) * specific)
    assert truth.common_weight == weight
    assert not truth.outlier.any()


def test_scenario_4_is_scenario_3_but_for_outliers_with_a_second_common_function():
    specific, _ = values_at_the_same_rows(scenario=2)
    without, _ = values_at_the_same_rows(scenario=3, n_outlier_tasks=3)
    values, truth = values_at_the_same_rows(scenario=4, n_outlier_tasks=3)
    outliers = truth.outlier.index[truth.outlier]
    ordinary = truth.outlier.index[~truth.outlier]
    assert len(outliers) == 3
    assert_frame_equal(values[ordinary], without[ordinary])
    second = (values[outliers] - 0.1 * specific[outliers]) / 0.9
    assert_allclose(second.sub(second[outliers[0]], axis=0), 0.0, atol=1e-12)
    assert abs(np.corrcoef(second[outliers[0]], values[ordinary[0]])[0, 1]) < 0.8


def test_which_tasks_are_outliers_is_random():
    found = set()
    for seed in range(100):
        _, _, truth = make_outlier_tasks(
            1, n_fourier_features=1, random_state=seed, return_truth=True
        )
        assert truth.outlier.sum() == 2
        found |= set(truth.outlier.index[truth.outlier])
    assert found == set(TASKS)


def test_functions_have_variance_one_and_the_correlation_of_their_kernel():
    # Over functions, values a distance d apart correlate by exp(-d^2 / (2 length^2)). With 3000
    # functions the standard error of the variance is 0.026, that of the correlation 0.012.
    functions = make_outlier_tasks(
        1, 1, 3000, scenario=2, length_scale=0.5, n_fourier_features=50, random_state=0,
        return_truth=True,
    )[2].functions  # fmt: skip
    at = np.array([[0.0], [0.5], [1.0]])
    values = np.array([function(at) for function in functions.values()])
    assert_allclose(values.mean(axis=0), 0.0, atol=0.08)
    assert_allclose(values.var(axis=0), 1.0, atol=0.11)
    assert_allclose(np.corrcoef(values.T)[0, 1:], [np.exp(-0.5), np.exp(-2.0)], atol=0.05)


def test_the_length_scale_grows_with_the_number_of_features():
    by_default, _ = values_at_the_same_rows(n_features=6)
    as_in_the_paper, _ = values_at_the_same_rows(n_features=6, length_scale=1.5)
    assert_frame_equal(by_default, as_in_the_paper)


def test_labels_are_signals_plus_noise():
    X, y, truth = make_outlier_tasks(2000, noise=0.3, random_state=0, return_truth=True)
    assert_series_equal(truth.signals, truth.signal(X))
    # The standard error of a standard deviation is sd / sqrt(2 n) = 0.5 %.
    assert_allclose((y - truth.signals).std(), 0.3, rtol=0.02)
    assert truth.noise == 0.3
    assert truth.threshold.isna().all()
    X_without, y_without = make_outlier_tasks(2000, random_state=0)
    assert_frame_equal(X, X_without)
    assert_series_equal(y_without, truth.signals, check_names=False)


@pytest.mark.parametrize(("scenario", "n_thresholds"), [(1, 1), (2, 10), (3, 1), (4, 2)])
def test_binary_labels_are_balanced_over_the_tasks_that_share_a_function(scenario, n_thresholds):
    X, y, truth = make_outlier_tasks(
        400, scenario=scenario, kind="binary", random_state=0, return_truth=True
    )
    assert y.dtype == bool
    assert truth.threshold.nunique() == n_thresholds
    group = X["task"].astype(str).map(truth.threshold)
    assert_allclose(y.groupby(group).mean(), 0.5)
    assert (y == (truth.signals > group)).all()


def test_signal_takes_columns_in_any_order_and_keeps_the_index():
    X, _, truth = make_outlier_tasks(5, random_state=0, return_truth=True)
    some = X.iloc[::-3][X.columns[::-1]].astype({"task": str})
    assert_series_equal(truth.signal(some), truth.signals.iloc[::-3])


def test_the_seed_decides_everything():
    X, y = make_outlier_tasks(20, random_state=3)
    X_again, y_again = make_outlier_tasks(20, random_state=3)
    X_other, y_other = make_outlier_tasks(20, random_state=4)
    assert_frame_equal(X, X_again)
    assert_series_equal(y, y_again)
    assert not np.isclose(X.drop(columns="task"), X_other.drop(columns="task")).any()
    assert not np.isclose(y, y_other).any()


@pytest.mark.parametrize("random_state", [None, 0])
def test_the_global_random_state_is_untouched(random_state):
    name, keys, *position = np.random.get_state()
    make_outlier_tasks(5, random_state=random_state)
    name_after, keys_after, *position_after = np.random.get_state()
    assert (name, position) == (name_after, position_after)
    assert (keys == keys_after).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_samples": 0}, "n_samples of task_0 must be an integer from 1, got 0"),
        ({"n_samples": [5, 5]}, "n_samples has 2 entries for n_tasks=10"),
        ({"n_features": 2.5}, "n_features must be an integer from 1, got 2.5"),
        ({"n_tasks": 0}, "n_tasks must be an integer from 1, got 0"),
        ({"n_fourier_features": 0}, "n_fourier_features must be an integer from 1, got 0"),
        ({"n_outlier_tasks": -1}, "n_outlier_tasks must be an integer from 0, got -1"),
        ({"n_outlier_tasks": 5}, "n_outlier_tasks=5 is not fewer than half of n_tasks=10"),
        ({"scenario": 5}, r"scenario must be one of \(1, 2, 3, 4\), got 5"),
        ({"kind": "count"}, r"kind must be one of \('regression', 'binary'\), got 'count'"),
        ({"common_weight": 1.1}, "common_weight must be a number from 0 to 1, got 1.1"),
        ({"noise": -0.1}, "noise must be a finite number from 0, got -0.1"),
        ({"length_scale": 0}, "length_scale must be a finite number above 0 or None, got 0"),
    ],
)
def test_errors_say_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_outlier_tasks(**arguments)


def test_signal_says_which_column_or_task_is_wrong():
    X, _, truth = make_outlier_tasks(2, random_state=0, return_truth=True)
    with pytest.raises(ValueError, match=r"X lacks the columns \['x_1'\]"):
        truth.signal(X.drop(columns="x_1"))
    with pytest.raises(ValueError, match=r"column 'task' of X holds \['task_10'\]; the tasks"):
        truth.signal(X.assign(task="task_10"))
