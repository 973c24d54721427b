"""The units that make the losses of targets comparable in training."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from skmtl.balancing import Equal
from skmtl.networks import Batch
from skmtl.tasks import TaskSet, mixed_kind
from skmtl.training import Samples
from skmtl.training._objective import Objective
from skmtl.training._processes import Alone
from skmtl.training._units import unsure_loss
from skmtl.training._validation import ValidationLosses
from tests.training.toy import N_FEATURES, Toy, made, trained


def entropy(share):
    return -share * np.log(share) - (1 - share) * np.log(1 - share)


def classes_with(shares, n_rows=2_000):
    """Create an untrained network, and rows whose classes have these shares of positives."""
    rng = np.random.default_rng(0)
    positive = [np.arange(n_rows) < share * n_rows for share in shares]
    Y = pd.DataFrame({str(t): rng.permutation(column) for t, column in enumerate(positive)})
    tasks = TaskSet.fit(Y, infer=mixed_kind)
    labels = tasks.encode(Y)
    target = torch.from_numpy(labels.target.astype(np.float32))
    features = torch.from_numpy(rng.normal(size=(n_rows, N_FEATURES)).astype(np.float32))
    weight = torch.ones(target.shape)
    samples = Samples(Batch(features, torch.empty(n_rows, 0, dtype=torch.long)), target, weight)
    network = made(Toy, n_targets=len(shares))
    network.base_scores[:] = torch.from_numpy(tasks.initial_scores(labels, weight.numpy()))
    return network, tasks, samples


def test_units_are_in_proportion_to_the_losses_of_the_best_constants():
    shares = [0.44, 0.3, 0.017]
    network, tasks, samples = classes_with(shares)
    unit = Objective.from_training(network, tasks, samples, torch.ones(3)).unit.numpy()
    expected = np.array([entropy(share) for share in shares]) + unsure_loss(len(samples))
    np.testing.assert_allclose(unit / unit[0], expected / expected[0], rtol=1e-4)


def test_a_rare_class_counts_as_much_as_common_ones_where_rows_are_many(monkeypatch):
    monkeypatch.setattr("skmtl.training._units._UNSURE", 0.0)
    network, tasks, samples = classes_with([0.4, 0.02])
    objective = Objective.from_training(network, tasks, samples, torch.ones(2))
    constant = network.base_scores.expand(len(samples), 1, -1)
    rare, common = objective.by_target(constant, samples).tolist()
    assert rare == pytest.approx(common, rel=1e-4)


@pytest.mark.parametrize("task_weight", [[1.0], [1.0, 3.0]])
def test_targets_of_one_constant_loss_have_the_unit_one(task_weight):
    network, tasks, samples = classes_with([0.1] * len(task_weight))
    unit = Objective.from_training(network, tasks, samples, torch.tensor(task_weight)).unit
    torch.testing.assert_close(unit, torch.ones(len(task_weight)))


def test_a_target_that_a_constant_predicts_or_without_labels_has_no_unit():
    network, tasks, samples = classes_with([0.5, 0.1, 0.1])
    network.base_scores[1] = -50.0
    samples.target[:, 1] = 0.0
    samples.weight[:, 2] = 0.0
    unit = Objective.from_training(network, tasks, samples, torch.ones(3)).unit
    assert unit[1] == unit[2]
    assert torch.isfinite(unit).all()


@pytest.mark.parametrize("shares", [[0.4, 0.02], [0.4, 0.4]])
def test_epochs_are_compared_with_the_weights_of_the_steps(shares):
    network, tasks, samples = classes_with(shares)
    objective = Objective.from_training(network, tasks, samples, torch.ones(2))
    validation = ValidationLosses(samples, objective, Equal(), Alone(), None)
    constant = torch.tensor([entropy(share) for share in shares])
    # One loss is unchanged, the other is 10 % lower.
    better, worse = (
        1 - validation.objective(constant * factor, network)
        for factor in (torch.tensor([0.9, 1.0]), torch.tensor([1.0, 0.9]))
    )
    ratio = (constant / objective.unit)[0] / (constant / objective.unit)[1]
    assert better / worse == pytest.approx(float(ratio), rel=1e-4)


def test_reported_losses_are_those_of_the_kinds():
    network, tasks, samples = classes_with([0.4, 0.02])
    objective = Objective.from_training(network, tasks, samples, torch.ones(2))
    trainer = trained(network, data=(tasks, samples), max_epochs=1, learning_rate=0.0)
    expected = objective.losses.sums(objective.scores(samples), samples) / len(samples)
    np.testing.assert_allclose(trainer.history[0].losses, expected.detach(), rtol=1e-3)
