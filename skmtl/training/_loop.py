"""One training loop for every network."""

from __future__ import annotations

import copy
import math
import time
import warnings
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from skmtl._storable import storable
from skmtl.networks import Batch, parameters_by_decay, seed_dropout
from skmtl.tasks import TaskSet
from skmtl.training._choice import choose_step
from skmtl.training._data import Samples, TrainingRows
from skmtl.training._device import autocast
from skmtl.training._objective import Objective
from skmtl.training._options import TrainingOptions
from skmtl.training._processes import Alone, Processes
from skmtl.training._scoring import SCORING_ROWS, in_batches
from skmtl.training._stopping import validation_objective


@storable
@dataclass
class Epoch:
    """What is known after an epoch; losses are by task, in the tasks' order."""

    number: int
    seconds: float
    learning_rate: float
    losses: list[float]
    validation_losses: list[float] | None
    objective: float
    improved: bool

    @property
    def loss(self) -> float:
        """Mean training loss over the tasks."""
        return float(np.mean(self.losses))

    @property
    def validation_loss(self) -> float | None:
        """Mean validation loss over the tasks that have one."""
        losses = self.validation_losses
        return None if losses is None else float(np.nanmean(losses))


class Monitor(Protocol):
    """Told when an epoch begins and ends."""

    def begin(self, number: int) -> None: ...

    def end(self, epoch: Epoch) -> bool:
        """True asks to stop."""
        ...


