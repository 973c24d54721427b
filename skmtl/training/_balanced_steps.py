"""Steps that balance the tasks: by their losses, at the representation or at the trunk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import cast

import torch
from torch import Tensor

from skmtl.balancing import LossWeights, SaliencyPenalty
from skmtl.networks import MultiTabNet
from skmtl.training._balanced_tasks import BalancedTasks
from skmtl.training._combination import Combination
from skmtl.training._data import Samples
from skmtl.training._hidden import HiddenLayers
from skmtl.training._objective import Objective
from skmtl.training._representation import Representation
from skmtl.training._steps import PlainStep
from skmtl.training._trunk import move, trunk_gradients, trunk_parameters


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


class PenaltyStep(PlainStep):
    """The plain losses, and a penalty on the gradients with which the targets enter the trunk."""

    def __init__(self, objective: Objective, penalty: SaliencyPenalty) -> None:
        super().__init__(objective)
        self.penalty = penalty

    def backward(self, batch: Samples) -> Tensor:
        layers = HiddenLayers(self.objective, batch)
        from_row, from_token = cast(MultiTabNet, self.objective.network).towers.maps()
        share = self.objective.share
        penalty = self.penalty.penalty(
            layers.gradients(create_graph=True),
            from_token if from_row is None else from_row,
            batch.weight * (share > 0),
        )
        ((share * layers.losses).sum() + penalty / len(share)).backward()
        return layers.losses.detach()


class SharpRepresentationStep(PlainStep):
    """The gradients where each task's representation of the rows is moved up its own loss."""

    def __init__(self, objective: Objective, tasks: BalancedTasks, radius: float) -> None:
        super().__init__(objective)
        self.tasks = tasks
        self.radius = radius

    def backward(self, batch: Samples) -> Tensor:
        layers = HiddenLayers(self.objective, batch)
        gradients = layers.gradients()
        moved = layers.moved(gradients, self._times(layers, gradients, batch))
        (self.objective.share * layers.losses_from(moved)).sum().backward()
        return layers.losses.detach()

    @torch.no_grad()
    def _times(self, layers: HiddenLayers, gradients: Tensor, batch: Samples) -> Tensor:
        """Lengths of the moves over those of the gradients, by target and row."""
        parts = [part for part in layers.representation if part is not None]
        sizes = torch.stack([part.float().square().flatten(1).sum(dim=1) for part in parts])
        size = self.tasks.sums(sizes.sum(dim=0)[:, None] * (batch.weight > 0), batch)
        steep = self.tasks.sums(layers.squares(gradients), batch)
        return self.tasks.by_row(self.radius * _root_of_ratio(size, steep), batch)


class _AtTrunk(PlainStep, ABC):
    """Makes one gradient of the tasks' at the trunk; the rest gets the plain ones."""

    def __init__(self, objective: Objective, tasks: BalancedTasks) -> None:
        super().__init__(objective)
        self.tasks = tasks
        self.trunk: list[Tensor] = []

    @abstractmethod
    def direction(self, matrix: Tensor, batch: Samples) -> Tensor:
        """From gradients (n_tasks, n_params) to (n_params,)."""

    def backward(self, batch: Samples) -> Tensor:
        if not self.trunk:
            self._split(batch)
        by_row = self.objective.by_row(self.objective.scores(batch), batch)
        losses = self.tasks.share * self.tasks.losses(by_row, batch)
        matrix = self._matrix(losses, self.tasks.present(batch))
        losses.sum().backward(inputs=self._others)
        sizes = [parameter.numel() for parameter in self.trunk]
        direction = self.direction(matrix, batch).split(sizes)
        for parameter, part in zip(self.trunk, direction, strict=True):
            parameter.grad = part.view_as(parameter)
        return by_row.detach().sum(dim=0)

    def _split(self, batch: Samples) -> None:
        self.trunk = trunk_parameters(self.objective, batch)
        shared = {id(parameter) for parameter in self.trunk}
        self._others = [p for p in self.objective.network.parameters() if id(p) not in shared]

    def _matrix(self, losses: Tensor, present: Tensor) -> Tensor:
        """Gradients (n_tasks, n_params); those of tasks without a label here cost nothing."""
        found = trunk_gradients(losses[present], self.trunk)
        return found.new_zeros(len(losses), found.shape[1]).masked_scatter(present[:, None], found)


class TrunkStep(_AtTrunk):
    """Combines the tasks' gradients at the trunk's parameters."""

    def __init__(
        self, objective: Objective, tasks: BalancedTasks, combination: Combination
    ) -> None:
        super().__init__(objective, tasks)
        self.combination = combination

    def direction(self, matrix: Tensor, batch: Samples) -> Tensor:
        return self.combination.direction(matrix)


class SharpTrunkStep(_AtTrunk):
    """Adds up gradients that are taken where the trunk is moved up each task's own loss."""

    def __init__(self, objective: Objective, tasks: BalancedTasks, radius: float) -> None:
        super().__init__(objective, tasks)
        self.radius = radius

    def direction(self, matrix: Tensor, batch: Samples) -> Tensor:
        total = torch.zeros_like(matrix[0])
        start = [parameter.detach().clone() for parameter in self.trunk]
        for task in matrix.any(dim=1).nonzero().flatten().tolist():
            length = self.radius / float(matrix[task].norm())
            move(self.trunk, matrix[task], length)
            by_row = self.objective.by_row(self.objective.scores(batch), batch)
            loss = (self.tasks.share * self.tasks.losses(by_row, batch))[task]
            total += trunk_gradients(loss[None], self.trunk)[0]
            with torch.no_grad():
                torch._foreach_copy_(self.trunk, start)
        return total


def _root_of_ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    """Square root of the ratio, 0 where the denominator is."""
    ratio = (numerator / denominator).sqrt()
    return torch.where(denominator > 0, ratio, 0.0)
