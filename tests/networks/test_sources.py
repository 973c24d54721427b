"""Sources that a row lacks: the values of their features have no effect."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from skmtl.networks import PRESENT_SOURCES, ColumnSources, Experts, HubTokens

# The first source has a number and a category, the second a number; the others are in none.
SOURCES = ColumnSources(numeric=(0, -1, 1), categorical=(0, -1), histories=())
PRESENT = torch.tensor([[True, True], [False, True], [True, False], [False, False]] * 2)
SWITCHES = [
    {},
    {"mask": "none", "feature_attention": True, "n_blocks": 2},
    {"mask": "both", "feature_attention": True, "attention_dropout": 0.1},
    {"mask": "none", "feature_attention": HubTokens(n=3), "n_blocks": 2},
    {"mask": "both", "feature_attention": HubTokens(n=3), "attention_dropout": 0.1},
    {"row_mixing": "linear", "linear_path": True},
    {"row_mixing": "none", "single_token": True},
    {"row_mixing": Experts.named("stem").resolved((0, 1, 2), 10)},
    {"sample_context": "prototypes", "numeric_embedding": "periodic"},
]


@pytest.fixture(params=SWITCHES, ids=str)
def network(request, make_network):
    return make_network(sources=SOURCES, **request.param).eval()


@pytest.fixture
def batch(make_rows):
    return replace(make_rows(8), extras={PRESENT_SOURCES: PRESENT})


def with_other_values(batch, value, code):
    """Return other values for absent sources."""
    numeric, codes = batch.numeric.clone(), batch.codes.clone()
    lacks_first, lacks_second = ~PRESENT[:, 0], ~PRESENT[:, 1]
    numeric[lacks_first, 0] = numeric[lacks_second, 2] = value
    codes[lacks_first, 0] = code
    return replace(batch, numeric=numeric, codes=codes)


@torch.no_grad()
@pytest.mark.parametrize(("value", "code"), [(torch.nan, 1), (1e30, 2), (torch.inf, 0)])
def test_values_of_absent_sources_change_no_score(network, batch, value, code):
    scores = network(batch)
    assert scores.isfinite().all()
    assert torch.equal(network(with_other_values(batch, value, code)), scores)


@torch.no_grad()
def test_values_of_present_sources_change_scores(network, batch):
    changed = replace(batch, numeric=batch.numeric.nan_to_num(0.0) + 0.7)
    before = network(replace(batch, numeric=batch.numeric.nan_to_num(0.0)))
    assert (network(changed) != before).any(dim=(1, 2)).all()  # a column is in no source


def test_absent_sources_have_finite_gradients_of_zero(network, batch):
    network.train()
    numeric = with_other_values(batch, 1e30, 2).numeric.nan_to_num(0.5).requires_grad_()
    network(replace(batch, numeric=numeric)).sum().backward()
    assert (numeric.grad[~PRESENT[:, 0], 0] == 0).all()
    assert (numeric.grad[~PRESENT[:, 1], 2] == 0).all()
    assert all(p.grad.isfinite().all() for p in network.parameters() if p.grad is not None)


@torch.no_grad()
def test_tasks_do_not_attend_to_absent_sources(make_network, batch):
    attention = make_network(sources=SOURCES).eval().task_attention(batch)
    assert (attention[~PRESENT[:, 0]][..., [0, 3]] == 0).all()
    assert (attention[~PRESENT[:, 1]][..., 2] == 0).all()
    assert (attention[PRESENT.all(dim=1)] > 0).all()


@torch.no_grad()
def test_rows_with_all_sources_are_as_without_sources(make_network, batch):
    every = replace(batch, extras={PRESENT_SOURCES: torch.ones_like(PRESENT)})
    switches = {"mask": "none", "feature_attention": True, "linear_path": True}
    with_sources = make_network(sources=SOURCES, **switches).eval()
    plain = make_network(**switches).eval()
    torch.testing.assert_close(with_sources(every), plain(batch), rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_tokens_of_absent_sources_add_nothing_to_the_row(network, batch):
    features = network.row_input(batch).features
    is_zero = (features == 0).all(dim=2)
    assert is_zero[~PRESENT[:, 0], 0].all()
    assert is_zero[~PRESENT[:, 1], 2].all()
    assert is_zero[~PRESENT[:, 0], 3].all()
    assert not is_zero[:, 1].any()
