"""The state of a training run."""

from __future__ import annotations

import copy
import math
from collections import defaultdict
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from skmtl._adam import Adam
from skmtl.networks import parameters_by_decay, seed_dropout, trainable_network
from skmtl.tasks import TaskSet
from skmtl.training._choice import choose_step
from skmtl.training._data import Samples, TrainingRows
from skmtl.training._objective import Objective
from skmtl.training._options import TrainingOptions
from skmtl.training._processes import Processes
from skmtl.training._steps import Step, StepLosses


class RunningMean:
    """A running mean of a network's weights, which becomes the result of the training."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval()
        self._decay = decay
        self._n_steps = 0
        # Traversing the modules is slow compared with a small step, so the lists are made once.
        self._parameters: list[Tensor] = list(self.network.parameters())
        self._of_network: list[Tensor] = list(network.parameters())
        self._buffers = list(zip(self.network.buffers(), network.buffers(), strict=True))

    @torch.no_grad()
    def add(self) -> None:
        """Update the mean with the current weights."""
        self._n_steps += 1
        # In the first steps the decay is smaller, so that the initial weights are soon forgotten.
        decay = min(self._decay, (self._n_steps - 1) / (self._n_steps + 9))
        torch._foreach_lerp_(self._parameters, self._of_network, 1 - decay)

    @torch.no_grad()
    def copy_buffers(self) -> None:
        """Copy the buffers, which are not averaged."""
        for kept, current in self._buffers:
            kept.copy_(current)

    def copy(self) -> nn.Module:
        """Return a copy of the network with mean weights."""
        return copy.deepcopy(self.network)

    def snapshot(self) -> dict[str, Tensor]:
        """Return copies of the mean weights and the buffers by name."""
        return {name: value.clone() for name, value in self.network.state_dict().items()}


@dataclass(eq=False)
class TrainingRun:
    """One training run of a network, from its first step to its last.

    Attributes
    ----------
    objective : Objective
    training : TrainingRows
    options : TrainingOptions
    generator : torch.Generator
        Generator for the order of rows.
    processes : Processes
    step_by : Step
    optimizers : list of Adam
        One for parameters with weight decay, and one for all others.
    parameters : list of tensor
        Parameters of the network.
    mean : RunningMean
    first_epoch : int
        Number of the first epoch, where the schedule starts.
    """

    objective: Objective
    training: TrainingRows
    options: TrainingOptions
    generator: torch.Generator
    processes: Processes
    step_by: Step
    optimizers: list[Adam]
    parameters: list[Tensor]
    mean: RunningMean
    first_epoch: int

    @property
    def learning_rate(self) -> float:
        """Learning rate of the last step."""
        return self.optimizers[0].learning_rate

    def epoch(self, number: int) -> StepLosses:
        """Take a step for each batch of the rows; return mean losses over the rows."""
        self.objective.network.train()
        n, done = len(self.training), 0
        total = torch.zeros_like(self.objective.share)
        auxiliary: dict[str, Tensor] = defaultdict(lambda: total.new_zeros(()))
        for samples in self.training.batches(self.options.rows_per_step(n), self.generator):
            self._set_learning_rate(number + done / n)
            losses = self.step(samples)
            total += losses.by_target * len(samples)
            for name, value in losses.auxiliary.items():
                auxiliary[name] += value * len(samples)
            done += len(samples)
        self.step_by.after_epoch()
        self.mean.copy_buffers()
        n_rows = n * self.processes.count
        means = {
            name: self.processes.total(auxiliary[name]) / n_rows for name in sorted(auxiliary)
        }
        return StepLosses(self.processes.total(total) / n_rows, means)

    def step(self, samples: Samples) -> StepLosses:
        """Take one step of the optimizers; return its losses."""
        for parameter in self.parameters:
            parameter.grad = None
        losses = self.step_by.backward(samples)
        self.processes.average_gradients(self.parameters)
        nn.utils.clip_grad_norm_(self.parameters, self.options.gradient_clip)
        for optimizer in self.optimizers:
            optimizer.step()
        self.step_by.after_step(samples)
        self.mean.add()
        return losses

    def _set_learning_rate(self, epoch: float) -> None:
        rate = self.options.learning_rate
        if self.options.schedule == "cosine":
            done = (epoch - self.first_epoch) / self.options.max_epochs
            rate *= 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
        for optimizer in self.optimizers:
            optimizer.learning_rate = rate


def start_run(
    network: nn.Module,
    tasks: TaskSet,
    training: TrainingRows,
    *,
    task_weight: Tensor,
    options: TrainingOptions,
    generator: torch.Generator,
    processes: Processes,
    first_epoch: int,
) -> TrainingRun:
    """Return the state before the first step; see `Trainer` for the parameters."""
    trainable_network(network)
    processes.copy_from_first(network)
    objective = Objective.from_training(
        network,
        tasks,
        training,
        task_weight,
        precision=options.precision,
        call=torch.compile(network) if options.compile else None,
    )
    run = TrainingRun(
        objective=objective,
        training=training,
        options=options,
        generator=generator,
        processes=processes,
        step_by=choose_step(options, objective, training, generator, processes),
        optimizers=_optimizers(network, options, training.device),
        parameters=list(network.parameters()),
        mean=RunningMean(network, options.averaging),
        first_epoch=first_epoch,
    )
    seed_dropout(network, processes.dropout(generator))
    return run


def _optimizers(network: nn.Module, options: TrainingOptions, device: torch.device) -> list[Adam]:
    """Return AdamW for parameters with weight decay, and for all others."""
    decays = (options.weight_decay, 0.0)
    return [
        Adam(
            parameters,
            options.learning_rate,
            weight_decay=decay,
            decoupled=True,
            fused=device.type in ("cpu", "cuda"),
        )
        for parameters, decay in zip(parameters_by_decay(network), decays, strict=True)
    ]
