"""Shifts of raters, compared with closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from skmtl.rasch import RatedQuestion, estimate_shifts

N_RATERS, N_LABELS = 8, 5
RNG = np.random.default_rng(0)


def question(labels, rater, score=None, weight=None):
    """Return the squared errors of labels around scores."""
    score = np.zeros(len(labels)) if score is None else score

    def derivatives(added):
        error = score + added - labels
        return error**2 / 2, error, np.ones_like(error)

    weight = np.ones(len(labels)) if weight is None else weight
    return RatedQuestion(rater, weight, score, derivatives)


@pytest.fixture(scope="module")
def rater():
    return np.repeat(np.arange(N_RATERS), N_LABELS)


@pytest.fixture(scope="module")
def labels(rater):
    return 3 + 2 * RNG.normal(size=N_RATERS)[rater] + RNG.normal(size=len(rater))


def test_equal_numbers_of_labels_are_shrunk_as_restricted_likelihood_says(labels, rater):
    table = labels.reshape(N_RATERS, N_LABELS)
    means, variance = table.mean(axis=1), table.var(axis=1, ddof=1).mean()
    shrinkage = 1 - variance / N_LABELS / means.var(ddof=1)
    shifts = estimate_shifts([question(labels, rater)], N_RATERS)
    expected = shrinkage * (means - means.mean())
    np.testing.assert_allclose(shifts.values[:, 0], expected, rtol=2e-3)
    error = np.sqrt(variance * shrinkage / N_LABELS * (1 - 1 / N_RATERS))
    np.testing.assert_allclose(shifts.errors[:, 0], error, rtol=2e-3)


def test_a_weight_of_two_is_as_two_labels(labels, rater):
    weight = 1.0 + (np.arange(len(labels)) % 3 == 0)
    twice = np.repeat(np.arange(len(labels)), weight.astype(int))
    weighted = estimate_shifts([question(labels, rater, weight=weight)], N_RATERS)
    repeated = estimate_shifts([question(labels[twice], rater[twice])], N_RATERS)
    np.testing.assert_allclose(weighted.values, repeated.values, rtol=1e-6)


def test_what_the_scores_have_taken_for_shifts_is_given_back(rater):
    """Strict raters have the items of high measure, so a model without raters is too flat."""
    rng = np.random.default_rng(1)
    rater = np.repeat(rater, 20)
    severity = rng.normal(size=N_RATERS)
    measure = severity[rater] + rng.normal(size=len(rater))
    labels = measure - severity[rater] + 0.3 * rng.normal(size=len(rater))
    slope = np.cov(measure, labels)[0, 1] / measure.var()
    assert slope < 0.8
    shifts = estimate_shifts([question(labels, rater, slope * measure)], N_RATERS)
    expected = severity.mean() - severity
    np.testing.assert_allclose(shifts.values[:, 0], expected, atol=0.1)


def test_a_question_with_few_labels_borrows_from_one_with_many(rater):
    rng = np.random.default_rng(2)
    severity = rng.normal(size=N_RATERS)
    many = np.repeat(rater, 20)
    few = np.arange(N_RATERS)
    clear = question(severity[many] + rng.normal(size=len(many)), many)
    few = np.repeat(few, 3)
    noisy = question(severity[few] + 2 * rng.normal(size=len(few)), few)
    alone = estimate_shifts([noisy], N_RATERS).values[:, 0]
    together = estimate_shifts([clear, noisy], N_RATERS).values[:, 1]
    truth = severity - severity.mean()
    assert np.abs(together - truth).mean() < 0.7 * np.abs(alone - truth).mean()
