"""Steps per task, shrunk according to how much the differences of tasks are chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skmtl.boosting._shrinkage import dispersion, shrunk_steps

SIZE = (6, 2)
steps = hnp.arrays(np.float64, SIZE, elements=st.floats(-10, 10).map(lambda x: round(x, 3)))
curves = hnp.arrays(np.float64, SIZE, elements=st.floats(0.1, 1000))
spreads = st.floats(0.01, 10)


@given(steps, curves)
def test_tasks_that_differ_by_no_more_than_chance_have_no_step(step, hessian):
    # sum H u^2 is at most phi times the number of tasks: there is no variance between tasks.
    phi = max((hessian * step**2).sum(axis=0).max() / len(step), 1e-6) * 1.001
    np.testing.assert_array_equal(shrunk_steps(-step * hessian, hessian, phi), 0)


@given(steps, curves, spreads)
def test_with_ever_more_data_they_are_the_newton_steps(step, hessian, phi):
    many = 1e12 * hessian
    np.testing.assert_allclose(shrunk_steps(-step * many, many, phi), step, rtol=1e-3, atol=1e-3)


@given(steps, curves, spreads)
def test_they_lie_between_zero_and_the_newton_step(step, hessian, phi):
    shrunk = shrunk_steps(-step * hessian, hessian, phi)
    assert (np.abs(shrunk) <= np.abs(step) + 1e-12).all()
    assert (shrunk * step >= 0).all()


@given(steps, curves, spreads, st.floats(0.1, 100))
def test_another_unit_of_the_scores_is_another_unit_of_the_steps(step, hessian, phi, unit):
    """Scores in units of 1 / c divide gradients by c and Hessians by c^2; phi is unchanged."""
    expected = shrunk_steps(-step * hessian, hessian, phi)
    scaled = shrunk_steps(-step * hessian / unit, hessian / unit**2, phi)
    np.testing.assert_allclose(scaled, unit * expected, rtol=1e-6, atol=1e-6 * unit)


@given(steps, curves, spreads, st.floats(0.1, 100))
def test_another_unit_of_the_weights_changes_nothing(step, hessian, phi, unit):
    expected = shrunk_steps(-step * hessian, hessian, phi)
    scaled = shrunk_steps(-step * hessian * unit, hessian * unit, phi * unit)
    np.testing.assert_allclose(scaled, expected, rtol=1e-6, atol=1e-6)


@given(steps, curves, spreads)
def test_columns_do_not_meet_and_tasks_have_no_order(step, hessian, phi):
    gradient = -step * hessian
    expected = shrunk_steps(gradient, hessian, phi)
    for column in range(SIZE[1]):
        own = np.s_[:, column : column + 1]
        np.testing.assert_allclose(shrunk_steps(gradient[own], hessian[own], phi), expected[own])
    turned = shrunk_steps(gradient[::-1], hessian[::-1], phi)
    np.testing.assert_allclose(turned[::-1], expected, rtol=1e-9, atol=1e-12)


@given(steps, curves, spreads)
def test_a_task_without_data_has_no_step_and_no_influence(step, hessian, phi):
    gradient = -step * hessian
    more = [np.vstack([each, np.zeros(SIZE[1])]) for each in (gradient, hessian)]
    shrunk = shrunk_steps(*more, phi)
    assert (shrunk[-1] == 0).all()
    np.testing.assert_allclose(shrunk[:-1], shrunk_steps(gradient, hessian, phi), atol=1e-12)


def test_without_any_data_there_is_no_step():
    assert (shrunk_steps(np.zeros((3, 1)), np.zeros((3, 1)), 1.0) == 0).all()


def test_a_known_case():
    # Two tasks, u = +-2, H = 1, phi = 1: tau^2 = (8 - 2) / 2 = 3, so the trust is 3 / 4.
    gradient = np.array([[-2.0], [2.0]])
    np.testing.assert_allclose(shrunk_steps(gradient, np.ones((2, 1)), 1.0), [[1.5], [-1.5]])


def test_the_true_effects_are_met_better_than_by_newton_steps_or_none():
    rng = np.random.default_rng(0)
    size = np.repeat([2.0, 5.0, 50.0], 200)[:, None]
    truth = rng.normal(size=(600, 1))
    estimate = truth + rng.normal(size=(600, 1)) * np.sqrt(4 / size)
    shrunk = shrunk_steps(-estimate * size, size, 4.0)

    def error(step):
        return np.mean((step - truth) ** 2)

    # The best linear prediction has the error 1 / (1 + n / 4), on average over the sizes.
    assert error(shrunk) == pytest.approx(np.mean(1 / (1 + size / 4)), rel=0.15)
    assert error(shrunk) < 0.7 * min(error(estimate), error(0 * truth))


def test_the_dispersion_is_that_of_the_gradients():
    rng = np.random.default_rng(0)
    error = 3 * rng.normal(size=(20_000, 1))
    weight = np.ones(20_000)
    assert dispersion(error, np.ones_like(error), weight) == pytest.approx(9, rel=0.05)
    # For a binary label, p (1 - p) is both the Hessian and the variance of the gradient.
    label = rng.random((20_000, 1)) < 0.2
    curve = np.full(label.shape, 0.16)
    assert dispersion(0.2 - label, curve, weight) == pytest.approx(1, rel=0.05)
    assert dispersion(error, np.ones_like(error), 0 * weight) == 1