@dataclass
class Trainer:
    """Trains a network and leaves it with the best weights seen.

    Parameters
    ----------
    network : nn.Module
        Called as ``network(batch)``, with a `skmtl.networks.Batch`.
    tasks : TaskSet
    options : TrainingOptions
    task_weight : tensor of shape (n_tasks,)
    generator : torch.Generator
        On the network's device; decides the order of rows and the dropout.
    processes : Processes
        Those that train together, all given the same. Without dropout they take the steps that
        one would take alone; what they decide, they decide together.
    """

    network: nn.Module
    tasks: TaskSet
    options: TrainingOptions
    task_weight: Tensor
    generator: torch.Generator
    processes: Processes = field(default_factory=Alone)
    history: list[Epoch] = field(default_factory=list)

    def fit(
        self,
        training: TrainingRows,
        validation: Samples | None,
        monitor: Monitor,
    ) -> bool:
        """Train until the validation loss stops falling, a limit is met or the user stops.

        Parameters
        ----------
        training : Samples or StoredSamples
        validation : Samples or None
            Both on the network's device. Without validation the last weights are kept.
        monitor : Monitor
            Told of every epoch; may ask to stop.

        Returns
        -------
        bool
            False where the monitor or an interrupt ended the training.
        """
        self._prepare(training, validation)
        # A network that was trained before is worth keeping as it is.
        best = self._snapshot() if self.history else None
        best_objective, since, undisturbed = math.inf, 0, True
        try:
            for number in range(self._first_epoch, self._first_epoch + self.options.max_epochs):
                monitor.begin(number)
                epoch = self._epoch(number, training, validation, best_objective)
                self.history.append(epoch)
                if epoch.improved:
                    best, best_objective, since = self._snapshot(), epoch.objective, 0
                else:
                    since += 1
                undisturbed = not self.processes.any(monitor.end(epoch))
                if not undisturbed or self.processes.any(self._out_of_time()):
                    break
                if validation is not None and since >= self.options.patience:
                    break
        except KeyboardInterrupt:
            # One of several processes cannot end in good order: the others wait for it.
            if best is None or self.processes.count > 1:
                raise
            undisturbed = False
            warnings.warn(
                f"Training was interrupted in epoch {len(self.history)}; the best weights so far "
                "are kept.",
                stacklevel=2,
            )
        finally:
            seed_dropout(self.network, None)
            self.network.eval()
        if best is not None:
            self.network.load_state_dict(best)
        self.processes.copy_from_first(self.network)
        return undisturbed

    def _prepare(self, training: TrainingRows, validation: Samples | None) -> None:
        device = training.device
        self.processes.copy_from_first(self.network)
        self._objective = Objective.of(
            self.network,
            self.tasks,
            training,
            self.task_weight,
            precision=self.options.precision,
            call=torch.compile(self.network) if self.options.compile else None,
        )
        self._losses, self._share = self._objective.losses, self._objective.share
        self._step_by = choose_step(
            self.options, self._objective, training, self.generator, self.processes
        )
        self._averaged = copy.deepcopy(self.network).eval()
        # Walking a network's modules takes long beside a small step: the lists are made once.
        self._parameters: list[Tensor] = list(self.network.parameters())
        self._averaged_parameters: list[Tensor] = list(self._averaged.parameters())
        decayed, others = parameters_by_decay(self.network)
        self._optimizer = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": self.options.weight_decay},
                {"params": others, "weight_decay": 0.0},
            ],
            lr=self.options.learning_rate,
            fused=device.type in ("cpu", "cuda"),
        )
        if validation is not None:
            self._constant = self._constant_losses(validation)
        self._started = time.monotonic()
        self._first_epoch = len(self.history)
        self._steps = 0
        seed_dropout(self.network, self.processes.dropout(self.generator))

    def _constant_losses(self, validation: Samples) -> Tensor:
        """Validation loss of the best constant prediction: what makes tasks comparable."""
        constant = self.network.base_scores.expand(len(validation), 1, -1)  # type: ignore
        means = self._losses.sums(constant, validation) / validation.weight.sum(dim=0)
        return means.clamp_min(1e-6)

    def _epoch(
        self, number: int, training: TrainingRows, validation: Samples | None, best: float
    ) -> Epoch:
        losses = self._train_once(number, training)
        self._check_finite(losses, number)
        seconds = time.monotonic() - self._started
        rate = self._optimizer.param_groups[0]["lr"]
        if validation is None:
            objective = float((self._share * losses).sum())
            return Epoch(number, seconds, rate, losses.tolist(), None, objective, True)
        by_task = self._validate(validation)
        # A task without a label in the validation part has no say in when to stop.
        seen = validation.weight.sum(dim=0) > 0
        self._check_finite(by_task.where(seen, 0.0), number)
        relative = (by_task / self._constant)[seen]
        objective = float(validation_objective(relative, self._share[seen], self.options.balance))
        return Epoch(
            number, seconds, rate, losses.tolist(), by_task.tolist(), objective, objective < best
        )

    def _train_once(self, number: int, training: TrainingRows) -> Tensor:
        self.network.train()
        n, done = len(training), 0
        total = torch.zeros(len(self.tasks), device=training.device)
        for batch in training.batches(self.options.rows_per_step(n), self.generator):
            self._set_learning_rate(number + done / n)
            total += self._step(batch) * len(batch)
            done += len(batch)
        self._step_by.after_epoch()
        return self.processes.total(total) / (n * self.processes.count)

    def _step(self, batch: Samples) -> Tensor:
        self._optimizer.zero_grad(set_to_none=True)
        losses = self._step_by.backward(batch)
        self.processes.average_gradients(self._parameters)
        nn.utils.clip_grad_norm_(self._parameters, self.options.gradient_clip)
        self._optimizer.step()
        self._step_by.after_step(batch)
        self._steps += 1
        self._average()
        return losses

    @torch.no_grad()
    def _average(self) -> None:
        # Early on the mean runs over few steps, so that it does not remember the start.
        decay = min(self.options.averaging, (self._steps - 1) / (self._steps + 9))
        torch._foreach_lerp_(self._averaged_parameters, self._parameters, 1 - decay)

    def _validate(self, validation: Samples) -> Tensor:
        def scores(batch: Batch) -> Tensor:
            with autocast(batch.device, self.options.precision):
                by_member = self._averaged(batch)
            return by_member.float().mean(dim=1, keepdim=True)

        part = self.processes.part(validation)
        total = self._losses.sums(in_batches(scores, part.inputs, SCORING_ROWS), part)
        return self.processes.total(total) / validation.weight.sum(dim=0)

    def _set_learning_rate(self, epoch: float) -> None:
        rate = self.options.learning_rate
        if self.options.schedule == "cosine":
            done = (epoch - self._first_epoch) / self.options.max_epochs
            rate *= 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
        for group in self._optimizer.param_groups:
            group["lr"] = rate

    def _check_finite(self, losses: Tensor, number: int) -> None:
        bad = [
            name
            for name, ok in zip(self.tasks.names, torch.isfinite(losses).tolist(), strict=True)
            if not ok
        ]
        if bad:
            raise FloatingPointError(
                f"The loss of task {bad[0]!r} is not finite in epoch {number}"
                + (f" (nor are those of {bad[1:]})" if bad[1:] else "")
                + ". Lower learning_rate, or look for extreme labels in this task."
            )

    def averaged_copy(self) -> nn.Module:
        """The network as it would be kept if training stopped now."""
        return copy.deepcopy(self._averaged)

    def _snapshot(self) -> dict[str, Tensor]:
        return {name: value.clone() for name, value in self._averaged.state_dict().items()}

    def _out_of_time(self) -> bool:
        return time.monotonic() - self._started > self.options.max_time
