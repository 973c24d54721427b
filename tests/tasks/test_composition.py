"""Reading, learning and scoring labels that are shares."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skmtl.metrics import d2_divergence_score
from skmtl.tasks import Composition, ConstantTarget, Multiclass, fit_head

PARTS = ("rent", "food", "fun")
KIND = Composition(PARTS)


def frame(*rows):
    return pd.DataFrame(rows, columns=PARTS)


def joined(*rows):
    return KIND.join_columns(frame(*rows), "budget")


@pytest.mark.parametrize(
    ("row", "label"),
    [
        ([0.5, 0.25, 0.25], [0.5, 0.25, 0.25]),
        ([0.5, 0.25, None], [0.5, 0.25, 0.25]),
        ([None, 0.0, 0.0], [1.0, 0.0, 0.0]),
        ([1.0, None, None], [1.0, 0.0, 0.0]),
        ([0.75, None, 0.25], [0.75, 0.0, 0.25]),
        ([0.5, None, None], None),
        ([None, None, None], None),
    ],
)
def test_a_missing_share_is_unknown_unless_it_follows(row, label):
    labels = joined(row)
    assert labels.notna().tolist() == [label is not None]
    if label is not None:
        assert KIND.values(labels).tolist() == [label]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[0.5, 0.25, 0.25], [50, 25, 25]], "'budget' has 1 rows .*row 1 with the sum 100 .*div"),
        ([[0.5, 0.6, None]], "row 0 with the sum 1.1 "),
        ([[0.5, 0.6, -0.1]], "Column 'fun' of task 'budget' has 1 negative shares, such as -0.1"),
        ([[0.5, 0.5, np.inf]], "'fun' has infinity"),
        ([["a", 0.5, 0.5]], "'rent' has labels that are not numbers"),
        ([[0.33, 0.33, 0.33]], "with the sum 0.99"),
    ],
)
def test_what_is_no_composition_is_refused(rows, words):
    with pytest.raises(ValueError, match=words):
        joined(*rows)


def test_bad_parts_are_refused():
    for parts, words in (
        ((), "at least two columns"),
        (("rent",), "name a column with the rest"),
        (("rent", "rent"), "each column once"),
        ("rent", "a list of columns"),
    ):
        with pytest.raises(ValueError, match=words):
            Composition(parts)
    with pytest.raises(ValueError, match=re.escape("['fun'] are not among ['rent', 'food']")):
        KIND.join_columns(frame([0.5, 0.25, 0.25])[["rent", "food"]], "budget")


def test_rounded_shares_are_taken_as_they_are():
    labels = joined([0.3333, 0.3333, 0.3333])
    np.testing.assert_allclose(KIND.values(labels), 1 / 3)


@given(
    arrays(np.float64, (6, 3), elements=st.floats(0.01, 1)),
    arrays(np.float64, 6, elements=st.floats(0.1, 3)),
)
def test_the_best_constant_is_the_weighted_mean(amounts, weight):
    shares = amounts / amounts.sum(axis=1, keepdims=True)
    head = KIND.fit(joined(*shares), task="budget")
    target = head.encode(joined(*shares))
    best = head.predict(head.initial_scores(target, weight)[None])
    np.testing.assert_allclose(best[0], np.average(shares, axis=0, weights=weight), atol=1e-9)
    gradient, hessian = head.gradient_hessian(np.tile(np.log(best), (6, 1)), target)
    np.testing.assert_allclose(weight @ gradient, 0, atol=1e-9)
    assert (hessian > 0).all()


def test_the_loss_is_the_divergence_and_that_of_classes_where_shares_are_whole():
    scores = np.random.default_rng(0).normal(size=(3, 3))
    head = KIND.fit(joined(*np.eye(3)), task="budget")
    classes = Multiclass().fit(pd.Series([0, 1, 2]), task="t")
    codes = np.arange(3.0)[:, None]
    np.testing.assert_allclose(head.losses(scores, np.eye(3)), classes.losses(scores, codes))
    for one, other in zip(
        head.gradient_hessian(scores, np.eye(3)),
        classes.gradient_hessian(scores, codes),
        strict=True,
    ):
        np.testing.assert_allclose(one, other)
    shares = np.array([[0.2, 0.3, 0.5]])
    assert head.losses(np.log(shares), shares)[0] == pytest.approx(0, abs=1e-12)


def test_rows_alike_are_a_constant():
    labels = joined([0.5, 0.25, 0.25], [None] * 3, [0.5, 0.25, 0.25])
    head = fit_head(KIND, labels, task="budget")
    assert isinstance(head, ConstantTarget)
    assert head.predict(np.empty((2, 0))).tolist() == [[0.5, 0.25, 0.25]] * 2
    head.check_same(labels)
    with pytest.raises(ValueError, match=re.escape("has the label (0.25, 0.25, 0.5) here")):
        head.check_same(joined([0.25, 0.25, 0.5]))


def test_rows_are_spread_by_their_largest_share():
    strata = KIND.strata(joined([0.2, 0.5, 0.3], [None] * 3, [0.6, 0.2, 0.2]))
    assert strata.tolist()[::2] == [1, 0]
    assert np.isnan(strata[1])


def test_score_against_a_loop():
    rng = np.random.default_rng(0)
    truth, answer = rng.dirichlet(np.ones(4), 30), rng.dirichlet(np.ones(4), 30)
    truth[0] = [0, 1, 0, 0]
    weight = rng.random(30)
    mean = np.average(truth, axis=0, weights=weight)

    def divergence(predicted):
        return sum(
            w * sum(t * np.log(t / p) for t, p in zip(row, other, strict=True) if t > 0)
            for w, row, other in zip(weight, truth, predicted, strict=True)
        )

    expected = 1 - divergence(answer) / divergence([mean] * 30)
    assert d2_divergence_score(truth, answer, sample_weight=weight) == pytest.approx(expected)
    assert d2_divergence_score(truth, truth) == pytest.approx(1)
    assert d2_divergence_score(truth[:1], truth[:1]) == 1
    assert d2_divergence_score(truth[:1], answer[:1]) == 0
    with pytest.raises(ValueError, match=re.escape("(30, 4) and (30, 3)")):
        d2_divergence_score(truth, answer[:, :3])
