"""A shifted head equals the original head at shifted scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from skmtl.tasks import Binary, Count, Ordinal, Regression, Shifted

RNG = np.random.default_rng(0)
LABELS = pd.Series([0, 1, 1, 0, 1, 0])
LEVELS = pd.Series([0, 1, 2, 1, 2, 0])
HEADS = {
    "binary": (Binary(), LABELS),
    "adjusted": (Binary(loss="logit_adjusted"), LABELS),
    "ordinal": (Ordinal(), LEVELS),
    "regression": (Regression(), LEVELS),
    "huber": (Regression(loss="huber"), LEVELS),
    "count": (Count(), LEVELS),
}


@pytest.fixture(params=HEADS)
def case(request):
    kind, labels = HEADS[request.param]
    head = kind.fit(labels, task="y")
    scores = RNG.normal(size=(6, head.n_scores))
    shift = RNG.normal(size=6)
    moved = scores.copy()
    moved[:, 0] += shift
    target = head.encode(labels)
    return head, scores, moved, target, np.column_stack([target, shift])


def test_losses_and_derivatives_are_those_at_the_shifted_scores(case):
    head, scores, moved, target, shifted = case
    expected = head.losses_and_derivatives(moved, target)
    for got, value in zip(
        Shifted(head).losses_and_derivatives(scores, shifted), expected, strict=True
    ):
        np.testing.assert_array_equal(got, value)
    np.testing.assert_array_equal(Shifted(head).losses(scores, shifted), expected[0])
    np.testing.assert_array_equal(Shifted(head).gradient_hessian(scores, shifted)[1], expected[2])
    of_torch = Shifted(head).loss(torch.tensor(scores), torch.tensor(shifted)).numpy()
    np.testing.assert_allclose(of_torch, expected[0], rtol=1e-6)


def test_a_higher_first_score_raises_labels_as_the_sign_says(case):
    head, scores, *_ = case
    higher = scores.copy()
    higher[:, 0] += 1
    levels = [
        head.predict_proba(s) @ np.arange(len(head.classes_))
        if head.is_classification
        else head.predict(s)
        for s in (scores, higher)
    ]
    assert (head.score_sign * (levels[1] - levels[0]) > 0).all()
