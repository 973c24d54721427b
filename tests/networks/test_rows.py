"""The scores of a row only depend on this row, in every configuration."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from skmtl.networks import Experts, FeatureGates, HubTokens, TaskEmbeddings

MASKS = ["none", "task_to_task", "feature_to_task", "both"]
SWITCHES = {
    "default": {},
    "linear numbers": {"numeric_embedding": "linear"},
    "periodic numbers": {"numeric_embedding": "periodic"},
    "no row path": {"row_mixing": "none"},
    "linear row path": {"row_mixing": "linear"},
    "perceptron row path": {"row_mixing": "mlp"},
    "one layer": {"row_layers": 1},
    "three layers": {"row_layers": 3},
    "one member": {"n_members": 1},
    "one token": {"single_token": True},
    "one task": {"n_scores": (2,)},
    "no block": {"n_blocks": 0},
    "two blocks": {"n_blocks": 2, "feature_attention": True, "mask": "none"},
    "one token, two blocks": {"single_token": True, "n_blocks": 2, "feature_attention": True},
    "hubs": {"feature_attention": HubTokens(n=3)},
    "hubs of two blocks": {
        "feature_attention": HubTokens(n=1),
        "n_blocks": 2,
        "mask": "none",
        "n_groups": 4,
    },
    "prototypes": {"sample_context": "prototypes"},
    "memory": {"sample_context": "memory"},
    "memory and attention": {"sample_context": "memory", "feature_attention": True},
    "memory, linear row path": {"sample_context": "memory", "row_mixing": "linear"},
    "only categories": {"bins": ()},
    "only numbers": {"cardinalities": ()},
    "groups": {"n_groups": 4},
    "groups and memory": {"n_groups": 4, "sample_context": "memory"},
    "a line": {"linear_path": True},
    "experts": {"row_mixing": Experts(size=10)},
    "experts of two levels": {
        "row_mixing": Experts(
            size=10,
            n_levels=2,
            groups=((0, 2), (1,)),
            others="detached",
            gate="token",
            task_inputs=(FeatureGates(), TaskEmbeddings()),
        ),
    },
    "experts and memory": {
        "row_mixing": Experts(size=10, shared=0),
        "sample_context": "memory",
        "n_groups": 4,
    },
    **{f"mask {mask}": {"mask": mask, "feature_attention": True} for mask in MASKS},
}
N_ROWS = 9


@pytest.fixture(params=SWITCHES)
def switches(request):
    return SWITCHES[request.param]


@pytest.fixture
def network(switches, make_network):
    return make_network(**switches)


@pytest.fixture
def batch(switches, make_rows):
    sizes = {
        "n_numeric": len(switches.get("bins", "abc")),
        "cardinalities": switches.get("cardinalities", (4, 3)),
    }
    group = torch.arange(N_ROWS) % 5 - 1 if "n_groups" in switches else None
    return replace(make_rows(N_ROWS, config=sizes), group=group)


@torch.no_grad()
def test_a_row_scores_the_same_alone_shuffled_and_in_any_batch(network, batch):
    together = network(batch)
    n_scores = sum(network.config.n_scores)
    assert together.shape == (N_ROWS, network.n_members, n_scores)
    assert torch.isfinite(together).all()
    assert together.std(dim=0).min() > 1e-4, "rows that score alike would hide a mistake"
    for size in (1, 2, 4):
        parts = [network(batch.take(slice(i, i + size))) for i in range(0, N_ROWS, size)]
        torch.testing.assert_close(torch.cat(parts), together, rtol=1e-5, atol=1e-5)
    order = torch.randperm(N_ROWS, generator=torch.Generator().manual_seed(1))
    shuffled = network(batch.take(order))
    torch.testing.assert_close(shuffled, together[order], rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_strange_neighbours_change_nothing(network, batch):
    before = network(batch)
    strange = replace(batch, numeric=batch.numeric.clone(), codes=batch.codes.clone())
    strange.numeric[1:] = 1e4
    strange.codes[1:] = 0
    after = network(strange)
    torch.testing.assert_close(after[0], before[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "switches", [name for name in SWITCHES if name != "only categories"], indirect=True
)
def test_no_gradient_flows_between_rows(network, batch):
    numeric = batch.numeric.nan_to_num(0.5).requires_grad_()
    scores = network(replace(batch, numeric=numeric))
    (gradient,) = torch.autograd.grad(scores[3].pow(2).sum(), numeric)
    assert gradient[3].abs().min() > 0
    gradient[3] = 0
    assert gradient.abs().max() == 0


@torch.no_grad()
def test_training_mode_without_dropout_is_the_same_function(network, batch):
    scores = network(batch)
    torch.testing.assert_close(network.train()(batch), scores, rtol=0, atol=0)


@torch.no_grad()
def test_represent_is_by_row_too(network, batch):
    together, alone = network.represent(batch), network.represent(batch.take(slice(3, 4)))
    assert len(together) == (1 if network.rows is None else 2)
    for part, part_alone in zip(together, alone, strict=True):
        torch.testing.assert_close(part_alone[:, 0], part[:, 3], rtol=1e-5, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("n_blocks", [1, 2])
@pytest.mark.parametrize("mask", MASKS)
def test_attention_is_by_row_and_a_share(mask, n_blocks, make_network, make_rows):
    network = make_network(mask=mask, n_blocks=n_blocks, feature_attention=True)
    batch = make_rows(N_ROWS)
    weights = network.task_attention(batch)
    assert weights.shape == (N_ROWS, 3, 5)
    assert (weights > 0).all()
    # The rest of the attention goes to task tokens.
    assert (weights.sum(dim=-1) < 1).all()
    alone = network.task_attention(batch.take(slice(4, 5)))
    torch.testing.assert_close(alone[0], weights[4])


@torch.no_grad()
def test_scores_start_from_the_base_scores(make_network, make_rows):
    network, batch = make_network(), make_rows(N_ROWS)
    before = network(batch)
    network.base_scores += torch.arange(6.0)
    torch.testing.assert_close(network(batch), before + torch.arange(6.0))


@torch.no_grad()
def test_memory_is_read(make_network, make_rows):
    network, batch = make_network(sample_context="memory"), make_rows(N_ROWS)
    before = network(batch)
    network.memory_numeric.nan_to_num_(0.0).add_(1.0)
    assert (network(batch) - before).abs().max() > 1e-3


@torch.no_grad()
@pytest.mark.parametrize("context", ["prototypes", "memory"])
def test_context_has_to_earn_its_place(context, make_network, make_rows):
    """With the initial update, the context has no effect."""
    plain, batch = make_network(), make_rows(N_ROWS)
    with_context = make_network(sample_context=context)
    with_context.load_state_dict(plain.state_dict(), strict=False)
    assert not torch.equal(with_context(batch), plain(batch))
    with_context.context.value.fill_(with_context.context.value.initial[0])
    torch.testing.assert_close(with_context(batch), plain(batch), rtol=0, atol=0)


def test_every_parameter_of_the_default_network_learns(make_network, make_rows):
    network = make_network()
    network(make_rows(60)).pow(2).sum().backward()
    still = [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or parameter.grad.abs().max() == 0
    ]
    assert still == []
