"""Gradients of a training step: the protocol, and steps without balancing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from torch import Tensor

from skmtl.training._auxiliary import detached, with_auxiliary
from skmtl.training._data import Samples
from skmtl.training._objective import Objective
from skmtl.training._processes import Processes


class StepLosses(NamedTuple):
    """The detached losses of a step: of the targets (n_targets,), and auxiliary ones by name."""

    by_target: Tensor
    auxiliary: Mapping[str, Tensor]


class Step(Protocol):
    """Computes the gradients of the network's parameters for one step of the optimizer."""

    def backward(self, samples: Samples) -> StepLosses:
        """Add to the gradients of the parameters; return the losses."""
        ...

    def after_step(self, samples: Samples) -> None:
        """Called after the optimizer has updated the parameters."""
        ...

    def after_epoch(self) -> None:
        """Called after the last step of an epoch."""
        ...


class PlainStep:
    """Computes the gradient of the targets' losses times their shares, plus auxiliary losses."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective

    def backward(self, samples: Samples) -> StepLosses:
        output = self.objective.output(samples)
        losses = self.objective.by_target(output.scores, samples)
        loss = (self.objective.share * losses).sum()
        with_auxiliary(loss, output.auxiliary).backward()
        return StepLosses(losses.detach(), detached(output.auxiliary))

    def after_step(self, samples: Samples) -> None:
        pass

    def after_epoch(self) -> None:
        pass


class PartStep(PlainStep):
    """A plain step of several processes, each with its part of the batch.

    Losses and gradients are scaled so that their means over processes are those of the batch.
    Auxiliary losses are assumed to be means over rows.
    """

    def __init__(self, objective: Objective, processes: Processes) -> None:
        super().__init__(objective)
        self.processes = processes

    def backward(self, samples: Samples) -> StepLosses:
        part = self.processes.part(samples)
        output = self.objective.output(part)
        scale = len(part) * self.processes.count / len(samples)
        losses = self.objective.by_target(output.scores, part) * scale
        auxiliary = {name: value * scale for name, value in output.auxiliary.items()}
        with_auxiliary((self.objective.share * losses).sum(), auxiliary).backward()
        return StepLosses(losses.detach(), detached(auxiliary))
