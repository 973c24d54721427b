"""How a step gets its gradients: the plain way, and what any other way has to offer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from torch import Tensor

from skmtl.training._auxiliary import detached, with_auxiliary
from skmtl.training._data import Samples
from skmtl.training._objective import Objective
from skmtl.training._processes import Processes


class StepLosses(NamedTuple):
    """The losses of a step, detached: of the targets (n_targets,), and auxiliary ones by name."""

    by_target: Tensor
    auxiliary: Mapping[str, Tensor]


class Step(Protocol):
    """Fills the gradients of the network's parameters for one step of the optimizer."""

    def backward(self, samples: Samples) -> StepLosses:
        """Add to the parameters' gradients."""
        ...

    def after_step(self, samples: Samples) -> None:
        """Told when the optimizer has moved the parameters."""
        ...

    def after_epoch(self) -> None:
        """Told when all batches have had their step."""
        ...


class PlainStep:
    """The gradient of the targets' losses, each with its share, and of the auxiliary ones."""

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
    """The same of several processes, each with its part of the batch.

    The mean of their losses is the loss of the batch, and so with the gradients. Auxiliary losses
    are taken for means over rows.
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
