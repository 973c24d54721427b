"""Networks before the first step: new ones, or those of an earlier fit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from skmtl.engines import Learnt, Problem
from skmtl.engines.network._fitted import FittedNetworks, NetworkDescription
from skmtl.engines.network._samples import Parts
from skmtl.engines.network._widening import is_wider, places_of, with_tasks
from skmtl.networks import BaggedNetworks, built, check_draws
from skmtl.tasks import Labels
from skmtl.training import Samples


class Architecture(Protocol):
    """The settings of a sort of network.

    If it has a method `prepare`, that is called with each new network, the targets' `TaskSet`, the
    training rows of its bag as `Samples` in memory, and the base scores, before the first step.
    If it has methods `widened` and `take_over`, as `MultiTabSettings`, networks can go on with
    more targets and categories than they were trained on. If it
    has `residuals`, a mapping of names to `skmtl.tasks.Residual`, its networks have the method
    `equation_losses`, and learn from rows without labels as well.
    """

    def describe(
        self, problem: Problem, training: Samples, base_scores: np.ndarray, seed: int
    ) -> NetworkDescription:
        """The network for these training rows.

        Parameters
        ----------
        problem : Problem
        training : Samples
            Training rows of the first bag, on the CPU.
        base_scores : ndarray of shape (n_scores,)
            Raw scores of the best constant prediction, from which networks start.
        seed : int
        """
        ...


@dataclass(frozen=True)
class Start:
    """Where the training of a problem starts.

    Attributes
    ----------
    architecture : Architecture
    problem : Problem
    parts : list of Parts
        Rows of each bag.
    random_state : RandomState
        From which parameters are drawn.
    """

    architecture: Architecture
    problem: Problem
    parts: list[Parts]
    random_state: np.random.RandomState

    def fresh(self) -> FittedNetworks:
        """New networks, whose parameters are drawn."""
        description = self._description()
        networks = self._networks(description)
        inputs = self._training.inputs
        check_draws(built(description.build, torch.Generator()), inputs.take(slice(2)))
        return FittedNetworks(description, BaggedNetworks(networks), [[] for _ in self.parts], {})

    def going_on(self, previous: FittedNetworks) -> FittedNetworks:
        """The networks of an earlier fit, wider where there is more to learn now."""
        learnt = self.problem.learnt
        if learnt is None or not is_wider(learnt, self.problem):
            return previous
        return self._widened(previous, learnt)

    def _widened(self, previous: FittedNetworks, learnt: Learnt) -> FittedNetworks:
        """Networks with the weights of trained ones, and initial ones for what is new."""
        architecture: Any = self.architecture
        places, n_tasks = places_of(learnt, self.problem), len(self.problem.tasks)
        description = architecture.widened(previous.description, self._description(), places)
        networks = self._networks(description)
        for network, trained in zip(networks, previous.networks, strict=True):
            architecture.take_over(network, trained, places)
        epochs = [
            [with_tasks(epoch, places["tasks"], n_tasks) for epoch in bag]
            for bag in previous.epochs
        ]
        return FittedNetworks(description, BaggedNetworks(networks), epochs, previous.shaped_by)

    @cached_property
    def _training(self) -> Samples:
        return self.parts[0][0].in_memory()

    def _description(self) -> NetworkDescription:
        seed = drawn_seed(self.random_state)
        return self.architecture.describe(self.problem, self._training, self._base_scores, seed)

    def _networks(self, description: NetworkDescription) -> list[nn.Module]:
        """A network for each bag."""
        cpu = torch.device("cpu")
        networks = [
            built(description.build, drawn_generator(self.random_state, cpu)) for _ in self.parts
        ]
        if hasattr(self.architecture, "prepare"):
            tasks, base_scores = self.problem.tasks, self._base_scores
            for network, (rows, _) in zip(networks, self.parts, strict=True):
                self.architecture.prepare(network, tasks, rows.in_memory(), base_scores)
        return networks

    @cached_property
    def _base_scores(self) -> np.ndarray:
        """The best constant prediction, for the networks to start from."""
        target, weight = self._training.target.numpy(), self._training.weight.numpy()
        labels = Labels(target.astype(np.float64), weight > 0)
        return self.problem.tasks.initial_scores(labels, weight.astype(np.float64))


def drawn_seed(random_state: np.random.RandomState) -> int:
    return random_state.randint(2**31 - 1)


def drawn_generator(random_state: np.random.RandomState, device: torch.device) -> torch.Generator:
    return torch.Generator(device).manual_seed(drawn_seed(random_state))
