"""Losses for two classes of which one is rare, and the meaning of their scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit

from skmtl.tasks import Binary, TaskSet, mixed_kind

SHARE = 0.04
RARE = pd.Series(np.arange(100) < 100 * SHARE)
BOTH = np.array([[0.0], [1.0]])


def fitted(**parameters):
    return Binary(**parameters).fit(RARE, task="t")


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.8])
def test_probabilities_by_the_focal_loss_are_those_at_whose_labels_the_score_is_best(gamma, share):
    head = fitted(loss="focal", gamma=gamma)

    def risk(score):
        return np.array([1 - share, share]) @ head.losses(np.full((2, 1), score), BOTH)

    best = minimize_scalar(risk, bounds=(-12, 12), method="bounded", options={"xatol": 1e-9}).x
    assert head.predict_proba(np.array([[best]]))[0, 1] == pytest.approx(share, rel=1e-4)
    start = head.initial_scores(BOTH, np.array([1 - share, share]))
    assert start[0] == pytest.approx(best, abs=1e-4)


@pytest.mark.parametrize("loss", ["focal", "logit_adjusted", "logistic"])
def test_probabilities_rise_with_the_score_and_stay_between_0_and_1(loss):
    scores = np.linspace(-600, 600, 2_001)[:, None]
    positive = fitted(loss=loss).predict_proba(scores)[:, 1]
    assert (np.diff(positive) >= 0).all()
    assert ((positive >= 0) & (positive <= 1)).all()


def test_the_focal_loss_without_gamma_is_the_logistic_loss():
    scores, target = np.linspace(-5, 5, 20)[:, None], np.tile(BOTH, (10, 1))
    logistic, focal = fitted(), fitted(loss="focal", gamma=0)
    np.testing.assert_allclose(focal.losses(scores, target), logistic.losses(scores, target))
    for one, other in zip(
        focal.gradient_hessian(scores, target),
        logistic.gradient_hessian(scores, target),
        strict=True,
    ):
        np.testing.assert_allclose(one, other)
    np.testing.assert_allclose(focal.predict_proba(scores), logistic.predict_proba(scores))


def test_the_focal_loss_has_a_positive_curvature_where_it_is_not_convex():
    scores = np.linspace(-30, 30, 61)[:, None]
    _, curvature = fitted(loss="focal").gradient_hessian(scores, np.ones((61, 1)))
    assert (curvature > 0).all()


def test_logit_adjusted_probabilities_are_those_of_equal_shares():
    head, weight = fitted(loss="logit_adjusted"), np.array([1 - SHARE, SHARE])
    constant = head.initial_scores(BOTH, weight)
    assert head.predict_proba(constant[None])[0, 1] == pytest.approx(0.5)
    odds = 3.0  # of a row, among all rows
    balanced = head.predict_proba(np.array([[np.log(odds) - logit(SHARE)]]))[0, 1]
    assert logit(balanced) == pytest.approx(np.log(odds) + np.log((1 - SHARE) / SHARE))


def test_the_adjusted_loss_is_the_logistic_loss_of_the_shifted_score():
    scores = np.linspace(-4, 4, 2)[:, None]
    adjusted = fitted(loss="logit_adjusted").losses(scores, BOTH)
    np.testing.assert_allclose(adjusted, fitted().losses(scores + logit(SHARE), BOTH))


def test_targets_of_unlike_shares_do_not_share_a_call():
    Y = pd.DataFrame({"rare": RARE, "common": np.arange(100) < 40, "plain": np.arange(100) < 30})
    kinds = {name: Binary(loss="logit_adjusted") for name in ("rare", "common")}
    assert TaskSet.fit(Y, infer=mixed_kind, tasks=kinds).loss_groups() == [[0], [1], [2]]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"loss": "hinge"}, "'logistic', 'focal' or 'logit_adjusted'"),
        ({"loss": "focal", "gamma": -1}, "gamma must be finite and not negative"),
        ({"loss": "logit_adjusted", "class_weight": "balanced"}, "Use one of them"),
    ],
)
def test_what_cannot_be_is_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        Binary(**parameters)


def test_a_kind_of_old_is_logistic():
    head = fitted()
    for name in ("loss_name", "gamma"):
        del vars(head)[name]
    assert head.predict_proba(np.array([[1.5]]))[0, 1] == expit(1.5)
    assert repr(Binary()) == "Binary(class_weight=None)"
    assert repr(Binary(loss="focal")) == "Binary(class_weight=None, loss='focal', gamma=2.0)"
