"""Gradients of the tasks at the representation and at the trunk, compared with autograd."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from skmtl import MultiTabRegressor
from skmtl.networks import Batch, HubTokens, MultiTabConfig, MultiTabNet, initialise
from skmtl.tasks import TaskSet, number_kind
from skmtl.training import (
    Objective,
    Representation,
    Samples,
    TransferRecord,
    look_ahead,
    recording_transfer,
    trunk_gradients,
    trunk_parameters,
)
from skmtl.training._balanced_tasks import balanced_tasks
from skmtl.training._steps import PlainStep
from skmtl.training._transfer import RecordingStep

N_ROWS, N_GROUPS = 12, 3


def make_objective(*, groups=False, share=(1.0, 2.0, 1.0), **switches):
    """A small network of three targets, one of them without a label in half of the rows."""
    rng = np.random.default_rng(0)
    config = MultiTabConfig(
        cardinalities=(3,),
        n_scores=(1, 1, 1),
        n_groups=N_GROUPS if groups else 0,
        row_size=6,
        n_members=2,
        embedding_size=4,
        tower_size=5,
        dropout=0.0,
        **switches,
    )
    network = MultiTabNet(config, [torch.linspace(-2, 2, 5)] * 2, torch.zeros(3))
    initialise(network, torch.Generator().manual_seed(0))
    Y = pd.DataFrame(rng.normal(size=(N_ROWS, 3)), columns=list("abc"))
    tasks = TaskSet.fit(Y, infer=number_kind)
    weight = torch.ones(N_ROWS, 3)
    weight[::2, 1] = 0.0
    inputs = Batch(
        torch.from_numpy(rng.normal(size=(N_ROWS, 2)).astype(np.float32)),
        torch.from_numpy(rng.integers(0, 3, (N_ROWS, 1))),
        torch.from_numpy(rng.integers(0, N_GROUPS, N_ROWS)) if groups else None,
    )
    samples = Samples(inputs, torch.from_numpy(tasks.encode(Y).target.astype(np.float32)), weight)
    return Objective.from_training(network, tasks, samples, torch.tensor(share)), samples


SWITCHES = [
    {},
    {"groups": True},
    {"single_token": True},
    {"row_mixing": "none"},
    {"row_mixing": "none", "single_token": True, "mask": "none"},
    {"sample_context": "prototypes", "feature_attention": True, "mask": "none"},
    {"feature_attention": HubTokens(n=3), "mask": "none", "n_blocks": 2},
]


@pytest.mark.parametrize("switches", SWITCHES, ids=str)
def test_with_weights_of_one_the_cut_changes_no_gradient(switches):
    objective, batch = make_objective(**switches)
    losses = objective.by_target(objective.scores(batch), batch)
    (objective.share * losses).sum().backward()
    parameters = dict(objective.network.named_parameters())
    expected = {name: p.grad.clone() for name, p in parameters.items() if p.grad is not None}
    objective.network.zero_grad()
    cut = Representation(objective, batch)
    torch.testing.assert_close(cut.losses, losses)
    cut.backward_towers()
    cut.backward_trunk(torch.ones(3, 1))
    for name, gradient in expected.items():
        torch.testing.assert_close(parameters[name].grad, gradient, msg=name)


@pytest.mark.parametrize("switches", SWITCHES, ids=str)
def test_weights_by_target_and_row_are_those_of_the_losses_for_the_trunk_alone(switches):
    objective, batch = make_objective(**switches)
    weight = torch.rand(3, N_ROWS, generator=torch.Generator().manual_seed(1))
    by_row = objective.by_row(objective.scores(batch), batch)
    (objective.share * by_row * weight.T).sum().backward()
    trunk = trunk_parameters(objective, batch)
    expected = [parameter.grad.clone() for parameter in trunk]
    objective.network.zero_grad()
    cut = Representation(objective, batch)
    cut.backward_towers()
    cut.backward_trunk(weight)
    for parameter, gradient in zip(trunk, expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_the_gradients_at_the_cut_are_those_of_each_target_alone():
    objective, batch = make_objective()
    network = objective.network
    rows, tokens = network.represent(batch.inputs)
    losses = objective.by_target(network.answer((rows, tokens), batch.inputs), batch)
    at_rows, at_tokens = Representation(objective, batch).backward_towers()
    for t in range(3):
        of_rows, of_tokens = torch.autograd.grad(
            objective.share[t] * losses[t], (rows, tokens), retain_graph=True
        )
        torch.testing.assert_close(at_rows[t], of_rows[0].flatten(1))
        torch.testing.assert_close(at_tokens[t], of_tokens.sum(dim=0))
        assert (at_rows[t] != 0).any()
    assert (at_rows[1, ::2] == 0).all(), "rows without a label are ignored"


def test_asking_for_gradients_leaves_none_behind():
    objective, batch = make_objective()
    Representation(objective, batch).gradients()
    assert all(parameter.grad is None for parameter in objective.network.parameters())


@pytest.mark.parametrize("groups", [False, True])
def test_towers_and_group_intercepts_are_no_part_of_the_trunk(groups):
    objective, batch = make_objective(groups=groups)
    trunk = {id(parameter) for parameter in trunk_parameters(objective, batch)}
    rest = [n for n, p in objective.network.named_parameters() if id(p) not in trunk]
    expected = ["towers.from_row", "towers.from_token", "towers.bias", "towers.out"]
    assert set(rest) - {"towers.out_bias"} == set(expected) | ({"group_bias"} if groups else set())


def test_a_look_ahead_is_a_step_of_the_trunk_and_leaves_the_network_as_it_was():
    objective, batch = make_objective()
    network = objective.network
    before = {name: value.clone() for name, value in network.state_dict().items()}

    def losses():
        return objective.by_target(objective.scores(batch), batch)

    trunk = trunk_parameters(objective, batch)
    gradients = trunk_gradients(losses(), trunk)
    after = look_ahead(losses, trunk, gradients, 1e-3)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    # To first order the loss of j falls by the rate times the product of the gradients.
    products = gradients @ gradients.T
    torch.testing.assert_close(losses() - after, 1e-3 * products, rtol=0.05, atol=1e-6)


def test_a_recorded_step_compares_two_halves_of_the_rows_it_has_seen():
    objective, rows = make_objective()
    record = TransferRecord(every=2)
    step = RecordingStep(
        PlainStep(objective), objective, balanced_tasks(objective, rows), record, rate=0.1
    )
    for part in (slice(0, 4), slice(4, 8), slice(8, 12)):
        step.backward(rows.take(part))
        step.after_step(rows.take(part))
    step.after_epoch()  # one step since the last measurement: too few for another
    assert record.n_looks == 1
    learnt, judged = rows.take(slice(0, 4)), rows.take(slice(4, 8))
    trunk = trunk_parameters(objective, rows)
    gradients = trunk_gradients(objective.by_target(objective.scores(learnt), learnt), trunk)

    def losses():
        return objective.by_target(objective.scores(judged), judged)

    before = losses().detach()
    gains = before - look_ahead(losses, trunk, gradients, 0.1)
    np.testing.assert_allclose(record.gains([0, 1, 2]), gains, atol=1e-6)
    np.testing.assert_allclose(
        record.lookahead([2, 0]), (gains / before)[[2, 0]][:, [2, 0]], rtol=1e-4, atol=1e-6
    )
    cosine = torch.nn.functional.cosine_similarity(gradients[0], gradients[1], dim=0)
    np.testing.assert_allclose(record.cosine([0, 1])[0, 1], cosine, rtol=1e-4)


def test_tasks_that_were_never_there_have_no_affinity():
    record = TransferRecord(every=1)
    record.add(
        np.array([0]), **{name: np.ones((1, 1)) for name in ("gain", "loss", "cosine", "looks")}
    )
    assert record.gains([0, 1]).tolist() == [[1, 0], [0, 0]]
    np.testing.assert_array_equal(record.cosine([0, 1]), [[1, np.nan], [np.nan, np.nan]])


@pytest.mark.parametrize("balance", ["equal", "famo", "pcgrad"])
def test_recording_changes_nothing_of_a_training(balance):
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(100, 3)), rng.normal(size=(100, 2))
    plain, recorded = (
        MultiTabRegressor(n_bags=2, max_epochs=2, row_size=8, balance=balance, random_state=0)
        for _ in range(2)
    )
    with recording_transfer(2) as record:
        recorded.fit(X, Y)
    np.testing.assert_array_equal(recorded.predict(X), plain.fit(X, Y).predict(X))
    assert record.n_looks == 2 * 2  # networks, epochs of three steps
