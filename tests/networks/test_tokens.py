"""Feature tokens, compared with their definitions row by row in numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from skmtl.networks import Batch

EMBEDDINGS = ["linear", "periodic", "piecewise_linear"]
BINS = ([-1.0, 0.0, 1.0], [0.0, 0.5, 1.0, 2.0, 4.0], [-2.0, 2.0])
# Inside the bins, on every edge, and outside.
POINTS = sorted({*np.linspace(-6, 6, 25), *np.concatenate(BINS)})


@pytest.fixture
def at_points():
    """Every feature has every point as a value; all categories are unknown."""
    numeric = torch.tensor(POINTS, dtype=torch.float32)[:, None].repeat(1, len(BINS))
    return Batch(numeric, torch.zeros(len(POINTS), 2, dtype=torch.long))


def parameters_of(network):
    return {
        name.rsplit(".", 1)[-1]: value.detach().double().numpy()
        for name, value in network.tokens.numeric.named_parameters()
    }


@torch.no_grad()
def numeric_tokens(network, batch):
    tokens = network.tokens(batch.numeric, batch.codes)
    return tokens[:, : batch.numeric.shape[1]].double().numpy()


def straight_line(parameters, f, x):
    return parameters["bias"][f] + x * parameters["slope"][f]


def piecewise_linear(parameters, f, x):
    """Return the share of each bin below x (Gorishniy et al. 2022, equation 1)."""
    filled = [
        np.clip((x - low) / (high - low), 0.0, 1.0)
        for low, high in zip(BINS[f], BINS[f][1:], strict=False)
    ]
    bends = parameters["bends"][f, : len(filled)]
    return straight_line(parameters, f, x) + np.array(filled) @ bends


def periodic(parameters, f, x):
    phase = 2 * np.pi * x * parameters["frequency"][f]
    waves = np.concatenate([np.sin(phase), np.cos(phase)]) @ parameters["mix"]
    return straight_line(parameters, f, x) + np.maximum(waves, 0.0)


DEFINITIONS = {
    "linear": straight_line,
    "periodic": periodic,
    "piecewise_linear": piecewise_linear,
}


@pytest.mark.parametrize("embedding", EMBEDDINGS)
def test_numeric_tokens_are_their_definition(embedding, make_network, at_points):
    network = make_network(numeric_embedding=embedding)
    found, parameters = numeric_tokens(network, at_points), parameters_of(network)
    for i, x in enumerate(POINTS):
        for f in range(len(BINS)):
            expected = DEFINITIONS[embedding](parameters, f, x)
            np.testing.assert_allclose(found[i, f], expected, rtol=1e-4, atol=1e-4)


def test_the_bends_are_clamped_outside_the_edges(make_network, at_points):
    network = make_network()
    with torch.no_grad():
        network.tokens.numeric.slope.zero_()
    found, points = numeric_tokens(network, at_points), np.array(POINTS)
    for f, edges in enumerate(BINS):
        below, above = points <= edges[0], points >= edges[-1]
        assert below.sum() > 1
        assert above.sum() > 1
        assert np.ptp(found[below, f], axis=0).max() == 0
        assert np.ptp(found[above, f], axis=0).max() < 1e-6
        assert np.abs(found[above, f][0] - found[below, f][0]).max() > 0.1


@pytest.mark.parametrize("embedding", EMBEDDINGS)
def test_missing_numbers_get_their_features_missing_token(embedding, make_network, make_rows):
    network = make_network(numeric_embedding=embedding)
    batch = make_rows(20)
    missing = torch.isnan(batch.numeric)
    assert missing.any(dim=0).all()
    found = numeric_tokens(network, batch)
    token = parameters_of(network)["missing"]
    for f in range(missing.shape[1]):
        rows = missing[:, f].numpy()
        np.testing.assert_array_equal(found[rows, f], np.tile(token[f], (rows.sum(), 1)))
        assert not np.isclose(found[~rows, f], token[f]).all(axis=1).any()


@pytest.mark.parametrize("embedding", EMBEDDINGS)
def test_missing_numbers_leave_every_gradient_finite(embedding, make_network, make_rows):
    network = make_network(numeric_embedding=embedding)
    network(make_rows(20)).pow(2).sum().backward()
    for name, parameter in network.named_parameters():
        if parameter.grad is not None:
            assert torch.isfinite(parameter.grad).all(), name


@pytest.mark.parametrize("embedding", EMBEDDINGS)
def test_a_column_that_is_always_missing_teaches_only_its_missing_token(embedding, make_network):
    network = make_network(numeric_embedding=embedding)
    numeric = torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
    numeric[:, 1] = torch.nan
    network(Batch(numeric, torch.ones(20, 2, dtype=torch.long))).pow(2).sum().backward()
    learnt = network.tokens.numeric
    assert learnt.missing.grad[1].abs().max() > 0
    assert learnt.missing.grad[[0, 2]].abs().max() == 0
    assert learnt.slope.grad[1].abs().max() == 0
    assert learnt.slope.grad[[0, 2]].abs().min() > 0


@torch.no_grad()
def test_unknown_categories_get_a_zero_token(make_network):
    network = make_network()
    codes = torch.tensor([[0, 0], [2, 0], [0, 2], [3, 1]])
    tokens = network.tokens(torch.zeros(4, 3), codes)[:, 3:]
    assert torch.equal(tokens.abs().amax(dim=-1) > 0, codes > 0)


@torch.no_grad()
def test_every_category_of_every_feature_has_a_token_of_its_own(make_network):
    network = make_network()
    codes = torch.tensor([[1, 1], [2, 2], [3, 1]])
    tokens = network.tokens(torch.zeros(3, 3), codes)[:, 3:]
    known = torch.stack([tokens[0, 0], tokens[1, 0], tokens[2, 0], tokens[0, 1], tokens[1, 1]])
    assert (torch.cdist(known, known) + torch.eye(5)).min() > 0.01
    assert torch.equal(tokens[0, 1], tokens[2, 1])


def test_unknown_categories_teach_nothing(make_network):
    network = make_network()
    network(Batch(torch.zeros(6, 3), torch.tensor([[0, 2]] * 6))).pow(2).sum().backward()
    taught = network.tokens.categories.grad.abs().amax(dim=1) > 0
    # Four codes of the first feature, then three of the second.
    assert taught.tolist() == [False] * 6 + [True]


@torch.no_grad()
def test_features_keep_their_place(make_network):
    """Numbers come first, then categories; each column only affects its own token."""
    network = make_network()
    numeric, codes = torch.full((1, 3), 0.3), torch.ones(1, 2, dtype=torch.long)
    before = network.tokens(numeric, codes)
    assert before.shape == (1, 5, 8)
    for f in range(5):
        other, codes_of_other = numeric.clone(), codes.clone()
        if f < 3:
            other[0, f] = 0.9
        else:
            codes_of_other[0, f - 3] = 2
        moved = (network.tokens(other, codes_of_other) != before).any(dim=-1)[0]
        assert moved.tolist() == [g == f for g in range(5)]
