"""The cumulative link: no crossing, no overflow, no dead gradient."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit

from skmtl.tasks import Ordinal

LEVELS = ["low", "mid", "high", "top"]
HEAD = Ordinal(order=LEVELS).fit(pd.Series(LEVELS), task="risk")
N_SCORES = len(LEVELS) - 1


def rows_of_scores(largest):
    return arrays(np.float64, (5, N_SCORES), elements=st.floats(-largest, largest, width=32))


@given(rows_of_scores(1e4))
@settings(deadline=None)
def test_cumulative_probabilities_never_cross_and_reach_one(scores):
    probability = HEAD.predict_proba(scores)
    assert (probability >= 0).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-12)


@given(rows_of_scores(1e4), st.integers(0, N_SCORES))
@settings(deadline=None)
def test_float32_loss_and_gradient_are_finite_at_extreme_scores(scores, level):
    at = torch.tensor(scores, dtype=torch.float32, requires_grad=True)
    losses = HEAD.loss(at, torch.full((5, 1), float(level)))
    losses.sum().backward()
    assert torch.isfinite(losses).all()
    assert (losses >= 0).all()
    assert torch.isfinite(at.grad).all()


@given(rows_of_scores(1e4), st.integers(0, N_SCORES))
@settings(deadline=None)
def test_boosting_gets_finite_gradients_and_positive_curvature(scores, level):
    gradient, curvature = HEAD.gradient_hessian(scores, np.full((5, 1), float(level)))
    assert np.isfinite(gradient).all()
    assert np.isfinite(curvature).all()
    assert (curvature > 0).all()


@pytest.mark.parametrize(("level", "expected"), [(0, -1.0), (1, -1.0), (2, -1.0), (3, 0.0)])
def test_a_row_that_is_far_off_is_still_pulled_back(level, expected):
    """All thresholds are 40 too low; the loss rises by one per unit, also in float32."""
    at = torch.tensor([[-40.0, 0.0, 0.0]], requires_grad=True)
    HEAD.loss(at, torch.tensor([[float(level)]])).sum().backward()
    assert at.grad[0, 0].item() == pytest.approx(expected, abs=1e-6)
    gradient, _ = HEAD.gradient_hessian(at.detach().double().numpy(), np.array([[float(level)]]))
    np.testing.assert_allclose(gradient[0], at.grad[0].numpy(), atol=1e-6)


@pytest.mark.parametrize("shift", [-60.0, 0.0, 60.0])
def test_float32_loss_keeps_its_digits_where_probabilities_vanish(shift):
    """log(sigma(b) - sigma(a)) tends to a shift plus a constant far out on either side."""
    scores = torch.tensor([[shift, -12.0, -12.0]])
    found = HEAD.loss(scores, torch.tensor([[1.0]])).item()
    expected = abs(shift) + 12.0 + (0.0 if shift else 2 * np.log(2))
    assert found == pytest.approx(expected, rel=1e-4)


def test_thresholds_become_probabilities():
    """Compute thresholds -1, 1 and 2 by hand."""
    scores = np.array([[-1.0, np.log(2.0), 0.0]])
    cumulative = expit([-1.0, 1.0, 2.0])
    expected = np.diff([0.0, *cumulative, 1.0])
    np.testing.assert_allclose(HEAD.predict_proba(scores)[0], expected, rtol=1e-12)
    assert HEAD.predict(scores).tolist() == ["mid"]


def test_raising_the_first_score_favours_lower_classes():
    scores = np.column_stack([np.linspace(-9, 9, 30), np.zeros(30), np.zeros(30)])
    expected_level = HEAD.predict_proba(scores) @ np.arange(len(LEVELS))
    assert (np.diff(expected_level) < 0).all()


def test_initial_scores_reproduce_the_shares_of_the_classes():
    target = np.repeat([0.0, 1.0, 2.0, 3.0], [4, 3, 2, 1])[:, None]
    constant = HEAD.initial_scores(target, np.ones(10))
    np.testing.assert_allclose(HEAD.predict_proba(constant[None])[0], [0.4, 0.3, 0.2, 0.1])


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (pd.Series([3, 1, 2]), [1, 2, 3]),
        (pd.Series([3.0, None, 1.0, 2.0]), [1.0, 2.0, 3.0]),
        (pd.Series(pd.Categorical(["b", "a", "c"], ["c", "a", "b"], ordered=True)), list("cab")),
        # A level that never occurs has no class, and the others keep their order.
        (pd.Series(pd.Categorical(["b", "c"], ["c", "a", "b"], ordered=True)), ["c", "b"]),
    ],
)
def test_order_comes_from_numbers_or_from_an_ordered_categorical(labels, classes):
    head = Ordinal().fit(labels, task="risk")
    assert head.classes_.tolist() == classes
    assert head.n_scores == len(classes) - 1


def test_given_order_outdoes_that_of_the_labels():
    head = Ordinal(order=[30, 10, 20]).fit(pd.Series([10, 20, 30]), task="risk")
    assert head.classes_.tolist() == [30, 10, 20]
    assert head.encode(pd.Series([20, 30])).ravel().tolist() == [2.0, 0.0]
