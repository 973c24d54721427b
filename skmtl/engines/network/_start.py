"""Initial networks of a training: new ones, or those of an earlier fit."""

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
    """The settings of a family of networks.

    If there is a method `prepare`, it is called before the first step with each new network, the
    `TaskSet` of the targets, the training rows of the bag as `Samples` in memory, and the base
    scores. If there are methods `widened` and `take_over`, as in `MultiTabSettings`, networks can
    be extended by targets and categories that they were not trained on. If there is an attribute
    `residuals`, a mapping of names to `skmtl.tasks.Residual`, the networks have the method
    `equation_losses`, and learn from rows without labels as well.
    """

    def describe(
        self, problem: Problem, training: Samples, base_scores: np.ndarray, seed: int
    ) -> NetworkDescription:
        """Describe the network for these training rows.

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
    """Creates the networks with which training starts.

    Attributes
    ----------
    architecture : Architecture
    problem : Problem
    parts : list of Parts
        Training and validation rows of each bag.
    random_state : RandomState
        Random state for initial parameters.
    """

    architecture: Architecture
    problem: Problem
    parts: list[Parts]
    random_state: np.random.RandomState

    def fresh(self) -> FittedNetworks:
        """Return new networks with random parameters."""
        description = self._description()
        networks = self._networks(description)
        inputs = self._training.inputs
        check_draws(built(description.build, torch.Generator()), inputs.take(slice(2)))
        return FittedNetworks(description, BaggedNetworks(networks), [[] for _ in self.parts], {})

    def going_on(self, previous: FittedNetworks) -> FittedNetworks:
        """Return the networks of an earlier fit, extended if there is more to learn now."""
        learnt = self.problem.learnt
        if learnt is None or not is_wider(learnt, self.problem):
            return previous
        return self._widened(previous, learnt)

    def _widened(self, previous: FittedNetworks, learnt: Learnt) -> FittedNetworks:
        """Return networks with trained weights, and initial weights for new parts."""
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
        """Return a network for each bag."""
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
        """Return raw scores of the best constant prediction, from which networks start."""
        target, weight = self._training.target.numpy(), self._training.weight.numpy()
        labels = Labels(target.astype(np.float64), weight > 0)
        return self.problem.tasks.initial_scores(labels, weight.astype(np.float64))


def drawn_seed(random_state: np.random.RandomState) -> int:
    return random_state.randint(2**31 - 1)


def drawn_generator(random_state: np.random.RandomState, device: torch.device) -> torch.Generator:
    return torch.Generator(device).manual_seed(drawn_seed(random_state))
