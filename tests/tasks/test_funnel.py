"""The kind `Funnel`: labels, losses of every selection, and probabilities."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize
from scipy.special import expit

from skmtl.tasks import Binary, Funnel

STEPS = ("click", "cart", "buy")
WEIGHTED = ["inverse_propensity", "doubly_robust", "counterfactual"]
SELECTIONS = ["observed", "entire_space", *WEIGHTED]
# All possible labels: steps taken, and whether the row is known to have ended.
TABLE = pd.DataFrame(
    {
        "click": [0, 1, 1, 1, 1, 1, np.nan, np.nan, np.nan, 0, np.nan, 1, np.nan],
        "cart": [0, 0, 1, 1, 1, np.nan, 1, np.nan, 0, np.nan, np.nan, np.nan, np.nan],
        "buy": [0, 0, 0, 1, np.nan, np.nan, np.nan, 1, 0, np.nan, 0, 0, np.nan],
    }
)
LABELS = [
    "no click", "click without cart", "cart without buy", "buy", "cart, buy unknown",
    "click, cart unknown", "cart, buy unknown", "buy", "no cart, click unknown", "no click",
    "no buy, click unknown", "click without buy, cart unknown", None,
]  # fmt: skip


def head(selection="observed", **settings):
    kind = Funnel(STEPS, selection, **settings)
    return kind.fit(kind.join_columns(TABLE, "shop"), task="shop")


def case(selection="observed", n=60):
    """Return scores and targets of rows of which all, or only some steps are known."""
    rng = np.random.default_rng(0)
    taken = rng.integers(0, 4, n)
    ended = rng.random(n) < 0.8
    taken[~ended] = np.clip(taken[~ended], 1, 2)
    limit = np.minimum(taken + ended, 3)
    if selection in ("observed", "entire_space"):
        spread = ended & (taken < 2) & (rng.random(n) < 0.3)
        limit[spread] = rng.integers(taken[spread] + 2, 4)
    return rng.normal(scale=1.5, size=(n, 5)), np.column_stack([taken, limit]).astype(float)


def is_complete(target):
    return target[:, 1] == np.minimum(target[:, 0] + 1, 3)


def in_torch(kind, scores, target):
    at = torch.tensor(scores, requires_grad=True)
    losses = kind.loss(at, torch.tensor(target))
    losses.sum().backward()
    return losses.detach().numpy(), at.grad.numpy()


def test_what_follows_from_other_steps_is_filled_in():
    labels = Funnel(STEPS).join_columns(TABLE, "shop")
    assert [None if pd.isna(label) else label for label in labels] == LABELS


def test_labels_by_step_are_those_that_are_known():
    labels = Funnel(STEPS).join_columns(TABLE, "shop")
    by_step = head().funnel.step_labels(labels, "shop")
    expected = pd.DataFrame(
        {
            "click": [0, 1, 1, 1, 1, 1, 1, 1, np.nan, 0, np.nan, 1, np.nan],
            "cart": [0, 0, 1, 1, 1, np.nan, 1, 1, 0, 0, np.nan, np.nan, np.nan],
            "buy": [0, 0, 0, 1, np.nan, np.nan, np.nan, 1, 0, 0, 0, 0, np.nan],
        }
    )
    pd.testing.assert_frame_equal(by_step, expected)


@pytest.mark.parametrize("dtype", [bool, "int8", "Int64", "boolean", object])
def test_columns_of_any_type(dtype):
    table = TABLE.iloc[:4].astype(int).astype(dtype)
    assert Funnel(STEPS).join_columns(table, "shop").tolist() == LABELS[:4]


def test_columns_without_names():
    table = TABLE.set_axis([0, 1, 2], axis=1)
    assert Funnel([0, 1]).join_columns(table, "shop")[1] == "0 without 1"


@pytest.mark.parametrize("selection", SELECTIONS)
def test_losses_and_gradients_in_numpy_are_those_in_torch(selection):
    kind, (scores, target) = head(selection), case(selection)
    scores = scores[:, : kind.n_scores]
    losses, gradient = in_torch(kind, scores, target)
    np.testing.assert_allclose(kind.losses(scores, target), losses, rtol=1e-12)
    found, hessian = kind.gradient_hessian(scores, target)
    np.testing.assert_allclose(found, gradient, rtol=1e-9, atol=1e-12)
    assert (hessian > 0).all()


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("extreme", [-300.0, -40.0, 40.0, 300.0])
def test_losses_of_extreme_scores_are_finite(selection, extreme):
    kind, (scores, target) = head(selection), case(selection)
    at = (scores + extreme)[:, : kind.n_scores]
    losses, gradient = in_torch(kind, at, target)
    assert np.isfinite(losses).all()
    np.testing.assert_allclose(kind.losses(at, target), losses, rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(kind.gradient_hessian(at, target)[0], gradient, atol=1e-6)


@pytest.mark.parametrize("selection", SELECTIONS)
def test_a_missing_label_has_no_loss(selection):
    kind = head(selection)
    scores = np.random.default_rng(0).normal(size=(5, kind.n_scores))
    losses, gradient = in_torch(kind, scores, np.zeros((5, 2)))
    assert (losses == 0).all() and (gradient == 0).all()
    assert (kind.losses(scores, np.zeros((5, 2))) == 0).all()


def test_observed_is_the_log_loss_of_each_step_among_the_rows_that_reached_it():
    kind, (scores, target) = head(), case("inverse_propensity")
    expected = np.zeros(len(scores))
    for j in range(3):
        reached = target[:, 1] > j
        took = (target[reached, 0] > j).astype(float)
        expected[reached] += Binary().losses(scores[reached, j : j + 1], took[:, None])
    np.testing.assert_allclose(kind.losses(scores[:, :3], target), expected)


def test_observed_is_the_log_loss_of_the_classes_where_rows_are_complete():
    kind, (scores, target) = head(), case()
    complete = is_complete(target)
    chosen = target[complete, 0].astype(int)
    probabilities = kind.predict_proba(scores)[complete]
    expected = -np.log(probabilities[np.arange(len(chosen)), chosen])
    np.testing.assert_allclose(kind.losses(scores[complete, :3], target[complete]), expected)


def test_observed_is_the_log_probability_of_what_is_known():
    """Summed over all complete labels that agree with a label."""
    kind, (scores, target) = head(), case()
    by_step = kind.funnel.step_labels(pd.Series(kind.funnel.label(*target.astype(int).T)), "shop")
    probabilities = kind.predict_proba(scores)
    expected = []
    for known, chances in zip(by_step.to_numpy(), probabilities, strict=True):
        classes = np.tril(np.ones((4, 3)), -1)
        agree = (np.isnan(known) | (classes == known)).all(axis=1)
        expected.append(-np.log(chances[agree].sum()))
    np.testing.assert_allclose(kind.losses(scores[:, :3], target), expected)


@pytest.mark.parametrize("selection", WEIGHTED)
def test_weights_by_steps_need_the_steps(selection):
    kind = head(selection)
    with refuses("'shop' has 1 rows", "missed first", selection, "take 'observed'"):
        kind.encode(pd.Series(["no click", "no buy, click unknown"]))


def test_entire_space_is_the_log_loss_of_each_step_over_all_rows():
    kind, (scores, target) = head("entire_space"), case()
    labels = pd.Series(kind.funnel.label(*target.astype(int).T))
    by_step = kind.funnel.step_labels(labels, "shop").to_numpy()
    chance = np.cumprod(expit(scores[:, :3]), axis=1)
    log_loss = -np.where(by_step == 1, np.log(chance), np.log1p(-chance))
    expected = np.where(np.isnan(by_step), 0, log_loss).sum(axis=1)
    np.testing.assert_allclose(kind.losses(scores[:, :3], target), expected)


def test_inverse_propensity_weighs_the_steps_of_observed():
    rows = np.array([[2.0, 3.0], [1.0, 2.0]])
    scores = np.array([[-1.0, 0.5, 0.2], [-5.0, 0.5, 0.2]])
    p = expit(scores)
    log_loss = np.logaddexp(0, scores) - (np.arange(3) < rows[:, :1]) * scores
    weights = [[1, 1 / p[0, 0], 1 / (p[0, 0] * p[0, 1])], [1, 10, 0]]
    found = head("inverse_propensity", least_propensity=0.1).losses(scores, rows)
    np.testing.assert_allclose(found, (weights * log_loss).sum(axis=1))


def test_doubly_robust_by_hand():
    scores = np.array([[0.0, 1.0, 0.0, 0.3, 0.1], [0.0, 1.0, 0.0, 0.3, 0.1]])
    click, loss, imputed = np.log(2), np.logaddexp(0, 1.0), np.logaddexp(0, [0.3, 0.1])
    error = loss - imputed[0]
    clicked = click + imputed[0] + 2 * (error + error**2) + imputed[1]
    found = head("doubly_robust").losses(scores, np.array([[1.0, 2.0], [0.0, 1.0]]))
    np.testing.assert_allclose(found, [clicked, click + imputed.sum()])


def test_counterfactual_by_hand():
    """Of rows that clicked and added to the cart, and that did not click."""
    scores = np.array([[0.0, 1.0, 0.0, 0.3, 0.1], [0.0, 1.0, 0.0, 0.3, 0.1]])
    click, cart, buy = np.log(2), np.logaddexp(0, -1.0), np.log(2)
    ties = ((1 - expit([1.0, 0.0]) - expit([0.3, 0.1])) ** 2).sum()
    carted = click + 2 * cart + buy / (0.5 * expit(1.0)) + ties
    refusals = np.logaddexp(0, [-0.3, -0.1]) / (1 - 0.5 * np.array([1, expit(1.0)]))
    found = head("counterfactual").losses(scores, np.array([[2.0, 3.0], [0.0, 1.0]]))
    np.testing.assert_allclose(found, [carted, click + refusals.sum() + ties])


@pytest.mark.parametrize("selection", ["observed", "entire_space"])
def test_initial_scores_are_the_best_constant(selection):
    kind, (_, target) = head(selection), case(selection)
    if selection == "entire_space":  # otherwise the best constant has no closed form
        target = target[is_complete(target)]
    weight = np.random.default_rng(1).integers(1, 4, len(target)).astype(float)

    def mean_loss(constant):
        return weight @ kind.losses(np.tile(constant, (len(target), 1)), target)

    best = minimize(mean_loss, np.zeros(3), tol=1e-10).x
    np.testing.assert_allclose(kind.initial_scores(target, weight), best, atol=1e-4)


@given(arrays(np.float64, (4, 3), elements=st.floats(-800, 800)))
@settings(max_examples=50, deadline=None)
def test_a_later_step_is_never_more_probable(scores):
    kind = head()
    probabilities = kind.predict_proba(scores)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    steps = kind.funnel.probabilities(probabilities)
    assert (steps[:, 0] >= steps[:, 1]).all() and (steps[:, 1] >= steps[:, 2]).all()
    assert ((steps >= 0) & (steps <= 1 + 1e-12) | np.isnan(steps)).all()


def test_steps_of_known_scores():
    kind = head()
    steps = kind.funnel.probabilities(kind.predict_proba(np.log([[1.0, 3.0, 0.25]])))
    expected = [0.5, 0.375, 0.075, 0.75, 0.2]
    np.testing.assert_allclose(steps, [expected])
    assert kind.funnel.names == ("click", "cart", "buy", "cart_given_click", "buy_given_cart")


def refuses(*parts):
    return pytest.raises(ValueError, match=".*".join(map(re.escape, parts)))


def test_steps_that_are_not_nested():
    table = TABLE.iloc[:4].assign(cart=[1, 0, 0, 0])
    with refuses("'shop'", "in 1 rows 'cart'", "without 'click'", "[0]"):
        Funnel(STEPS).join_columns(table, "shop")
    with refuses("in 1 rows 'buy'", "without 'cart'", "[3]"):
        Funnel(STEPS).join_columns(table.assign(click=1, cart=[1, 1, 1, 0]), "shop")


def test_a_column_that_is_not_there():
    with refuses("'shop' needs the columns", "['cart'] are not among ['click', 'buy']"):
        Funnel(STEPS).join_columns(TABLE.drop(columns="cart"), "shop")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 1, 2], "holds 2, but"),
        ([0.5, 0, 1], "holds 0.5, but"),
        (["0", "yes", "no"], "holds 'yes', but"),
        (pd.Categorical(["no", "yes", "no"]), "y['click'].map({'no': 0, 'yes': 1})"),
    ],
)
def test_a_column_of_something_else(values, message):
    with refuses("Column 'click' of task 'shop'", message):
        Funnel(("click", "buy")).join_columns(pd.DataFrame({"click": values, "buy": 0}), "shop")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[0, 0], [0, 0]], "step 'click' from: it was taken in none of the 2 rows"),
        (
            [[0, 0], [1, 0]],
            "step 'buy' from: it was taken in none of the 1 rows that took 'click'",
        ),
        ([[1, 0], [1, 1]], "nothing to learn at step 'click': it was taken in all of the 2 rows"),
        ([[0, 0], [1, 1]], "nothing to learn at step 'buy'"),
        ([[0, 0], [1, np.nan]], "step 'buy' from"),
    ],
)
def test_steps_without_both_answers(rows, message):
    kind = Funnel(("click", "buy"))
    labels = kind.join_columns(pd.DataFrame(rows, columns=kind.steps, dtype=float), "shop")
    with refuses("'shop'", message):
        kind.fit(labels, task="shop")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": ("click",)}, "at least two columns"),
        ({}, "at least two columns"),
        ({"steps": "click"}, "a list of columns"),
        ({"steps": ("click", "buy", "click")}, "each column once"),
        ({"steps": ("click", "no click")}, "two labels of this funnel would be called 'no click'"),
        ({"steps": ("a", "b", "b_given_a")}, "two probabilities of this funnel"),
        ({"steps": STEPS, "selection": "best"}, "selection must be one of ['observed'"),
        ({"steps": STEPS, "least_propensity": 0.0}, "above 0 and at most 1"),
    ],
)
def test_settings(settings, message):
    with refuses(message):
        Funnel(**settings)


def test_a_column_in_place_of_a_funnel():
    with refuses("'click' has the label 0.0", "['click', 'cart', 'buy'] of y"):
        Funnel(STEPS).fit(TABLE["click"], task="click")
