"""Losses that a network returns in addition to those of the tasks."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from skmtl.networks import BaggedNetworks, NetworkOutput, SharedOutput
from skmtl.training import Epoch, TransferRecord
from skmtl.training._choice import choose_step
from skmtl.training._objective import Objective
from skmtl.training._options import TrainingOptions
from skmtl.training._processes import Alone
from tests.training.test_any_network import EVERY, PLACES
from tests.training.toy import Toy, made, toy_data, trained, weights_of


class Loaded(Toy):
    """With a loss of the trunk and one of the towers, `factor` times each."""

    factor = 1.0

    def forward(self, batch):
        shared = self.represent(batch)
        answered = self.answer(shared.representation, batch)
        return NetworkOutput(answered.scores, {**shared.auxiliary, **answered.auxiliary})

    def represent(self, batch):
        (shared,) = super().represent(batch)
        return SharedOutput((shared,), {"load": self.factor * shared.square().mean()})

    def answer(self, representation, batch):
        scores = super().answer(representation, batch)
        return NetworkOutput(scores, {"size": self.factor * representation[0].mean(dim=0).mean()})


def gradients(name, at, factor):
    network = made(Loaded)
    network.factor = factor
    tasks, samples = toy_data()
    objective = Objective.from_training(network, tasks, samples, torch.ones(3))
    options = TrainingOptions(balance=EVERY[name], balance_at=at)
    step = choose_step(options, objective, samples, torch.Generator().manual_seed(0), Alone())
    losses = step.backward(samples)
    return network, losses, [parameter.grad for parameter in network.parameters()]


@pytest.mark.parametrize(("name", "at"), PLACES)
def test_they_are_added_to_the_gradients_and_not_balanced(name, at):
    sharp_trunk = (name, at) == ("sharpness_aware", "representation")
    network, losses, with_them = gradients(name, at, 1.0)
    _, _, without = gradients(name, at, 0.0)
    _, samples = toy_data()
    auxiliary = network(samples.inputs).auxiliary
    alone = torch.autograd.grad(
        sum(auxiliary.values()), list(network.parameters()), materialize_grads=True,
        allow_unused=True,
    )  # fmt: skip
    for one, other, added in zip(with_them, without, alone, strict=True):
        torch.testing.assert_close(one, other + added, rtol=1e-4, atol=1e-6)
    assert set(losses.auxiliary) == {"load", "size"}
    for key, value in losses.auxiliary.items():
        # A sharp step computes the loss of the towers at the perturbed representation.
        if not (sharp_trunk and key == "size"):
            torch.testing.assert_close(value, auxiliary[key].detach())


def test_their_means_over_an_epoch_are_reported():
    network = made(Loaded)
    history = trained(network, learning_rate=0.0, max_epochs=2).history
    _, samples = toy_data()
    with torch.no_grad():
        expected = network(samples.inputs).auxiliary
    for epoch in history:
        assert list(epoch.auxiliary) == ["load", "size"]
        for name, value in epoch.auxiliary.items():
            assert value == pytest.approx(float(expected[name]), rel=1e-5)


def test_networks_without_them_report_none():
    assert all(epoch.auxiliary == {} for epoch in trained(made(Toy)).history)


def test_they_take_part_in_the_training_and_not_in_the_choice_of_the_best_epoch():
    _, samples = toy_data()
    network = made(Loaded)
    network.factor = 1e4  # which leaves nothing of the tasks
    heavy = trained(network, validation=samples, max_epochs=5).history
    assert heavy[-1].auxiliary["load"] < 0.9 * heavy[0].auxiliary["load"]
    assert heavy[-1].objective < 10
    plain, loaded = made(Toy), made(Loaded)
    loaded.factor = 0.0
    trained(plain, validation=samples)
    trained(loaded, validation=samples, record=TransferRecord(every=3))
    torch.testing.assert_close(weights_of(plain), weights_of(loaded))


@torch.no_grad()
def test_scoring_ignores_them():
    _, samples = toy_data()
    bag = BaggedNetworks([made(Loaded)])
    assert torch.equal(bag(samples.inputs), made(Toy)(samples.inputs))


@pytest.mark.parametrize("name", ["equal", "famo", "pcgrad", "rep_mtl"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_one_that_is_not_finite_is_named(name, value):
    network = made(Loaded)
    network.factor = value
    with pytest.raises(
        FloatingPointError,
        match=r"auxiliary loss 'load' is not finite in epoch 0 \(nor are those of \['size'.*check "
        "how it is computed",
    ):
        trained(network, balance=EVERY[name])


class ByRow(Toy):
    def forward(self, batch):
        return NetworkOutput(super().forward(batch), {"load": batch.numeric.mean(dim=1)})


def test_one_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match=r"'load' of ByRow has the shape \(16,\); it must be a"):
        trained(made(ByRow))


def test_epochs_of_old_files_have_none():
    epoch = Epoch(0, 1.0, 0.1, [1.0], None, 1.0, True)
    assert pickle.loads(pickle.dumps(epoch)) == epoch
    state = {name: value for name, value in vars(epoch).items() if name != "auxiliary"}
    old = Epoch.__new__(Epoch)
    old.__setstate__(state)
    assert old == epoch
