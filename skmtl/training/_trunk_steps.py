"""Steps that balance the tasks' gradients at the parameters that they share."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from skmtl.training._auxiliary import detached, with_auxiliary
from skmtl.training._balanced_tasks import BalancedTasks
from skmtl.training._combination import Combination
from skmtl.training._data import Samples
from skmtl.training._objective import Objective
from skmtl.training._steps import PlainStep, StepLosses
from skmtl.training._trunk import move, trunk_gradients, trunk_parameters


class _AtTrunk(PlainStep, ABC):
    """Combines the tasks' gradients at the trunk; all other parameters get plain gradients."""

    def __init__(self, objective: Objective, tasks: BalancedTasks) -> None:
        super().__init__(objective)
        self.tasks = tasks
        self.trunk: list[Tensor] = []

    @abstractmethod
    def direction(self, matrix: Tensor, samples: Samples) -> Tensor:
        """Return the combined gradient (n_params,), given gradients (n_tasks, n_params)."""

    def backward(self, samples: Samples) -> StepLosses:
        if not self.trunk:
            self._split(samples)
        output = self.objective.output(samples)
        by_row = self.objective.by_row(output.scores, samples)
        losses = self.tasks.share * self.tasks.losses(by_row, samples)
        matrix = self._matrix(losses, self.tasks.present(samples))
        auxiliary = with_auxiliary(by_row.new_zeros(()), output.auxiliary)
        unbalanced = None
        if auxiliary.requires_grad:
            unbalanced = trunk_gradients(auxiliary[None], self.trunk)[0]
        if self._others:
            with_auxiliary(losses.sum(), output.auxiliary).backward(inputs=self._others)
        direction = self.direction(matrix, samples)
        self._set_gradients(direction if unbalanced is None else direction + unbalanced)
        return StepLosses(by_row.detach().sum(dim=0), detached(output.auxiliary))

    def _split(self, samples: Samples) -> None:
        self.trunk = trunk_parameters(self.objective, samples)
        shared = {id(parameter) for parameter in self.trunk}
        parameters = self.objective.network.parameters()
        self._others = [p for p in parameters if p.requires_grad and id(p) not in shared]

    def _matrix(self, losses: Tensor, present: Tensor) -> Tensor:
        """Return gradients (n_tasks, n_params), computed only for tasks with labels here."""
        gradients = trunk_gradients(losses[present], self.trunk)
        matrix = gradients.new_zeros(len(losses), gradients.shape[1])
        return matrix.masked_scatter(present[:, None], gradients)

    def _set_gradients(self, direction: Tensor) -> None:
        parts = direction.split([parameter.numel() for parameter in self.trunk])
        for parameter, part in zip(self.trunk, parts, strict=True):
            parameter.grad = part.view_as(parameter)


class TrunkStep(_AtTrunk):
    """Combines the tasks' gradients at the trunk's parameters."""

    def __init__(
        self, objective: Objective, tasks: BalancedTasks, combination: Combination
    ) -> None:
        super().__init__(objective, tasks)
        self.combination = combination

    def direction(self, matrix: Tensor, samples: Samples) -> Tensor:
        return self.combination.direction(matrix)


class SharpTrunkStep(_AtTrunk):
    """Sums the tasks' gradients, each taken after moving the trunk uphill in the task's loss."""

    def __init__(self, objective: Objective, tasks: BalancedTasks, radius: float) -> None:
        super().__init__(objective, tasks)
        self.radius = radius

    def direction(self, matrix: Tensor, samples: Samples) -> Tensor:
        total = torch.zeros_like(matrix[0])
        start = [parameter.detach().clone() for parameter in self.trunk]
        for task in matrix.any(dim=1).nonzero().flatten().tolist():
            length = self.radius / float(matrix[task].norm())
            move(self.trunk, matrix[task], length)
            by_row = self.objective.by_row(self.objective.scores(samples), samples)
            loss = (self.tasks.share * self.tasks.losses(by_row, samples))[task]
            total += trunk_gradients(loss[None], self.trunk)[0]
            with torch.no_grad():
                torch._foreach_copy_(self.trunk, start)
        return total
