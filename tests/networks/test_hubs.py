"""Hub tokens: by hand, at a linear cost, for any number of features."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import skmtl
from skmtl.networks import HubGate, HubTokens, MaskedBlock, initialise

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SIZE, N_HUBS, HIDDEN = 8, 3, 12


def moved(module):
    """Draw every parameter, also those that start at zero."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(generator=generator)
    return module.eval()


def tokens(*shape, seed=1):
    return torch.randn(*shape, SIZE, generator=torch.Generator().manual_seed(seed))


def block(feature_attention):
    return MaskedBlock(SIZE, 2, HIDDEN, 0.1, 0.0, "both", feature_attention)


@torch.no_grad()
def test_by_hand():
    gate, seen = moved(HubGate(N_HUBS, SIZE, HIDDEN, 0.0, "silu")), tokens(2, 5)
    q, x = gate.queries.numpy(), seen[1].numpy()
    weights = np.exp(q @ x.T / np.sqrt(SIZE))
    hubs = weights / weights.sum(axis=1, keepdims=True) @ x
    up = gate.up.weight.numpy() @ hubs.ravel() + gate.up.bias.numpy()
    z = gate.down.numpy() @ (up / (1 + np.exp(-up))) + gate.bias.numpy()
    np.testing.assert_allclose(gate(seen, None)[1, 0], 0.5 + 1 / (1 + np.exp(-z)), rtol=1e-4)


@torch.no_grad()
def test_nothing_changes_before_training():
    plain, hubs = block(False).eval(), block(HubTokens(n=N_HUBS)).eval()
    initialise(hubs, torch.Generator().manual_seed(0))
    plain.load_state_dict(hubs.state_dict(), strict=False)
    features, tasks = tokens(4, 5), tokens(4, 2, seed=2)
    for before, after in zip(plain(features, tasks), hubs(features, tasks), strict=True):
        torch.testing.assert_close(after, before)


@torch.no_grad()
def test_absent_tokens_are_not_read():
    gate, seen = moved(HubGate(N_HUBS, SIZE, HIDDEN, 0.0, "relu")), tokens(2, 5)
    absent = torch.tensor([[False, True, False, False, True], [True] * 5])
    factor = gate(seen, absent)
    torch.testing.assert_close(factor[:1], gate(seen[:1, [0, 2, 3]], None))
    assert factor.isfinite().all()


@torch.no_grad()
def test_the_cost_is_linear_in_the_number_of_features():
    def operations(feature_attention, n_features):
        counter = FlopCounterMode(display=False)
        with counter:
            # In training, as the fused kernel of attention is not counted.
            moved(block(feature_attention)).train()(tokens(2, n_features), tokens(2, 3))
        return counter.get_total_flops()

    def steps(feature_attention):
        return np.diff([operations(feature_attention, n) for n in (40, 80, 120, 160)])

    hubs, pairs = steps(HubTokens(n=N_HUBS)), steps(True)
    assert (np.diff(hubs) == 0).all()
    assert (np.diff(pairs) > 0).all()
    # Two products of a batch of 2 with hubs, of two operations for each entry.
    np.testing.assert_array_equal(hubs - steps(False), 2 * 2 * 2 * N_HUBS * SIZE * 40)


def switched(n=400, seed=0):
    """Two targets whose slopes have the sign of another column."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 4)), columns=list("abcd"))
    sign = np.where(X["a"] > 0, 1.0, -0.5)
    X["city"] = rng.choice(["Bern", "Rome"], n)
    return X.mask(rng.random(X.shape) < 0.02), pd.DataFrame(
        {"b": sign * X["b"], "c": sign * X["c"]}
    )


def fitted(feature_attention, X, Y):
    model = skmtl.MultiTabRegressor(
        feature_attention=feature_attention, row_mixing="linear", embedding_size=8, n_bags=1,
        numeric_embedding="linear", learning_rate=0.01, averaging=0.9, dropout=0.0, max_epochs=30,
        patience=30, batch_size=64, random_state=0, device="cpu",
    )  # fmt: skip
    return model.fit(X, Y)


def test_interactions_are_learnt_and_models_kept(tmp_path):
    X, Y = switched(800)
    model, plain = (fitted(reading, X[:600], Y[:600]) for reading in (HubTokens(n=2), False))
    assert model.score(X[600:], Y[600:]) > plain.score(X[600:], Y[600:]) + 0.02
    np.testing.assert_allclose(
        model.predict(X[600:601]), model.predict(X[600:])[:1], rtol=1e-4, atol=1e-5
    )
    model.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    assert loaded.feature_attention == HubTokens(n=2)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


@pytest.mark.parametrize("n", [0, -1, 2.0, True, "8"])
def test_a_number_of_hubs_that_cannot_be(n):
    with pytest.raises(ValueError, match=r"HubTokens: n=.* must be a whole number of at least 1"):
        HubTokens(n=n)


def test_another_setting_is_refused():
    X, Y = switched(40)
    model = skmtl.MultiTabRegressor(feature_attention="hubs")
    with pytest.raises(ValueError, match=r"feature_attention.*a HubTokens object"):
        model.fit(X, Y)
