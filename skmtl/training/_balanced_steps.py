"""Steps that balance the tasks: by their losses, at the representation or at the trunk."""

from __future__ import annotations

import torch
from torch import Tensor

from skmtl.balancing import LossWeights
from skmtl.training._balanced_tasks import BalancedTasks
from skmtl.training._combination import Combination
from skmtl.training._data import Samples
from skmtl.training._objective import Objective
from skmtl.training._representation import Representation
from skmtl.training._steps import PlainStep
from skmtl.training._trunk import trunk_gradients, trunk_parameters


class LossStep(PlainStep):
    """The gradient of the tasks' losses, each with its share and a weight.

    `generator` is the one that dropout draws from.
    """

    def __init__(
        self,
        objective: Objective,
        tasks: BalancedTasks,
        weights: LossWeights,
        generator: torch.Generator,
    ) -> None:
        super().__init__(objective)
        self.tasks = tasks
        self.weights = weights
        self.generator = generator

    def backward(self, batch: Samples) -> Tensor:
        self._drawn = self.generator.get_state()
        by_row = self._by_row(batch)
        losses = self.tasks.losses(by_row, batch)
        weights = self.weights.weights(losses.detach(), self.tasks.present(batch))
        (self.tasks.share * weights * losses).sum().backward()
        return by_row.detach().sum(dim=0)

    def after_step(self, batch: Samples) -> None:
        self.weights.after_step(lambda: self._losses_again(batch))

    def after_epoch(self) -> None:
        self.weights.after_epoch()

    def _by_row(self, batch: Samples) -> Tensor:
        return self.objective.by_row(self.objective.scores(batch), batch)

    @torch.no_grad()
    def _losses_again(self, batch: Samples) -> Tensor:
        """The losses of the batch under the dropout that they had, after which all goes on."""
        self.generator.set_state(self._drawn)
        return self.tasks.losses(self._by_row(batch), batch)


class RepresentationStep(PlainStep):
    """Weighs the tasks' gradients where they enter the trunk; the towers get the plain ones."""

    def __init__(
        self, objective: Objective, tasks: BalancedTasks, combination: Combination
    ) -> None:
        super().__init__(objective)
        self.tasks = tasks
        self.combination = combination

    def backward(self, batch: Samples) -> Tensor:
        cut = Representation(self.objective, batch)
        parts = [self.tasks.vectors(part, batch) for part in cut.backward_towers()]
        weights = self.combination.weights([part.float() for part in parts])
        cut.backward_trunk(self.tasks.by_row(weights, batch))
        return cut.losses.detach()


class TrunkStep(PlainStep):
    """Combines the tasks' gradients at the trunk's parameters; the rest gets the plain ones."""

    def __init__(
        self, objective: Objective, tasks: BalancedTasks, combination: Combination
    ) -> None:
        super().__init__(objective)
        self.tasks = tasks
        self.combination = combination
        self._trunk: list[Tensor] = []

    def backward(self, batch: Samples) -> Tensor:
        if not self._trunk:
            self._split(batch)
        by_row = self.objective.by_row(self.objective.scores(batch), batch)
        losses = self.tasks.share * self.tasks.losses(by_row, batch)
        matrix = self._matrix(losses, self.tasks.present(batch))
        losses.sum().backward(inputs=self._others)
        sizes = [parameter.numel() for parameter in self._trunk]
        direction = self.combination.direction(matrix).split(sizes)
        for parameter, part in zip(self._trunk, direction, strict=True):
            parameter.grad = part.view_as(parameter)
        return by_row.detach().sum(dim=0)

    def _split(self, batch: Samples) -> None:
        self._trunk = trunk_parameters(self.objective, batch)
        shared = {id(parameter) for parameter in self._trunk}
        self._others = [p for p in self.objective.network.parameters() if id(p) not in shared]

    def _matrix(self, losses: Tensor, present: Tensor) -> Tensor:
        """Gradients (n_tasks, n_params); those of tasks without a label here cost nothing."""
        found = trunk_gradients(losses[present], self._trunk)
        return found.new_zeros(len(losses), found.shape[1]).masked_scatter(present[:, None], found)
