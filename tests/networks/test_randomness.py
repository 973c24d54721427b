"""Random numbers only come from the generators that are passed in."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from skmtl.networks import (
    Batch,
    Dropout,
    Experts,
    HubTokens,
    MultiTabConfig,
    MultiTabNet,
    initialise,
    seed_dropout,
)

SWITCHES = [
    {},
    {"n_groups": 3, "sample_context": "prototypes"},
    {"sample_context": "memory", "numeric_embedding": "periodic", "row_mixing": "linear"},
    {"feature_attention": True, "mask": "none", "row_mixing": "mlp", "n_blocks": 2},
    {"row_mixing": Experts(size=6, n_levels=2)},
    {"feature_attention": HubTokens(n=3), "n_blocks": 2},
]


def build(**switches):
    config = MultiTabConfig(cardinalities=(3,), n_scores=(1, 2), row_size=6, **switches)
    memory = None
    if config.sample_context == "memory":
        memory = torch.ones(4, 1), torch.ones(4, 1, dtype=torch.long)
    return MultiTabNet(config, [torch.tensor([0.0, 1.0])], torch.zeros(3), memory)


def generator(seed):
    return torch.Generator().manual_seed(seed)


def weights(network):
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


@pytest.fixture
def global_state():
    """Fail if the test has changed the global random state of torch or numpy."""
    of_torch, (_, keys, position, *_) = torch.get_rng_state(), np.random.get_state()
    yield
    assert torch.equal(torch.get_rng_state(), of_torch)
    _, keys_after, position_after, *_ = np.random.get_state()
    assert position_after == position
    np.testing.assert_array_equal(keys_after, keys)


@pytest.mark.parametrize("switches", SWITCHES)
def test_global_random_state_is_left_alone(switches, global_state):
    network = build(dropout=0.5, attention_dropout=0.5, **switches)
    initialise(network, generator(0))
    seed_dropout(network, generator(1))
    batch = Batch(torch.ones(4, 1), torch.ones(4, 1, dtype=torch.long))
    network.train()(batch).sum().backward()


@pytest.mark.parametrize("switches", SWITCHES)
def test_the_seed_decides_the_weights(switches):
    one, twin, other = build(**switches), build(**switches), build(**switches)
    torch.rand(5)  # whatever the host program draws
    initialise(one, generator(3))
    torch.rand(7)
    initialise(twin, generator(3))
    initialise(other, generator(4))
    assert torch.equal(weights(one), weights(twin))
    assert not torch.equal(weights(one), weights(other))


@pytest.mark.parametrize("switches", SWITCHES)
def test_every_parameter_is_initialised(switches):
    network = build(**switches)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(torch.nan)
    initialise(network, generator(0))
    assert torch.isfinite(weights(network)).all()


def test_the_same_draws_come_from_the_same_generator_state():
    network, source = build(), generator(0)
    initialise(network, source)
    first = weights(network)
    initialise(network, source)
    assert not torch.equal(weights(network), first), "the generator has moved on"


@pytest.mark.parametrize("switches", SWITCHES)
def test_dropout_of_a_network_follows_its_generator(switches):
    network = build(dropout=0.5, attention_dropout=0.3, **switches)
    initialise(network, generator(0))
    batch = Batch(torch.linspace(0, 1, 20)[:, None], torch.ones(20, 1, dtype=torch.long))

    @torch.no_grad()
    def scores(seed):
        seed_dropout(network, generator(seed))
        return network(batch)

    network.train()
    assert torch.equal(scores(1), scores(1))
    assert not torch.equal(scores(1), scores(2))
    network.eval()
    assert torch.equal(scores(1), scores(2))


def dropped(rate, n, seed=0):
    layer = Dropout(rate)
    layer.generator = generator(seed)
    return layer.train()(torch.ones(n))


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.25, 0.5, 0.9])
def test_the_rate_is_met(rate):
    n = 400_003  # no multiple of what one random integer serves
    out = dropped(rate, n)
    error = (rate * (1 - rate) / n) ** 0.5
    assert (out == 0).double().mean().item() == pytest.approx(rate, abs=5 * error)
    kept = out[out != 0]
    torch.testing.assert_close(kept, torch.full_like(kept, 1 / (1 - rate)), rtol=2e-4, atol=0)
    assert out.double().mean().item() == pytest.approx(1.0, abs=5 * error / (1 - rate) + 2e-5)


def test_places_are_dropped_independently():
    """Also those that share a random integer, which lie four by four."""
    rate, out = 0.3, dropped(0.3, 400_000) == 0
    by_place = out.view(-1, 4).double().mean(dim=0)
    error = (rate * (1 - rate) / 100_000) ** 0.5
    torch.testing.assert_close(by_place, torch.full_like(by_place, rate), rtol=0, atol=5 * error)
    for lag in range(1, 9):
        both = (out[lag:] & out[:-lag]).double().mean().item()
        assert both == pytest.approx(rate**2, abs=5 * (rate**2 / 400_000) ** 0.5)


def test_every_call_draws_anew():
    layer = Dropout(0.5)
    layer.generator = generator(0)
    x = torch.ones(1000)
    assert not torch.equal(layer(x), layer(x))


def test_the_seed_decides_what_is_dropped():
    assert torch.equal(dropped(0.4, 999, seed=5), dropped(0.4, 999, seed=5))
    assert not torch.equal(dropped(0.4, 999, seed=5), dropped(0.4, 999, seed=6))


def test_dropout_is_off_in_eval_and_at_rate_zero(global_state):
    x = torch.linspace(-1, 1, 99)
    assert torch.equal(Dropout(0.5).eval()(x), x)
    assert torch.equal(Dropout(0.0).train()(x), x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dropout_keeps_shape_and_dtype(dtype):
    layer = Dropout(0.5)
    layer.generator = generator(0)
    x = torch.ones(3, 5, 7, dtype=dtype).transpose(0, 2)
    out = layer(x)
    assert out.shape == x.shape
    assert out.dtype == dtype
    assert set(out.flatten().tolist()) == {0.0, 2.0}


def test_gradients_flow_where_values_were_kept():
    layer = Dropout(0.5)
    layer.generator = generator(0)
    x = torch.ones(200, requires_grad=True)
    out = layer(x)
    out.sum().backward()
    assert torch.equal(x.grad, out.detach())
