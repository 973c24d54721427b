"""A small network of any configuration, and rows for it."""

from __future__ import annotations

import pytest
import torch

from skmtl.networks import Batch, MultiTabConfig, MultiTabNet, initialise

# Features with different numbers of edges, like the quantiles of real columns.
BINS = ([-1.0, 0.0, 1.0], [0.0, 0.5, 1.0, 2.0, 4.0], [-2.0, 2.0])
SMALL = {
    "cardinalities": (4, 3),
    "n_scores": (1, 3, 2),
    "embedding_size": 8,
    "n_heads": 2,
    "feedforward_size": 12,
    "row_size": 10,
    "n_members": 3,
    "tower_size": 6,
    "n_slots": 5,
}
N_MEMORY = 7


def rows(n_rows, seed=0, config=None):
    """Numbers (some missing) and codes (some unknown) for a small network."""
    generator = torch.Generator().manual_seed(seed)
    n_numeric = len(BINS) if config is None else config["n_numeric"]
    cardinalities = SMALL["cardinalities"] if config is None else config["cardinalities"]
    numeric = 2 * torch.randn(n_rows, n_numeric, generator=generator)
    numeric[torch.rand(numeric.shape, generator=generator) < 0.2] = torch.nan
    codes = [torch.randint(c, (n_rows, 1), generator=generator) for c in cardinalities]
    codes = torch.cat([*codes, torch.empty(n_rows, 0, dtype=torch.long)], dim=1)
    return Batch(numeric, codes)


@pytest.fixture
def make_rows():
    return rows


@pytest.fixture
def make_network():
    """Return a function (seed=0, bins=BINS, **switches) that creates a network.

    Every parameter is moved away from where it is initialised, as training would: what starts at
    zero could hide that a part is wrong.
    """

    def make(*, seed=0, bins=BINS, dropout=0.0, **switches):
        config = MultiTabConfig(**{**SMALL, "dropout": dropout, **switches})
        memory = None
        if config.sample_context == "memory":
            sizes = {"n_numeric": len(bins), "cardinalities": config.cardinalities}
            slots = rows(N_MEMORY, seed=99, config=sizes)
            memory = slots.numeric, slots.codes
        base_scores = torch.linspace(-1.0, 1.0, sum(config.n_scores))
        network = MultiTabNet(config, [torch.tensor(b) for b in bins], base_scores, memory)
        generator = torch.Generator().manual_seed(seed)
        initialise(network, generator)
        with torch.no_grad():
            for parameter in network.parameters():
                parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
        return network.eval()

    return make
