"""A small network that is independent of MultiTab, and data for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import nn

from skmtl.networks import Batch, Linear, initialise, matrix, parameter
from skmtl.tasks import TaskSet, number_kind
from skmtl.training import Samples, Trainer, TrainingOptions

N_FEATURES, N_TARGETS, N_GROUPS = 4, 3, 2


class Whole(nn.Module):
    """A perceptron per target on a shared trunk, with only a `forward` method."""

    def __init__(self, n_targets=N_TARGETS, size=6):
        super().__init__()
        self.register_buffer("base_scores", torch.zeros(n_targets))
        self.trunk = Linear(N_FEATURES, size)
        self.first = matrix(n_targets, size, size, fan_in=size)
        self.last = matrix(n_targets, size, 1, fan_in=size)
        self.bias = parameter(n_targets)

    def forward(self, batch):
        return self._answer(self._represent(batch))

    def _represent(self, batch):
        return torch.tanh(self.trunk(batch.numeric))[None]

    def _answer(self, shared):
        by_target = torch.tanh(shared @ self.first) @ self.last
        return (self.base_scores + self.bias + by_target[..., 0].T)[:, None]


class Toy(Whole):
    """This network with the two methods of a `SplitNetwork`."""

    def represent(self, batch):
        return (self._represent(batch),)

    def answer(self, representation, batch):
        return self._answer(*representation)


class LongToy(Toy):
    """A network with the group as an additional feature, and a fixed number of groups."""

    n_groups = N_GROUPS

    def _represent(self, batch):
        return super()._represent(batch) + 0.1 * batch.group[:, None]


def made(cls, **settings):
    network = cls(**settings)
    initialise(network, torch.Generator().manual_seed(0))
    return network


def toy_data(n_rows=64, *, groups=False):
    """Create tasks and rows; some labels are missing; the first target depends on two features."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, N_FEATURES)).astype(np.float32)
    Y = pd.DataFrame({"a": X[:, 0] + X[:, 1], "b": X[:, 0] - X[:, 2], "c": X[:, 3]})
    Y = Y.mask(rng.random(Y.shape) < [0.2, 0.2, 0.6])
    tasks = TaskSet.fit(Y, infer=number_kind)
    labels = tasks.encode(Y)
    group = torch.from_numpy(rng.integers(0, N_GROUPS, n_rows)) if groups else None
    batch = Batch(torch.from_numpy(X), torch.empty(n_rows, 0, dtype=torch.long), group)
    target, mask = (torch.from_numpy(v.astype(np.float32)) for v in (labels.target, labels.mask))
    return tasks, Samples(batch, target, mask)


class Silent:
    """A monitor that lets training go on."""

    def begin(self, number): ...

    def end(self, epoch, network):
        return False


def trained(network, *, validation=None, groups=False, monitor=None, data=None, **options):
    """Return the trainer of a network fitted to the toy data, or to other tasks and rows."""
    tasks, samples = data or toy_data(groups=groups)
    settings = {"max_epochs": 3, "batch_size": 16, "learning_rate": 0.01, "averaging": 0.5}
    trainer = Trainer(
        network=network,
        tasks=tasks,
        options=TrainingOptions(**(settings | options)),
        task_weight=torch.ones(len(tasks)),
        generator=torch.Generator().manual_seed(0),
    )
    trainer.fit(samples, validation, monitor or Silent())
    return trainer


def weights_of(network):
    return torch.cat([value.detach().flatten() for value in network.parameters()])
