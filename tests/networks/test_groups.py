"""Long data: groups of rows with their own tokens in addition to the shared ones."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

UNSEEN = -1
N_GROUPS = 4


@pytest.fixture(params=[False, True], ids=["token per task", "single token"])
def network(request, make_network):
    return make_network(n_groups=N_GROUPS, single_token=request.param)


def in_group(index, batch):
    return replace(batch, group=torch.full((len(batch),), index))


@torch.no_grad()
def test_an_unseen_group_gets_the_shared_tokens_only(network, make_network, make_rows):
    batch = make_rows(6)
    without_groups = make_network(single_token=network.config.single_token)
    without_groups.load_state_dict(
        {name: v for name, v in network.state_dict().items() if not name.startswith("group_")}
    )
    torch.testing.assert_close(network(in_group(UNSEEN, batch)), without_groups(batch))


@torch.no_grad()
def test_what_the_groups_hold_does_not_reach_an_unseen_one(network, make_rows):
    batch = make_rows(6)
    before = network(in_group(UNSEEN, batch))
    network.group_tokens.fill_(1e3)
    network.group_bias.fill_(1e3)
    assert torch.equal(network(in_group(UNSEEN, batch)), before)


@torch.no_grad()
def test_groups_differ(network, make_rows):
    batch = make_rows(6)
    scores = [network(in_group(g, batch)) for g in range(UNSEEN, N_GROUPS)]
    for g, one in enumerate(scores):
        for other in scores[:g]:
            assert (one - other).abs().max() > 0.1


@torch.no_grad()
def test_groups_may_be_mixed_in_a_batch(network, make_rows):
    batch = replace(make_rows(5), group=torch.tensor([2, UNSEEN, 0, 3, 2]))
    together = network(batch)
    for row in range(5):
        alone = network(batch.take(slice(row, row + 1)))
        torch.testing.assert_close(together[row], alone[0], rtol=1e-5, atol=1e-5)


def test_a_row_teaches_its_own_group_only(network, make_rows):
    group = torch.tensor([2, UNSEEN, 0, UNSEEN, 2])
    network(replace(make_rows(5), group=group)).pow(2).sum().backward()
    for parameter in (network.group_tokens, network.group_bias):
        taught = parameter.grad.abs().flatten(1).amax(dim=1) > 0
        assert taught.tolist() == [True, False, True, False]


@torch.no_grad()
def test_the_bias_of_a_group_is_added_to_its_scores(network, make_rows):
    batch = make_rows(6)
    before = network(in_group(1, batch))
    network.group_bias[1] += torch.arange(6.0)
    after = network(in_group(1, batch))
    torch.testing.assert_close(after, before + torch.arange(6.0))
