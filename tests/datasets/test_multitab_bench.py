"""The generator against what is known of Gaussian polynomials."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal

from skmtl.datasets import make_multitab_bench

MIXED = np.array([[1.0, 0.7, -0.2], [0.7, 1.0, 0.3], [-0.2, 0.3, 1.0]])


@given(
    n_tasks=st.integers(1, 6),
    extra=st.integers(0, 5),
    rank=st.integers(1, 6),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=30, deadline=None)
def test_weight_vectors_have_the_gram_matrix_of_any_rank(n_tasks, extra, rank, seed):
    vectors = np.random.RandomState(seed).standard_normal((n_tasks, rank))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    gram = vectors @ vectors.T
    _, _, truth = make_multitab_bench(
        5,
        min(rank, n_tasks) + extra,
        n_tasks,
        correlation=gram,
        random_state=seed,
        return_truth=True,
    )
    assert_allclose(truth.weights @ truth.weights.T, gram, atol=1e-6)


@pytest.mark.parametrize("correlation", [-0.3, 0.0, 0.4, 1.0])
def test_one_number_is_the_correlation_of_every_pair(correlation):
    _, _, truth = make_multitab_bench(
        n_tasks=4, correlation=correlation, random_state=0, return_truth=True
    )
    off_diagonal = ~np.eye(4, dtype=bool)
    gram = (truth.weights @ truth.weights.T).to_numpy()
    assert_allclose(gram[off_diagonal], correlation, atol=1e-12)
    assert_allclose(gram[~off_diagonal], 1.0)


def test_linear_labels_have_the_planted_correlation():
    # Linear labels with noise: corr(y_s, y_t) = P_st / (1 + noise ** 2). The standard error of
    # a correlation is below 1 / sqrt(n) = 0.0032; 0.013 is four of them.
    _, Y = make_multitab_bench(
        100_000, 8, 3, correlation=MIXED, degree=1, noise=0.5, random_state=0
    )
    expected = np.where(np.eye(3, dtype=bool), 1.0, MIXED / 1.25)
    assert_allclose(Y.corr(), expected, atol=0.013)


def test_quadratic_labels_have_the_correlation_that_theory_gives():
    # z + z^2 has variance 1 + 2, and cov(z_s + z_s^2, z_t + z_t^2) = p + 2 p^2.
    p = 0.6
    _, Y, truth = make_multitab_bench(
        100_000, n_tasks=2, correlation=p, degree=2, noise=0.0, random_state=0, return_truth=True
    )
    expected = (p + 2 * p**2) / 3
    assert_allclose(truth.signal_correlation.loc["task_0", "task_1"], expected)
    assert_allclose(Y.corr().loc["task_0", "task_1"], expected, atol=0.03)


def test_the_exact_correlation_agrees_with_numerical_integration_for_mixed_degrees():
    p, degrees = 0.4, [1, 3, 4]
    _, _, truth = make_multitab_bench(
        n_tasks=3, correlation=p, degree=degrees, noise=1.0, random_state=0, return_truth=True
    )
    nodes, weights = np.polynomial.hermite_e.hermegauss(12)  # exact up to degree 23
    weights = weights / weights.sum()
    z = nodes[:, None] + 0 * nodes
    other = p * z + np.sqrt(1 - p**2) * nodes

    def correlation(s, t):
        f, g = (sum(v**k for k in range(1, d + 1)) for v, d in ((z, s), (other, t)))

        def mean(v):
            return weights @ v @ weights

        covariance = mean(f * g) - mean(f) * mean(g)
        return covariance / np.sqrt((mean(f**2) - mean(f) ** 2) * (mean(g**2) - mean(g) ** 2))

    expected = np.array([[1.0 if s == t else correlation(s, t) for t in degrees] for s in degrees])
    assert_allclose(truth.signal_correlation, expected)
    assert_allclose(truth.label_correlation, (expected + np.eye(3)) / 2)


def test_signals_follow_from_features_weights_and_degree():
    degrees = [1, 2, 5]
    X, Y, truth = make_multitab_bench(
        50, 4, 3, degree=degrees, noise=0.0, random_state=0, return_truth=True
    )
    z = (X @ truth.weights.T).to_numpy()
    powers = np.column_stack(
        [sum(z[:, t] ** k for k in range(1, d + 1)) for t, d in enumerate(degrees)]
    )
    own_units = truth.signals * truth.scale + truth.location
    assert_allclose(own_units, powers)
    assert_frame_equal(Y, truth.signals)
    # The mean is E z^2 + E z^4 + ...; the variances are 1, 3 and 1329 (moments of a normal).
    assert_allclose(truth.location, [0.0, 1.0, 4.0])
    assert_allclose(truth.scale**2, [1.0, 3.0, 1329.0])


def test_noise_is_in_units_of_the_signal_whatever_the_degree():
    noise = [0.1, 1.0, 2.0]
    _, Y, truth = make_multitab_bench(
        20_000, n_tasks=3, degree=[1, 3, 4], noise=noise, random_state=0, return_truth=True
    )
    # The standard error of a standard deviation is sd / sqrt(2 n) = 0.5 %.
    assert_allclose((Y - truth.signals).std(), noise, rtol=0.02)
    assert truth.noise.tolist() == noise


def test_binary_tasks_are_balanced_and_agree_as_often_as_the_orthants_say():
    p = 0.5
    _, Y, truth = make_multitab_bench(
        40_000,
        n_tasks=3,
        correlation=p,
        degree=1,
        noise=0.0,
        kind=["binary", "regression", "binary"],
        random_state=0,
        return_truth=True,
    )
    assert [str(dtype) for dtype in Y.dtypes] == ["bool", "float64", "bool"]
    assert_allclose(Y[["task_0", "task_2"]].mean(), 0.5)
    # Both signs agree with probability 1/2 + arcsin(p) / pi = 2/3; its standard error is 0.0024.
    assert_allclose((Y["task_0"] == Y["task_2"]).mean(), 2 / 3, atol=0.01)
    assert truth.threshold.isna().tolist() == [False, True, False]
    assert (Y["task_0"] == (truth.signals["task_0"] > truth.threshold["task_0"])).all()


def test_names_and_shapes():
    X, Y = make_multitab_bench(11, 3, 2, random_state=0)
    assert X.shape == (11, 3)
    assert list(X) == ["x_0", "x_1", "x_2"]
    assert list(Y) == ["task_0", "task_1"]
    assert Y.index.equals(X.index)


def test_the_seed_decides_everything():
    first = make_multitab_bench(50, random_state=3)
    for a, b in zip(first, make_multitab_bench(50, random_state=3), strict=True):
        assert_frame_equal(a, b)
    for a, b in zip(first, make_multitab_bench(50, random_state=4), strict=True):
        assert not np.isclose(a, b).any()


def test_asking_for_the_truth_changes_nothing():
    X, Y = make_multitab_bench(50, random_state=3)
    X_again, Y_again, _ = make_multitab_bench(50, random_state=3, return_truth=True)
    assert_frame_equal(X, X_again)
    assert_frame_equal(Y, Y_again)


@pytest.mark.parametrize("random_state", [None, 0])
def test_the_global_random_state_is_untouched(random_state):
    name, keys, *position = np.random.get_state()
    make_multitab_bench(20, random_state=random_state)
    name_after, keys_after, *position_after = np.random.get_state()
    assert (name, position) == (name_after, position_after)
    assert (keys == keys_after).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_samples": 0}, "n_samples must be an integer from 1, got 0"),
        ({"n_features": 2.5}, "n_features must be an integer from 1, got 2.5"),
        ({"n_tasks": True}, "n_tasks must be an integer from 1, got True"),
        ({"n_tasks": 4, "correlation": -0.5}, "from -0.3333 to 1"),
        ({"correlation": 1.1}, r"correlation=1.1 cannot hold between all pairs of 7 tasks"),
        ({"correlation": np.nan}, r"correlation=nan cannot hold"),
        ({"n_tasks": 2, "correlation": np.eye(3)}, r"shape \(3, 3\).*n_tasks=2"),
        ({"n_tasks": 2, "correlation": [[1, 0.5], [0.4, 1]]}, "symmetric"),
        ({"n_tasks": 2, "correlation": [[2, 0.5], [0.5, 2]]}, "ones on its diagonal"),
        (
            {"n_tasks": 3, "correlation": [[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]},
            r"positive semidefinite.*smallest eigenvalue -0.8",
        ),
        ({"n_tasks": 5, "n_features": 4}, "rank 5: it needs n_features >= 5, got 4"),
        ({"degree": 0}, "degree of task_0 must be an integer from 1, got 0"),
        ({"n_tasks": 2, "degree": [1, 2.0]}, "degree of task_1 must be an integer"),
        ({"n_tasks": 2, "degree": [1, 2, 3]}, "degree has 3 entries for n_tasks=2"),
        ({"noise": -0.1}, "noise of task_0 must be a finite number from 0, got -0.1"),
        ({"noise": np.inf}, "noise of task_0 must be a finite number"),
        ({"n_tasks": 2, "noise": [0.1, "low"]}, "noise of task_1 .* got 'low'"),
        ({"kind": "count"}, r"kind of task_0 must be one of \('regression', 'binary'\)"),
        ({"n_tasks": 2, "kind": ["binary"]}, "kind has 1 entries for n_tasks=2"),
    ],
)
def test_errors_say_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        make_multitab_bench(**arguments)


def test_more_tasks_than_features_are_fine_where_the_rank_allows_it():
    _, Y, truth = make_multitab_bench(
        20, 2, 5, correlation=1.0, noise=0.0, random_state=0, return_truth=True
    )
    assert isinstance(Y, pd.DataFrame)
    assert_allclose(truth.weights.std(), 0.0, atol=1e-12)
    assert_allclose(Y.T.std(), 0.0, atol=1e-12)
