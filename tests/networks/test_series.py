"""Raw scores in series are learnt as waves, without loss of information."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from skmtl import MultiTabSurvival
from skmtl.networks import Batch, MultiTabConfig, MultiTabNet, initialise
from skmtl.tasks import CompetingRisks, EventTimes, Survival


def make_network(n_scores, n_series, seed=0):
    config = MultiTabConfig((), n_scores, n_series, row_size=16, n_members=2)
    base = torch.linspace(-1, 1, sum(n_scores))
    network = MultiTabNet(config, [torch.linspace(-2, 2, 5)] * 3, base)
    initialise(network, torch.Generator().manual_seed(seed))
    return network.eval()


def scores_of(network):
    numeric = torch.randn(20, 3, generator=torch.Generator().manual_seed(1))
    batch = Batch(numeric, torch.empty(20, 0, dtype=torch.long))
    return network(batch).detach() - network.base_scores


def test_tasks_without_series_are_as_they_were():
    expected = scores_of(make_network((2, 5), (0, 0)))
    torch.testing.assert_close(scores_of(make_network((2, 5), ())), expected)
    mixed = scores_of(make_network((2, 5), (0, 1)))
    torch.testing.assert_close(mixed[..., :2], expected[..., :2])
    assert not torch.allclose(mixed[..., 2:], expected[..., 2:])


@pytest.mark.parametrize(("n_steps", "n_series"), [(5, 1), (4, 2), (1, 3)])
def test_any_scores_can_be_had_and_the_waves_are_cosines(n_steps, n_series):
    network = make_network((n_steps * n_series,), (n_series,))
    plain = scores_of(make_network((n_steps * n_series,), (0,)))
    waves = scores_of(network)
    # Converting the scores back to waves gives the output of the towers.
    centres = (np.arange(n_steps) + 0.5) / n_steps
    cosines = np.array([np.cos(np.pi * k * centres) / (1 + k) for k in range(n_steps)])
    series = waves.unflatten(-1, (n_steps, n_series)).numpy()
    found = np.einsum("bmsc,sk->bmkc", series, np.linalg.inv(cosines))
    np.testing.assert_allclose(found.reshape(plain.shape), plain.numpy(), atol=1e-4)


@pytest.mark.parametrize("kind", [Survival, CompetingRisks])
def test_hazards_are_series_unless_they_are_told_not_to(kind):
    events = [1, 0, 1, 2, 1] if kind is CompetingRisks else [1, 0, 1, 0, 1]
    labels = pd.Series(EventTimes(events, [1.0, 2.0, 3.0, 4.0, 5.0]))
    head = kind(cuts=2).fit(labels, task="exit")
    assert head.n_series == head.n_causes
    assert kind(cuts=2, smooth=False).fit(labels, task="exit").n_series == 0


def test_the_first_wave_of_a_survival_network_moves_all_hazards_alike():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2))
    y = {"event": rng.integers(0, 2, 100), "duration": rng.exponential(size=100)}
    model = MultiTabSurvival(cuts=4, n_bags=1, max_epochs=1, random_state=0).fit(X, y)
    network = next(iter(model.network_))
    with torch.no_grad():
        network.towers.out.zero_()
        network.towers.out_bias.zero_()
        network.towers.out_bias[:, :, 0] = 0.5
    batch = Batch(torch.zeros(3, 2), torch.empty(3, 0, dtype=torch.long))
    moved = network(batch) - network.base_scores
    torch.testing.assert_close(moved, torch.full_like(moved, 0.5))
