"""RepMTL and SharpnessAware against their equations, written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skmtl.balancing import RepMTL, SharpnessAware
from skmtl.training import Representation, _target_gradients
from skmtl.training._balanced_steps import PenaltyStep, SharpRepresentationStep
from skmtl.training._balanced_tasks import balanced_tasks
from skmtl.training._target_gradients import HiddenLayers, WholeGradients
from tests.training.test_shared_gradients import make_objective


def penalty_step(objective, samples):
    return PenaltyStep(objective, RepMTL(regulation=0.7, alignment=1.3))


def sharp_step(objective, samples):
    return SharpRepresentationStep(objective, balanced_tasks(objective, samples), 0.1)


def penalty_of_saliency(saliency, weight, *, regulation, alignment, temperature):
    """Row by row, from the gradients (n_tasks, batch, n_positions, n_channels) themselves."""
    present = weight > 0
    rows = [b for b in range(len(weight)) if present[b].sum() > 1]
    anchors = {b: saliency[:, b].mean(dim=(0, 1)) for b in rows}
    entropy = contrast = total = 0.0
    for b in rows:
        own = weight[b].max()
        total += own
        sizes = saliency[:, b].mean(dim=2).abs()
        share = (sizes / sizes.sum(dim=0)).clamp_min(1e-30)
        entropy += own * -(share * share.log()).sum(dim=0).mean()
        anchor = torch.outer(anchors[b], anchors[b])
        pulled = [
            torch.cosine_similarity(anchor.flatten(), (s.T @ s).flatten(), dim=0) / temperature
            for s in saliency[present[b], b]
        ]
        pushed = torch.stack(
            [
                torch.cosine_similarity(anchors[b], anchors[k], dim=0) ** 2 / temperature
                for k in rows
                if k != b
            ]
        ).logsumexp(dim=0)
        contrast += own * (pushed - torch.stack(pulled).mean())
    return (regulation * entropy + alignment * contrast) / total


@given(seed=st.integers(0, 2**32 - 1), weights=st.tuples(*[st.sampled_from([0.5, 1.0, 3.0])] * 5))
@settings(max_examples=15, deadline=None)
def test_the_penalty_is_that_of_the_equations(seed, weights):
    rng = np.random.default_rng(seed)
    hidden = torch.from_numpy(rng.normal(size=(3, 5, 2, 4)))
    maps = torch.from_numpy(rng.normal(size=(3, 6, 4)))
    present = torch.from_numpy(rng.random((5, 3)) < 0.8)
    present[0], present[1] = True, True
    weight = present * torch.tensor(weights, dtype=torch.float64)[:, None]
    hidden = hidden * present.T[..., None, None]
    settings = {"regulation": 0.7, "alignment": 1.3, "temperature": 0.4}
    found = RepMTL(**settings).penalty(hidden, maps, weight)
    saliency = hidden @ maps.mT[:, None]
    wanted = penalty_of_saliency(saliency, weight, **settings)
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4)
    whole = RepMTL(**settings).penalty(saliency, None, weight)
    torch.testing.assert_close(whole, wanted, rtol=1e-3, atol=1e-4)


def test_tasks_in_places_of_their_own_have_no_entropy():
    hidden = torch.zeros(2, 4, 2, 1)
    hidden[0, :, 0], hidden[1, :, 1] = 1.0, 2.0
    alone = RepMTL(alignment=0.0).penalty(hidden, torch.ones(2, 3, 1), torch.ones(4, 2))
    together = RepMTL(alignment=0.0).penalty(hidden + 1, torch.ones(2, 3, 1), torch.ones(4, 2))
    assert abs(float(alone)) < 1e-4
    assert 0.5 < float(together) < np.log(2)


@pytest.mark.parametrize("present", [[[1, 0], [0, 1], [0, 0]], [[1, 1], [0, 1], [0, 0]]], ids=str)
def test_rows_without_two_tasks_have_no_say(present):
    weight = torch.tensor(present, dtype=torch.float32)
    hidden = torch.randn(2, 3, 2, 4, generator=torch.Generator().manual_seed(0))
    hidden = (hidden * weight.T[..., None, None]).requires_grad_()
    maps = torch.ones(2, 5, 4, requires_grad=True)
    penalty = RepMTL().penalty(hidden, maps, weight)
    penalty.backward()
    assert torch.isfinite(hidden.grad).all()
    assert torch.isfinite(maps.grad).all()
    others = weight.sum(dim=1) < 2
    assert not hidden.grad[:, others].abs().max() > 1e-4
    if others.all():
        assert float(penalty.detach()) == 0


SWITCHES = [{}, {"row_mixing": "none"}, {"single_token": True}]


@pytest.mark.parametrize("switches", SWITCHES, ids=str)
def test_hidden_layers_have_the_gradients_at_the_representation(switches):
    objective, samples = make_objective(**switches)
    whole, layers = WholeGradients(objective, samples), HiddenLayers(objective, samples)
    torch.testing.assert_close(layers.losses, whole.losses)
    gradients = whole.gradients()
    at_layers = layers.gradients()
    squares = layers.squares(at_layers)
    torch.testing.assert_close(squares, whole.squares(gradients), rtol=1e-4, atol=1e-9)
    lengths = 0.1 * torch.rand(3, len(samples), generator=torch.Generator().manual_seed(2))
    moved = layers.losses_at(lengths, at_layers)
    torch.testing.assert_close(moved, whole.losses_at(lengths, gradients))
    assert (moved > layers.losses).all(), "each target goes up its loss"


@pytest.mark.parametrize("switches", SWITCHES, ids=str)
def test_saliencies_are_the_same_by_their_factors(switches):
    objective, samples = make_objective(**switches)
    whole, _ = WholeGradients(objective, samples).saliency()
    hidden, maps = HiddenLayers(objective, samples).saliency()
    torch.testing.assert_close(hidden @ maps.mT[:, None], whole, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("switches", SWITCHES, ids=str)
@pytest.mark.parametrize("make_step", [penalty_step, sharp_step])
def test_steps_are_the_same_without_hidden_layers(make_step, switches, monkeypatch):
    found = []
    for has_towers in (True, False):
        monkeypatch.setattr(_target_gradients, "has_towers", lambda _, has=has_towers: has)
        objective, samples = make_objective(**switches)
        make_step(objective, samples).backward(samples)
        found.append([parameter.grad for parameter in objective.network.parameters()])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("switches", SWITCHES, ids=str)
def test_sharp_steps_are_the_gradients_at_a_moved_representation(switches):
    """The towers' and the trunk's, with the moves as constants, by autograd alone."""
    radius = 0.1
    objective, batch = make_objective(**switches)
    network = objective.network
    sharp_step(objective, batch).backward(batch)
    found = [parameter.grad.clone() for parameter in network.parameters()]
    network.zero_grad()

    cut = Representation(objective, batch)
    parts = torch.autograd.grad((objective.share * cut.losses).sum(), cut.copies)
    representation = network.represent(batch.inputs)
    losses = []
    for target in range(3):
        seen = batch.weight[:, target] > 0
        size = sum(part[:, seen].square().sum() for part in representation)
        steep = sum(part[target].square().sum() for part in parts)
        times = (radius * (size / steep).sqrt()).detach()
        moved = []
        for part, move in zip(representation, parts, strict=True):
            copies = part.expand(3, *part.shape[1:]).clone()
            copies[target] += times * move[target]
            moved.append(copies)
        scores = network.answer(tuple(moved), batch.inputs)
        losses.append(objective.by_target(scores, batch)[target])
    (objective.share * torch.stack(losses)).sum().backward()
    for parameter, gradient in zip(network.parameters(), found, strict=True):
        torch.testing.assert_close(gradient, parameter.grad, rtol=1e-3, atol=1e-6)


def test_each_id_of_long_data_is_moved_by_its_own_gradient():
    """Its share does not matter: the ids' moves are as long as ever, whatever the others' are."""
    objective, batch = make_objective(groups=True)
    tasks = balanced_tasks(objective, batch)
    lengths = []
    for factor in (1.0, 1e-3):
        weight = batch.weight * torch.where(batch.inputs.group == 0, factor, 1.0)[:, None]
        weighted = replace(batch, weight=weight)
        layers = HiddenLayers(objective, weighted)
        squares = layers.squares(layers.gradients())
        step = SharpRepresentationStep(objective, tasks, 0.1)
        moves = step.lengths(layers, squares, weighted).square() * squares.T
        lengths.append(moves[:, batch.inputs.group == 0].sum())
    torch.testing.assert_close(lengths[0], lengths[1], rtol=1e-3, atol=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RepMTL(regulation=-1), r"RepMTL: regulation=-1 must be a number in \[0, inf\)"),
        (lambda: RepMTL(temperature=0), r"RepMTL: temperature=0 must be a number in \(0, inf\)"),
        (lambda: SharpnessAware(radius=np.inf), "SharpnessAware: radius=inf must be a number"),
    ],
    ids=["regulation", "temperature", "radius"],
)
def test_parameters_are_checked(make, message):
    with pytest.raises(ValueError, match=message):
        make()
