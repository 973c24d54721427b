"""How a step gets its gradients: the plain way, and what any other way has to offer."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from skmtl.training._data import Samples
from skmtl.training._objective import Objective
from skmtl.training._processes import Processes


class Step(Protocol):
    """Fills the gradients of the network's parameters for one step of the optimizer."""

    def backward(self, batch: Samples) -> Tensor:
        """Add to the parameters' gradients; gives the losses by target, detached."""
        ...

    def after_step(self, batch: Samples) -> None:
        """Told when the optimizer has moved the parameters."""
        ...

    def after_epoch(self) -> None:
        """Told when all batches have had their step."""
        ...


class PlainStep:
    """The gradient of the targets' losses, each with its share."""

    def __init__(self, objective: Objective) -> None:
        self.objective = objective

    def backward(self, batch: Samples) -> Tensor:
        losses = self.objective.by_target(self.objective.scores(batch), batch)
        (self.objective.share * losses).sum().backward()
        return losses.detach()

    def after_step(self, batch: Samples) -> None:
        pass

    def after_epoch(self) -> None:
        pass


class PartStep(PlainStep):
    """The same of several processes, each with its part of the batch.

    The mean of their losses is the loss of the batch, and so with the gradients.
    """

    def __init__(self, objective: Objective, processes: Processes) -> None:
        super().__init__(objective)
        self.processes = processes

    def backward(self, batch: Samples) -> Tensor:
        part = self.processes.part(batch)
        losses = self.objective.by_target(self.objective.scores(part), part)
        losses = losses * (len(part) * self.processes.count / len(batch))
        (self.objective.share * losses).sum().backward()
        return losses.detach()
