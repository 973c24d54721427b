"""Loss weightings: properties that all of them share, and known answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skmtl.balancing import (
    BALANCERS,
    DynamicWeightAverage,
    FixedWeights,
    LossBalancer,
    RandomWeights,
    SmoothTchebycheff,
    Uncertainty,
)

LOSS_BALANCERS = [name for name, one in BALANCERS.items() if isinstance(one, LossBalancer)]
CPU = torch.device("cpu")
LEFT = (0.8, 0.9, 0.95)
"""What a step leaves of the losses, for those that ask."""


def weights_after(balancer, batches, present=None, left=LEFT):
    """Weights of the last batch of (n_epochs, n_batches, n_tasks) losses."""
    batches = torch.tensor(np.asarray(batches), dtype=torch.float32)
    left = torch.tensor(left[: batches.shape[-1]])
    if present is None:
        present = torch.ones(batches.shape, dtype=torch.bool)
    state = balancer.start(batches.shape[-1], np.random.default_rng(0), CPU)
    for epoch, seen in zip(batches, present, strict=True):
        for losses, here in zip(epoch, seen, strict=True):
            losses = torch.where(here, losses, 0.0)
            weights = state.weights(losses, here)
            state.after_step(lambda losses=losses: left * losses)
        state.after_epoch()
    return weights


losses = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).lognormal(size=(3, 4, 3))
)


@pytest.mark.parametrize("name", LOSS_BALANCERS)
@given(losses=losses)
@settings(max_examples=10, deadline=None)
def test_weights_are_finite_and_have_a_mean_of_one(name, losses):
    weights = weights_after(BALANCERS[name], losses)
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.mean(), torch.tensor(1.0), rtol=1e-5, atol=0)


@pytest.mark.parametrize("name", [name for name in LOSS_BALANCERS if name != "random"])
@given(losses=losses, order=st.permutations(range(3)))
@settings(max_examples=10, deadline=None)
def test_weights_follow_the_order_of_the_tasks(name, losses, order):
    weights = weights_after(BALANCERS[name], losses)
    left = [LEFT[task] for task in order]
    permuted = weights_after(BALANCERS[name], losses[..., order], left=left)
    torch.testing.assert_close(permuted, weights[order], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", LOSS_BALANCERS)
@given(losses=losses)
@settings(max_examples=10, deadline=None)
def test_a_task_that_is_never_present_has_no_say(name, losses):
    losses[..., 2] = np.nan
    present = torch.ones(losses.shape, dtype=torch.bool)
    present[..., 2] = False
    weights = weights_after(BALANCERS[name], losses, present)
    if name == "random":
        assert torch.isfinite(weights[:2]).all()
    else:
        without = weights_after(BALANCERS[name], losses[..., :2])
        torch.testing.assert_close(weights[:2] / weights[:2].mean(), without, rtol=1e-4, atol=0)


@pytest.mark.parametrize("name", LOSS_BALANCERS)
@given(losses=losses, shift=st.floats(-10, 0))
@settings(max_examples=10, deadline=None)
def test_negative_losses_give_finite_weights(name, losses, shift):
    losses[..., 0] += shift
    weights = weights_after(BALANCERS[name], losses)
    assert torch.isfinite(weights).all()
    assert (weights >= 0).all()


@pytest.mark.parametrize("name", LOSS_BALANCERS)
@pytest.mark.parametrize("values", [(0.0, 1.0, 1.0), (1e-30, 1e30, 1.0), (1.0, 1e10, -1e10)])
def test_extreme_losses_give_finite_weights(name, values):
    weights = weights_after(BALANCERS[name], np.broadcast_to(values, (4, 2, 3)))
    assert torch.isfinite(weights).all()


@pytest.mark.parametrize("name", ["geometric_mean", "smooth_tchebycheff", "famo"])
@given(losses=losses, factor=st.floats(1e-3, 1e3))
@settings(max_examples=10, deadline=None)
def test_the_scale_of_a_task_is_divided_out(name, losses, factor):
    """Weight times loss, and so the step, does not depend on the units."""
    scale = torch.tensor([factor, 1.0, 1.0])
    weights = weights_after(BALANCERS[name], losses)
    scaled = weights_after(BALANCERS[name], losses * scale.numpy()) * scale
    torch.testing.assert_close(scaled / scaled.sum(), weights / weights.sum(), rtol=1e-3, atol=0)


@given(losses=losses, factor=st.floats(1e-3, 1e3))
@settings(max_examples=10, deadline=None)
def test_dwa_looks_at_rates_whatever_the_scale(losses, factor):
    scaled = losses * [factor, 1, 1]
    torch.testing.assert_close(
        weights_after(DynamicWeightAverage(), scaled),
        weights_after(DynamicWeightAverage(), losses),
        rtol=1e-4,
        atol=0,
    )


def test_dwa_gives_more_to_the_task_whose_loss_falls_slowly():
    epochs = np.array([[[1.0, 1.0]], [[1.0, 0.5]], [[9.0, 9.0]]])
    weights = weights_after(DynamicWeightAverage(temperature=2.0), epochs)
    e = np.exp([1.0 / 2, 0.5 / 2])
    np.testing.assert_allclose(weights, 2 * e / e.sum(), rtol=1e-6)


def test_dwa_takes_epochs_as_they_are_where_labels_are_rare():
    """Four times the loss in one batch out of four is no loss that rises and falls."""
    every = np.ones((3, 4, 2))
    rare = np.broadcast_to([[4.0, 1.0], [0, 1.0], [0, 1.0], [0, 1.0]], (3, 4, 2))
    present = torch.as_tensor(rare > 0)
    torch.testing.assert_close(
        weights_after(DynamicWeightAverage(), rare, present),
        weights_after(DynamicWeightAverage(), every),
    )


@pytest.mark.parametrize("rare", [False, True])
def test_uncertainty_finds_the_variances(rare):
    """Losses that stay get weights in proportion to 1 / loss, if their labels are rare as well."""
    batches = np.broadcast_to([[2.0, 1.0], [2.0, 1.0]], (400, 2, 2)).copy()
    if rare:
        batches[:, :, 0] = [4.0, 0.0]
    batches = np.concatenate([batches[:, ::-1]])  # end with the batch that has labels
    present = torch.as_tensor(batches > 0)
    weights = weights_after(Uncertainty(learning_rate=0.01), batches, present)
    np.testing.assert_allclose(weights, [2 / 3, 4 / 3], rtol=0.03)


def test_geometric_mean_is_its_gradient():
    values = torch.tensor([0.5, 2.0, 4.0], requires_grad=True)
    mean = values.prod() ** (1 / 3)
    (gradient,) = torch.autograd.grad(mean, values)
    weights = weights_after(BALANCERS["geometric_mean"], values.detach().numpy()[None, None])
    torch.testing.assert_close(weights, gradient / gradient.mean())


def test_tchebycheff_learns_the_worst_task_alone_as_smoothing_vanishes():
    epochs = np.array([[[2.0, 4.0]], *[[[1.0, 3.0]]] * 99])
    weights = weights_after(SmoothTchebycheff(smoothing=0.01), epochs)
    np.testing.assert_allclose(weights, [0.0, 2.0], atol=1e-6)
    weights = weights_after(SmoothTchebycheff(smoothing=1e6), epochs)
    np.testing.assert_allclose(weights, [4 / 3, 2 / 3], rtol=1e-4)


def test_tchebycheff_is_its_gradient():
    first, now = torch.tensor([2.0, 4.0, 1.0]), torch.tensor([1.5, 2.0, 0.9], requires_grad=True)
    value = 0.2 * ((now / first) / 0.2).logsumexp(dim=0)
    (gradient,) = torch.autograd.grad(value, now)
    epochs = np.stack([first.numpy(), *[now.detach().numpy()] * 200])[:, None]
    weights = weights_after(SmoothTchebycheff(), epochs)
    torch.testing.assert_close(weights, gradient / gradient.mean(), rtol=1e-3, atol=0)


def test_random_weights_are_drawn_anew_and_equal_in_the_mean():
    state = RandomWeights().start(3, np.random.default_rng(0), CPU)
    present = torch.tensor([True, True, False])
    drawn = torch.stack([state.weights(torch.ones(3), present) for _ in range(4000)])
    assert (drawn[:, 2] == 0).all()
    assert drawn[:, 0].std() > 0.3
    torch.testing.assert_close(drawn.mean(dim=0)[:2], torch.ones(2), rtol=0, atol=0.05)
    again = RandomWeights().start(3, np.random.default_rng(0), CPU)
    torch.testing.assert_close(again.weights(torch.ones(3), present), drawn[0])


def test_famo_gives_less_to_the_task_that_falls_faster():
    state = BALANCERS["famo"].start(2, np.random.default_rng(0), CPU)
    values, present = torch.tensor([1.0, 1.0]), torch.ones(2, dtype=torch.bool)
    for _ in range(20):
        weights = state.weights(values, present)
        state.after_step(lambda: torch.tensor([0.5, 0.99]))
    assert weights[0] < weights[1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Uncertainty(learning_rate=-1), r"Uncertainty: learning_rate=-1 must be .* \[0"),
        (lambda: DynamicWeightAverage(temperature=0), r"temperature=0 must be a number in \(0"),
        (lambda: SmoothTchebycheff(smoothing=float("nan")), "smoothing=nan must be"),
        (lambda: FixedWeights((1.0, -1.0)), "not negative"),
        (lambda: FixedWeights({"a": 1.0}), r"sequence of numbers.* balance=\{name: weight\}"),
        (lambda: FixedWeights(2), "sequence of numbers, one for each task, got 2"),
    ],
    ids=["uncertainty", "dwa", "tchebycheff", "fixed", "mapping", "number"],
)
def test_parameters_are_checked(make, message):
    with pytest.raises(ValueError, match=message):
        make()
