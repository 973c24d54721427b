"""Attention masks, tested from outside: which outputs change if a token changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from skmtl.networks import HubTokens

MASKS = ["none", "task_to_task", "feature_to_task", "both"]
every_mask = pytest.mark.parametrize("mask", MASKS)
every_reading = pytest.mark.parametrize("reading", [True, HubTokens(n=3)], ids=str)
any_depth = pytest.mark.parametrize("n_blocks", [1, 2, 3])


@pytest.fixture
def network_of(make_network):
    """The linear row path returns the features' tokens after the last block."""

    def make(mask, n_blocks, feature_attention=True):
        return make_network(
            mask=mask, n_blocks=n_blocks, feature_attention=feature_attention, row_mixing="linear"
        )

    return make


def weigh(values):
    """A sum with random weights: a plain sum of normalised tokens is constant."""
    generator = torch.Generator().manual_seed(3)
    return (values * torch.randn(values.shape, generator=generator)).sum()


def gradient(output, by):
    (found,) = torch.autograd.grad(weigh(output), by, retain_graph=True, allow_unused=True)
    return torch.zeros_like(by) if found is None else found


def features_move_with_tasks(network, batch):
    rows, _ = network.represent(batch)
    return gradient(rows, network.task_tokens).abs().max().item() > 0


def tasks_move_with_tasks(network, batch):
    """Return a matrix whose entry (t, u) is whether task t's output depends on task u's token."""
    _, tasks = network.represent(batch)
    moves = [gradient(task, network.task_tokens).abs().amax(dim=-1) for task in tasks]
    return torch.stack(moves) > 0


@any_depth
@every_mask
@every_reading
def test_features_read_tasks_unless_hidden(reading, mask, n_blocks, network_of, make_rows):
    network = network_of(mask, n_blocks, reading)
    reads = mask in ("none", "task_to_task")
    assert features_move_with_tasks(network, make_rows(6)) is reads


@every_mask
def test_features_that_pass_through_read_nothing(mask, network_of, make_rows):
    network = network_of(mask, 2, feature_attention=False)
    assert not features_move_with_tasks(network, make_rows(6))


@any_depth
@every_mask
@every_reading
def test_tasks_read_tasks_unless_hidden(reading, mask, n_blocks, network_of, make_rows):
    moves = tasks_move_with_tasks(network_of(mask, n_blocks, reading), make_rows(6))
    assert moves.diagonal().all()
    if mask == "both" or (mask == "task_to_task" and n_blocks == 1):
        assert torch.equal(moves, torch.eye(3, dtype=torch.bool))
    else:
        # With "task_to_task", deeper blocks connect tasks through the features.
        assert moves.all()


@torch.no_grad()
def test_hidden_tasks_may_hold_anything(network_of, make_rows):
    """Check the same by perturbation, and exactly."""
    batch = make_rows(6)
    for mask, n_blocks in [("both", 2), ("task_to_task", 1)]:
        network = network_of(mask, n_blocks)
        _, before = network.represent(batch)
        network.task_tokens[1] = 1e3
        _, after = network.represent(batch)
        assert torch.equal(after[[0, 2]], before[[0, 2]])
        assert not torch.allclose(after[1], before[1])


@torch.no_grad()
@every_reading
def test_features_may_not_see_what_the_tasks_hold(reading, network_of, make_rows):
    batch = make_rows(6)
    for mask in ("feature_to_task", "both"):
        network = network_of(mask, 2, reading)
        before, _ = network.represent(batch)
        network.task_tokens += torch.randn(
            network.task_tokens.shape, generator=torch.Generator().manual_seed(0)
        )
        after, _ = network.represent(batch)
        assert torch.equal(after, before)


@any_depth
@every_mask
def test_tasks_always_read_the_features(mask, n_blocks, network_of, make_rows):
    batch = make_rows(6)
    numeric = batch.numeric.nan_to_num(0.5).requires_grad_()
    _, tasks = network_of(mask, n_blocks).represent(replace(batch, numeric=numeric))
    for task in tasks:
        assert (gradient(task, numeric).abs() > 0).all()


@torch.no_grad()
@pytest.mark.parametrize("feature_attention", [True, False, HubTokens(n=3)], ids=str)
def test_features_read_each_other_only_with_feature_attention(
    feature_attention, network_of, make_rows
):
    """What a change of feature 0 does to the row depends on feature 1 if they read each other."""
    network = network_of("both", 1, feature_attention=feature_attention)
    batch = make_rows(6)

    def effect_of_first(second):
        moved = replace(batch, numeric=batch.numeric.nan_to_num(0.5))
        moved.numeric[:, 1] = second
        low, _ = network.represent(moved)
        moved.numeric[:, 0] += 1.0
        high, _ = network.represent(moved)
        return high - low

    assert effect_of_first(0.1).abs().max() > 0.1
    interaction = (effect_of_first(0.1) - effect_of_first(3.0)).abs().max()
    assert (interaction > 1e-2) if feature_attention else (interaction < 1e-5)


@pytest.mark.parametrize("mask", MASKS)
def test_dropped_attention_and_the_fused_kernel_agree(mask, make_network, make_rows):
    """A very small dropout probability selects the path with explicit weights."""
    network = make_network(mask=mask, feature_attention=True, attention_dropout=1e-12)
    with torch.no_grad():
        fused = network(make_rows(6))
        explicit = network.train()(make_rows(6))
    torch.testing.assert_close(explicit, fused, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_a_single_token_serves_all_tasks(make_network, make_rows):
    network = make_network(single_token=True)
    _, tasks = network.represent(make_rows(6))
    assert tasks.shape == (1, 6, 8)
    assert network(make_rows(6)).shape == (6, 3, 6)
