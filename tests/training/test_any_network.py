"""Custom networks: the methods that they must have are sufficient."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from skmtl.balancing import (
    BALANCERS,
    FixedWeights,
    GradientBalancer,
    LossBalancer,
    SharpnessAware,
)
from skmtl.networks import BaggedNetworks
from skmtl.tasks import TaskSet
from skmtl.training import TransferRecord
from skmtl.training._objective import Objective
from skmtl.training._trunk import trunk_parameters
from tests.training.toy import (
    N_FEATURES,
    N_TARGETS,
    LongToy,
    Toy,
    Whole,
    made,
    toy_data,
    trained,
    weights_of,
)


def mean_gradient(matrix):
    return matrix.mean(dim=0)


EVERY = {**BALANCERS, "fixed": FixedWeights((1, 2, 3)), "callable": mean_gradient}
PLACES = [(name, at) for name in EVERY for at in ("representation", "trunk")]
OF_LOSSES = [name for name, balance in EVERY.items() if isinstance(balance, LossBalancer)]
OF_GRADIENTS = [name for name in EVERY if name not in [*OF_LOSSES, "rep_mtl"]]


@pytest.mark.parametrize(("name", "at"), PLACES)
def test_two_methods_are_enough_for_every_balancer(name, at):
    settings = {"balance": EVERY[name], "balance_at": at}
    network, twin = made(Toy), made(Toy)
    losses = [epoch.loss for epoch in trained(network, **settings).history]
    assert losses[-1] < losses[0]
    trained(twin, **settings)
    assert torch.equal(weights_of(network), weights_of(twin))


@pytest.mark.parametrize(("name", "at"), PLACES)
def test_and_for_the_ids_of_long_data(name, at):
    balance = FixedWeights((1,) * 6) if name == "fixed" else EVERY[name]
    history = trained(made(LongToy), groups=True, balance=balance, balance_at=at).history
    assert history[-1].loss < history[0].loss


@pytest.mark.parametrize("at", ["representation", "trunk"])
@pytest.mark.parametrize("groups", [False, True])
def test_the_sum_of_the_gradients_is_the_plain_step(at, groups):
    equal, summed = (made(LongToy if groups else Toy) for _ in range(2))
    trained(equal, groups=groups)
    trained(summed, groups=groups, balance=lambda matrix: matrix.sum(dim=0), balance_at=at)
    torch.testing.assert_close(weights_of(summed), weights_of(equal), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("at", ["representation", "trunk"])
def test_without_a_radius_it_is_the_plain_step(at):
    equal, sharp = made(Toy), made(Toy)
    trained(equal)
    trained(sharp, balance=SharpnessAware(radius=0.0), balance_at=at)
    torch.testing.assert_close(weights_of(sharp), weights_of(equal), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("network", [Toy, Whole, LongToy])
def test_transfer_is_recorded_and_changes_nothing(network):
    groups = network is LongToy
    record, plain, recorded = TransferRecord(every=2), made(network), made(network)
    trained(plain, groups=groups)
    trained(recorded, groups=groups, record=record)
    assert torch.equal(weights_of(recorded), weights_of(plain))
    tasks = list(range(6 if groups else 3))
    assert record.n_looks == 3 * 2
    assert (record.gains(tasks).diagonal() > 0).all()


def test_rows_are_scored_by_themselves():
    network = made(Toy)
    trained(network)
    bag = BaggedNetworks([network, made(Toy)])
    _, samples = toy_data()
    with torch.no_grad():
        scores = bag(samples.inputs)
        alone = bag(samples.inputs.take(slice(3, 4)))
    assert scores.shape == (len(samples), 2, N_TARGETS)
    torch.testing.assert_close(alone[0], scores[3])


@pytest.mark.parametrize("name", OF_LOSSES)
def test_losses_are_balanced_without_the_methods(name):
    split, whole = made(Toy), made(Whole)
    trained(split, balance=EVERY[name])
    trained(whole, balance=EVERY[name])
    assert torch.equal(weights_of(whole), weights_of(split))


@pytest.mark.parametrize("name", OF_GRADIENTS)
def test_the_representation_needs_the_methods(name):
    untrained = weights_of(made(Whole))
    network = made(Whole)
    with pytest.raises(
        TypeError,
        match=r"at the representation needs .* represent and answer, but Whole has no represent "
        r"and no answer",
    ):
        trained(network, balance=EVERY[name])
    assert torch.equal(weights_of(network), untrained)


def test_a_missing_method_is_named_alone():
    network = made(Whole)
    network.represent = made(Toy).represent
    with pytest.raises(TypeError, match=r"RepMTL.* but Whole has no answer\. Implement"):
        trained(network, balance=EVERY["rep_mtl"], balance_at="trunk")


class Heads(nn.Module):
    """Layers of torch with a head for each target; one layer is frozen."""

    def __init__(self):
        super().__init__()
        self.register_buffer("base_scores", torch.zeros(N_TARGETS))
        self.shared = nn.Linear(N_FEATURES, 5)
        self.heads = nn.ModuleList(nn.Linear(5, 1) for _ in range(N_TARGETS))
        self.frozen = nn.Parameter(torch.ones(5), requires_grad=False)

    def forward(self, batch):
        shared = torch.relu(self.shared(batch.numeric)) * self.frozen
        scores = torch.cat([head(shared) for head in self.heads], dim=1)
        return (self.base_scores + scores)[:, None]


def heads():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Heads()


def test_what_two_targets_depend_on_is_the_trunk_of_a_network_without_the_methods():
    tasks, samples = toy_data()
    network = heads()
    objective = Objective.from_training(network, tasks, samples, torch.ones(3))
    trunk = trunk_parameters(objective, samples)
    assert [id(p) for p in trunk] == [id(p) for p in network.shared.parameters()]


@pytest.mark.parametrize("name", OF_GRADIENTS)
def test_the_trunk_needs_no_methods(name):
    network = heads()
    history = trained(network, balance=EVERY[name], balance_at="trunk").history
    assert history[-1].loss < history[0].loss
    assert torch.equal(network.frozen, torch.ones(5))


def test_one_target_that_is_all_trunk():
    """For long data with one target, all parameters are shared by the ids."""

    class One(Whole):
        n_groups = 2

    tasks, samples = toy_data(groups=True)
    network = made(One, n_targets=1)
    one = TaskSet({"a": tasks.heads[0]})
    samples = replace(samples, target=samples.target[:, :1], weight=samples.weight[:, :1])
    objective = Objective.from_training(network, one, samples, torch.ones(1))
    trunk = trunk_parameters(objective, samples)
    assert [id(p) for p in trunk] == [id(p) for p in network.parameters()]


class Nothing(Whole):
    """Three networks in one, which share nothing."""

    def forward(self, batch):
        scores = batch.numeric[:, :N_TARGETS] + self.split[0]
        return torch.stack([scores[:, 0] + self.one, scores[:, 1] + self.two, scores[:, 2]], 1)[
            :, None
        ]

    def __init__(self):
        super().__init__()
        self.split = torch.zeros(1)
        self.one = nn.Parameter(torch.zeros(()))
        self.two = nn.Parameter(torch.zeros(()))


def test_targets_that_share_nothing_have_no_trunk():
    with pytest.raises(ValueError, match="Nothing has no parameter that its targets share"):
        trained(Nothing(), balance=EVERY["pcgrad"], balance_at="trunk")


def without_base_scores():
    network = made(Toy)
    del network.base_scores
    return network


class Flat(Toy):
    def _answer(self, shared):
        return super()._answer(shared)[:, 0]


class NoTuple(Toy):
    def represent(self, batch):
        return self._represent(batch)


class RowsFirst(Toy):
    def represent(self, batch):
        return (self._represent(batch)[0],)


class TwoOfThree(Toy):
    def represent(self, batch):
        return (self._represent(batch).expand(2, -1, -1),)


@pytest.mark.parametrize(
    ("make", "name", "error", "message"),
    [
        (without_base_scores, "equal", TypeError, "Toy has no buffer base_scores of shape"),
        (
            lambda: made(Flat),
            "equal",
            ValueError,
            r"Flat returned scores of shape \(16, 3\) for 16 rows; they must be \(16, members, 3",
        ),
        (lambda: made(Flat), "pcgrad", ValueError, r"Flat returned scores of shape \(16, 3\)"),
        (
            lambda: made(NoTuple),
            "pcgrad",
            ValueError,
            r"NoTuple.represent returned no tuple of tensors for 16 rows and 3 targets",
        ),
        (lambda: made(RowsFirst), "rep_mtl", ValueError, r"returned \[\(16, 6\)\] for 16 rows"),
        (lambda: made(TwoOfThree), "pcgrad", ValueError, r"\(1, 16, ..., channels\) or \(3, 16"),
    ],
)
def test_what_a_network_lacks_is_named(make, name, error, message):
    with pytest.raises(error, match=message):
        trained(make(), balance=EVERY[name])


class Counting(Toy):
    """A network with a buffer that changes with every training batch."""

    def __init__(self):
        super().__init__()
        self.register_buffer("n_rows", torch.zeros((), dtype=torch.long))

    def forward(self, batch):
        if self.training:
            self.n_rows += len(batch)
        return super().forward(batch)


def test_buffers_are_kept_as_they_were_at_the_end_of_the_epoch():
    network = made(Counting)
    trained(network)
    assert network.n_rows == 3 * 64


def test_gradient_balancers_are_among_those_tested():
    assert {"pcgrad", "sharpness_aware", "callable"} < set(OF_GRADIENTS)
    assert sum(isinstance(EVERY[name], GradientBalancer) for name in OF_GRADIENTS) == 8
