"""Steps that balance the tasks, by their losses or at the representation."""

from __future__ import annotations

import torch
from torch import Tensor

from skmtl.balancing import LossWeights, SaliencyPenalty
from skmtl.training._auxiliary import detached, with_auxiliary
from skmtl.training._balanced_tasks import BalancedTasks
from skmtl.training._combination import Combination
from skmtl.training._data import Samples
from skmtl.training._objective import Objective
from skmtl.training._representation import Representation
from skmtl.training._steps import PlainStep, StepLosses
from skmtl.training._target_gradients import TargetGradients, target_gradients


class LossStep(PlainStep):
    """Computes the gradient of the sum of the tasks' losses, times their shares and weights.

    `generator` is the generator of dropout.
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

    def backward(self, samples: Samples) -> StepLosses:
        self._drawn = self.generator.get_state()
        output = self.objective.output(samples)
        by_row = self.objective.by_row(output.scores, samples)
        losses = self.tasks.losses(by_row, samples)
        weights = self.weights.weights(losses.detach(), self.tasks.present(samples))
        loss = (self.tasks.share * weights * losses).sum()
        with_auxiliary(loss, output.auxiliary).backward()
        return StepLosses(by_row.detach().sum(dim=0), detached(output.auxiliary))

    def after_step(self, samples: Samples) -> None:
        self.weights.after_step(lambda: self._losses_again(samples))

    def after_epoch(self) -> None:
        self.weights.after_epoch()

    @torch.no_grad()
    def _losses_again(self, samples: Samples) -> Tensor:
        """Recompute the losses of the batch with the dropout mask of the step."""
        self.generator.set_state(self._drawn)
        by_row = self.objective.by_row(self.objective.scores(samples), samples)
        return self.tasks.losses(by_row, samples)


class RepresentationStep(PlainStep):
    """Weights the tasks' gradients at the representation; towers get unweighted gradients."""

    def __init__(
        self, objective: Objective, tasks: BalancedTasks, combination: Combination
    ) -> None:
        super().__init__(objective)
        self.tasks = tasks
        self.combination = combination

    def backward(self, samples: Samples) -> StepLosses:
        cut = Representation(self.objective, samples)
        parts = [self.tasks.vectors(part, samples) for part in cut.backward_towers()]
        weights = self.combination.weights([part.float() for part in parts])
        cut.backward_trunk(self.tasks.by_row(weights, samples))
        return StepLosses(cut.losses.detach(), cut.auxiliary)


class PenaltyStep(PlainStep):
    """Adds to the losses a penalty on the targets' gradients at the representation."""

    def __init__(self, objective: Objective, penalty: SaliencyPenalty) -> None:
        super().__init__(objective)
        self.penalty = penalty

    def backward(self, samples: Samples) -> StepLosses:
        entry = target_gradients(self.objective, samples)
        share = self.objective.share
        penalty = self.penalty.penalty(*entry.saliency(), samples.weight * (share > 0))
        entry.backward((share * entry.losses).sum() + penalty / len(share))
        return StepLosses(entry.losses.detach(), entry.auxiliary)


class SharpRepresentationStep(PlainStep):
    """Computes gradients after moving each task's representation uphill in its own loss."""

    def __init__(self, objective: Objective, tasks: BalancedTasks, radius: float) -> None:
        super().__init__(objective)
        self.tasks = tasks
        self.radius = radius

    def backward(self, samples: Samples) -> StepLosses:
        entry = target_gradients(self.objective, samples)
        gradients = entry.gradients()
        lengths = self.lengths(entry, entry.squares(gradients), samples)
        losses = entry.losses_at(lengths, gradients)
        entry.backward((self.objective.share * losses).sum())
        return StepLosses(entry.losses.detach(), entry.auxiliary)

    @torch.no_grad()
    def lengths(self, entry: TargetGradients, squares: Tensor, samples: Samples) -> Tensor:
        """Return the ratios of moves to gradients in length, by target and row."""
        sizes = torch.stack(
            [
                part.float().square().transpose(0, 1).flatten(1).sum(dim=1)
                for part in entry.representation
            ]
        )
        size = self.tasks.sums(sizes.sum(dim=0)[:, None] * (samples.weight > 0), samples)
        steep = self.tasks.sums(squares, samples)
        return self.tasks.by_row(self.radius * _root_of_ratio(size, steep), samples)


def _root_of_ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    """Return the square root of the ratio, or 0 where the denominator is 0."""
    ratio = (numerator / denominator).sqrt()
    return torch.where(denominator > 0, ratio, 0.0)
