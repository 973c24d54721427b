"""Losses, their derivatives and the best constant of every kind, checked three ways."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from skmtl.tasks import (
    Binary,
    CompetingRisks,
    Composition,
    Count,
    EventTimes,
    Multiclass,
    Ordinal,
    Quantile,
    Regression,
    Survival,
)

N_ROWS = 60
HUBER_DELTA = 1.0

NUMBERS = pd.Series([-2.0, 0.5, 3.0, 4.0])


def event_times(n_causes, n_rows, rng):
    """Create times with ties, a third of them censored; half of the rows enter late."""
    time = np.ceil(rng.exponential(40.0, n_rows)) / 10
    event = rng.integers(n_causes + 1, size=n_rows)
    entry = np.where(rng.random(n_rows) < 0.5, time * rng.random(n_rows), 0.0)
    return pd.Series(EventTimes(event, time, entry))


ONE_EVENT, TWO_CAUSES = (event_times(k, 300, np.random.default_rng(5)) for k in (1, 2))
SHARES = pd.Series([(0.2, 0.3, 0.5), (0.0, 1.0, 0.0)])
KINDS = {
    "squared": Regression().fit(NUMBERS, task="t"),
    "absolute": Regression("absolute").fit(NUMBERS, task="t"),
    "huber": Regression("huber", delta=HUBER_DELTA).fit(NUMBERS, task="t"),
    "quantile": Quantile((0.1, 0.5, 0.8)).fit(NUMBERS, task="t"),
    "count": Count().fit(pd.Series([0, 1, 7]), task="t"),
    "binary": Binary().fit(pd.Series(["no", "yes"]), task="t"),
    "focal": Binary(loss="focal").fit(pd.Series(["no", "yes"]), task="t"),
    "logit adjusted": Binary(loss="logit_adjusted").fit(pd.Series(["no", "no", "yes"]), task="t"),
    "multiclass": Multiclass().fit(pd.Series(list("abcd")), task="t"),
    "ordinal": Ordinal().fit(pd.Series([1, 2, 3, 4, 5]), task="t"),
    "ordinal of two": Ordinal().fit(pd.Series([1, 2]), task="t"),
    "composition": Composition(("x", "y", "z")).fit(SHARES, task="t"),
    "survival": Survival([1, 3, 6]).fit(ONE_EVENT, task="t"),
    "survival, weighted bins": Survival(3, censoring_weights=True).fit(ONE_EVENT, task="t"),
    "competing risks": CompetingRisks([1, 3, 6]).fit(TWO_CAUSES, task="t"),
}
HAZARDS = [name for name in KINDS if name.startswith(("survival", "competing"))]
# Kinds whose gradient is continuous.
SMOOTH = [name for name in KINDS if name not in ("absolute", "quantile")]
every_kind = pytest.mark.parametrize("name", KINDS)


def targets_of(name, n_rows, rng):
    head = KINDS[name]
    if name in HAZARDS:
        return head.encode(event_times(head.n_causes, n_rows, rng))
    if head.is_classification:
        return rng.integers(len(head.classes_), size=(n_rows, 1)).astype(float)
    if name == "composition":
        return rng.dirichlet(np.ones(3), n_rows)
    if name == "count":
        return rng.poisson(1.0, size=(n_rows, 1)) * 0.7
    return rng.normal(size=(n_rows, 1))


def case(name):
    """Return scores and targets at a distance of at least 0.01 from any kink of the loss."""
    rng = np.random.default_rng(0)
    scores = rng.normal(scale=1.5, size=(N_ROWS, KINDS[name].n_scores))
    target = targets_of(name, N_ROWS, rng)
    kinks = {"absolute": 0.0, "quantile": 0.0, "huber": HUBER_DELTA}
    if name in kinks:
        away = (np.abs(np.abs(scores - target) - kinks[name]) > 0.01).all(axis=1)
        scores, target = scores[away], target[away]
    assert len(scores) > N_ROWS / 2
    return scores, target


def loss(name, scores, target):
    with torch.no_grad():
        return KINDS[name].loss(torch.tensor(scores), torch.tensor(target)).numpy()


def together(name, scores, target):
    labels = KINDS[name].prepared(target, scores.dtype.type)
    return KINDS[name].losses_and_derivatives(scores, labels)


def second_derivatives(function, at):
    """Return the diagonal of the Hessian of a sum over rows, by applying autograd twice."""
    at = at.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(function(at).sum(), at, create_graph=True)
    columns = [
        torch.autograd.grad(gradient[:, j].sum(), at, retain_graph=True)[0][:, j]
        for j in range(at.shape[1])
    ]
    return torch.stack(columns, dim=1).numpy()


@every_kind
def test_losses_in_numpy_are_those_in_torch(name):
    scores, target = case(name)
    losses = KINDS[name].losses(scores, target)
    assert losses.shape == (len(scores),)
    np.testing.assert_allclose(losses, loss(name, scores, target), rtol=1e-12, atol=1e-12)


@every_kind
@pytest.mark.parametrize("extreme", [-300.0, -40.0, 40.0, 300.0])
def test_losses_of_extreme_scores_are_those_in_torch(name, extreme):
    scores, target = case(name)
    alternating = np.where(np.arange(scores.shape[1]) % 2, extreme, -extreme)
    # Odds of hazards stay within float32 in numpy, and shares of causes above 1e-30.
    largest = 30.0 if name in HAZARDS else 1000.0
    for at in (scores + extreme, scores * extreme, scores + alternating):
        at = np.clip(at, -largest, min(largest, 600.0))
        losses = KINDS[name].losses(at, target)
        assert np.isfinite(losses).all()
        # For torch, softplus of scores beyond 20 is the score.
        np.testing.assert_allclose(losses, loss(name, at, target), rtol=1e-9, atol=1e-8)


@every_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_prepared_labels_are_taken_in_place_of_encoded_ones(name, dtype):
    head, (scores, target) = KINDS[name], case(name)
    scores = scores.astype(dtype)
    prepared = head.prepared(target, dtype)
    np.testing.assert_array_equal(head.losses(scores, prepared), head.losses(scores, target))
    for one, other in zip(
        head.gradient_hessian(scores, prepared),
        head.gradient_hessian(scores, target),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


@every_kind
def test_gradient_is_that_of_autograd(name):
    scores, target = case(name)
    at = torch.tensor(scores, requires_grad=True)
    losses = KINDS[name].loss(at, torch.tensor(target))
    assert losses.shape == (len(scores),)
    losses.sum().backward()
    gradient, _ = KINDS[name].gradient_hessian(scores, target)
    np.testing.assert_allclose(gradient, at.grad.numpy(), rtol=1e-9, atol=1e-9)


@every_kind
def test_gradient_is_that_of_finite_differences(name):
    scores, target = case(name)
    step, numeric = 1e-6, np.empty_like(scores)
    for j in range(scores.shape[1]):
        shift = np.zeros_like(scores)
        shift[:, j] = step
        rise = loss(name, scores + shift, target) - loss(name, scores - shift, target)
        numeric[:, j] = rise / (2 * step)
    gradient, _ = KINDS[name].gradient_hessian(scores, target)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["squared", "count", "binary", "multiclass", "ordinal of two"])
def test_second_derivative_is_exact(name):
    scores, target = case(name)
    exact = second_derivatives(
        lambda at: KINDS[name].loss(at, torch.tensor(target)), torch.tensor(scores)
    )
    _, hessian = KINDS[name].gradient_hessian(scores, target)
    np.testing.assert_allclose(hessian, exact, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", HAZARDS)
def test_second_derivative_is_exact_in_bins_in_which_the_row_was_at_risk(name):
    scores, target = case(name)
    exact = second_derivatives(
        lambda at: KINDS[name].loss(at, torch.tensor(target)), torch.tensor(scores)
    )
    _, hessian = KINDS[name].gradient_hessian(scores, target)
    assert (exact > -1e-12).all()
    np.testing.assert_allclose(hessian, np.maximum(exact, 1e-7), rtol=1e-9)


def test_second_derivatives_that_are_zero_become_one():
    assert (KINDS["absolute"].gradient_hessian(*case("absolute"))[1] == 1).all()
    assert (KINDS["huber"].gradient_hessian(*case("huber"))[1] == 1).all()


def test_second_derivative_of_a_quantile_is_one_for_each_pinball_loss_of_the_mean():
    assert (KINDS["quantile"].gradient_hessian(*case("quantile"))[1] == 1 / 3).all()


def test_ordinal_second_derivative_is_exact_for_the_shift():
    scores, target = case("ordinal")
    exact = second_derivatives(
        lambda at: KINDS["ordinal"].loss(at, torch.tensor(target)), torch.tensor(scores)
    )
    _, hessian = KINDS["ordinal"].gradient_hessian(scores, target)
    np.testing.assert_allclose(hessian[:, 0], exact[:, 0], rtol=1e-9)


def test_ordinal_curvature_of_a_gap_is_that_of_the_threshold_times_the_gap_squared():
    scores, target = case("ordinal")
    gap = torch.tensor(scores[:, 1:]).exp()

    def loss_of_moved_thresholds(move):
        moved = torch.cat([torch.tensor(scores[:, :1]), (gap + move).log()], dim=1)
        return KINDS["ordinal"].loss(moved, torch.tensor(target))

    by_threshold = second_derivatives(loss_of_moved_thresholds, torch.zeros_like(gap))
    _, hessian = KINDS["ordinal"].gradient_hessian(scores, target)
    expected = np.maximum(by_threshold * gap.numpy() ** 2, 1e-7)
    np.testing.assert_allclose(hessian[:, 1:], expected, rtol=1e-6)


@every_kind
@pytest.mark.parametrize("order", "CF")
def test_losses_and_derivatives_together_are_those_one_by_one(name, order):
    scores, target = case(name)
    scores = np.array(scores, order=order)
    expected = KINDS[name].losses(scores, target), *KINDS[name].gradient_hessian(scores, target)
    for one, other in zip(together(name, scores, target), expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", HAZARDS)
def test_losses_and_derivatives_of_extreme_hazards_are_finite(name):
    scores, target = case(name)
    for extreme in (-800.0, 800.0):
        at = np.full(scores.shape, extreme, dtype=np.float32)
        for found in together(name, at, target):
            assert np.isfinite(found).all()


@pytest.mark.parametrize("name", HAZARDS)
def test_float32_is_enough_for_hazards(name):
    scores, target = case(name)
    exact, found = together(name, scores, target), together(name, np.float32(scores), target)
    for one, other in zip(found, exact, strict=True):
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@every_kind
def test_curvature_is_positive(name):
    _, hessian = KINDS[name].gradient_hessian(*case(name))
    assert hessian.shape == case(name)[0].shape
    assert (hessian > 0).all()


@every_kind
def test_numpy_arguments_are_left_unchanged(name):
    scores, target = case(name)
    kept = scores.copy(), target.copy()
    KINDS[name].gradient_hessian(scores, target)
    KINDS[name].predict(scores)
    np.testing.assert_array_equal(scores, kept[0])
    np.testing.assert_array_equal(target, kept[1])


def weighted_targets(name):
    rng = np.random.default_rng(1)
    target = targets_of(name, 41, rng)
    # Large labels have more weight, so that ignoring the weights would fail.
    size = target[:, 1] if name in HAZARDS else target[:, 0]
    weight = rng.integers(0, 4, size=41) + 5.0 * (size > np.median(size))
    return target, weight


def mean_loss(name, constant, target, weight):
    scores = np.tile(constant, (len(target), 1))
    return np.average(loss(name, scores, target), weights=weight)


@pytest.mark.parametrize("name", SMOOTH)
def test_initial_scores_have_no_mean_gradient(name):
    target, weight = weighted_targets(name)
    constant = KINDS[name].initial_scores(target, weight)
    assert constant.shape == (KINDS[name].n_scores,)
    gradient, _ = KINDS[name].gradient_hessian(np.tile(constant, (len(target), 1)), target)
    np.testing.assert_allclose(weight @ gradient / weight.sum(), 0.0, atol=1e-9)


@every_kind
def test_no_constant_near_the_initial_scores_is_better(name):
    target, weight = weighted_targets(name)
    best = KINDS[name].initial_scores(target, weight)
    least = mean_loss(name, best, target, weight)
    for j in range(len(best)):
        for move in (-0.5, -0.01, 0.01, 0.5):
            moved = best + move * np.eye(len(best))[j]
            assert mean_loss(name, moved, target, weight) >= least - 1e-12


@every_kind
def test_a_whole_weight_counts_like_as_many_rows(name):
    target, weight = weighted_targets(name)
    repeated = np.repeat(target, weight.astype(int), axis=0)
    np.testing.assert_allclose(
        KINDS[name].initial_scores(target, weight),
        KINDS[name].initial_scores(repeated, np.ones(len(repeated))),
        rtol=1e-9,
        atol=1e-9,
    )


@pytest.mark.parametrize("name", ["binary", "multiclass", "ordinal", "count"])
def test_initial_scores_are_finite_where_a_class_has_no_row(name):
    constant = KINDS[name].initial_scores(np.zeros((3, 1)), np.ones(3))
    assert np.isfinite(constant).all()


@pytest.mark.parametrize("name", ["squared", "absolute", "huber"])
def test_one_label_is_its_own_best_constant(name):
    assert KINDS[name].initial_scores(np.array([[0.7]]), np.ones(1)) == pytest.approx([0.7])


@pytest.mark.parametrize(
    ("head", "scores", "target", "expected"),
    [
        (KINDS["squared"], [3.0], [1.0], 2.0),
        (KINDS["absolute"], [3.0], [1.0], 2.0),
        (KINDS["huber"], [1.5], [1.0], 0.125),
        (KINDS["huber"], [3.0], [1.0], 1.5),
        (KINDS["quantile"], [0.0, 1.0, 3.0], [2.0], (0.1 * 2 + 0.5 * 1 + 0.2 * 1) / 3),
        (KINDS["count"], [np.log(2.0)], [0.0], 2.0),
        (KINDS["count"], [np.log(2.0)], [2.0], 0.0),
        (KINDS["binary"], [0.0], [1.0], np.log(2)),
        (KINDS["binary"], [np.log(3)], [0.0], np.log(4)),
        (KINDS["multiclass"], list(np.log([0.1, 0.2, 0.3, 0.4])), [1.0], -np.log(0.2)),
        (KINDS["ordinal of two"], [np.log(3)], [0.0], -np.log(0.75)),
    ],
)
def test_loss_known_answers(head, scores, target, expected):
    found = head.loss(torch.tensor([scores]), torch.tensor([target]))
    assert found.item() == pytest.approx(expected, abs=1e-6)


@every_kind
def test_loss_takes_leading_axes(name):
    """Networks pass scores of shape (batch, members, tasks, scores)."""
    scores, target = case(name)
    scores, target = scores[:24], target[:24]
    stacked = KINDS[name].loss(
        torch.tensor(scores).view(4, 3, 2, -1), torch.tensor(target).view(4, 3, 2, -1)
    )
    np.testing.assert_array_equal(stacked.numpy().ravel(), loss(name, scores, target))
