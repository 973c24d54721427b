"""One training loop for all networks."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from skmtl.networks import seed_dropout
from skmtl.tasks import TaskSet
from skmtl.training._data import Samples, TrainingRows
from skmtl.training._epoch import Epoch, Monitor
from skmtl.training._equations import equation_rows
from skmtl.training._options import TrainingOptions
from skmtl.training._processes import Alone, Processes
from skmtl.training._run import TrainingRun, start_run
from skmtl.training._validation import ValidationLosses


@dataclass
class _Best:
    """The best weights so far (None before the first epoch), and numbers of epochs.

    `n_epochs` counts the epochs up to the best one, `n_epochs_since` those after it.
    """

    weights: dict[str, Tensor] | None
    objective: float = math.inf
    n_epochs: int = 0
    n_epochs_since: int = 0

    def see(self, epoch: Epoch, weights: Callable[[], dict[str, Tensor]]) -> None:
        if epoch.improved:
            self.weights, self.objective = weights(), epoch.objective
            self.n_epochs += self.n_epochs_since + 1
            self.n_epochs_since = 0
        else:
            self.n_epochs_since += 1


@dataclass(frozen=True)
class Trainer:
    """Trains a network and leaves it with the best weights seen.

    Parameters
    ----------
    network : nn.Module
        A `skmtl.networks.TrainableNetwork`, called as ``network(batch)``.
    tasks : TaskSet
    options : TrainingOptions
    task_weight : tensor of shape (n_tasks,)
    generator : torch.Generator
        A generator on the network's device, for the order of rows and for dropout.
    processes : Processes
        The processes that train together, all with the same data. Without dropout they take the
        same steps as a single process. They make all decisions together.
    history : list of Epoch
        Epochs of earlier training of the network; `fit` appends to it.
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
        """Train until early stopping, a limit, or a request of the user ends the training.

        Parameters
        ----------
        training : Samples or StoredSamples
        validation : Samples or None
            Both on the network's device. Without validation the last weights are kept.
        monitor : Monitor
            Called for every epoch; may request to stop.

        Returns
        -------
        bool
            False if the monitor or an interrupt ended the training.

        Raises
        ------
        TypeError
            If the network does not have the methods that training needs.
        FloatingPointError
            If a loss becomes NaN or infinite; the message names it and the epoch.
        """
        run = self.start(training)
        # In a warm start the initial weights may be the best ones.
        best = _Best(run.mean.snapshot() if self.history else None)
        try:
            undisturbed = self._train(run, validation, monitor, best)
        except KeyboardInterrupt:
            # If one of several processes stopped, the others would wait for it forever.
            if best.weights is None or self.processes.count > 1:
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
        if best.weights is not None:
            self.network.load_state_dict(best.weights)
        self.processes.copy_from_first(self.network)
        return undisturbed

    def start(self, training: TrainingRows) -> TrainingRun:
        """Return the state of the training before its first step."""
        return start_run(
            self.network,
            self.tasks,
            training,
            task_weight=self.task_weight,
            options=self.options,
            generator=self.generator,
            processes=self.processes,
            first_epoch=len(self.history),
        )

    def _train(
        self, run: TrainingRun, samples: Samples | None, monitor: Monitor, best: _Best
    ) -> bool:
        """Train epoch by epoch; return False if the monitor ended the training."""
        started = time.monotonic()
        validation = None
        if samples is not None:
            validation = ValidationLosses(
                samples,
                run.objective,
                self.options.balance,
                self.processes,
                equation_rows(self.network, run.training),
            )
            if best.weights is not None:  # the initial weights are kept until others are better
                network = run.mean.network
                best.objective = validation.objective(validation.losses(network), network)
        for number in range(run.first_epoch, run.first_epoch + self.options.max_epochs):
            monitor.begin(number)
            epoch = self._epoch(number, run, validation, started, best.objective)
            self.history.append(epoch)
            best.see(epoch, run.mean.snapshot)
            if self.processes.any(monitor.end(epoch, run.mean.copy)):
                return False
            if self.processes.any(time.monotonic() - started > self.options.max_time):
                break
            if validation is not None and best.n_epochs_since >= self._patience(run, best):
                break
        return True

    def _patience(self, run: TrainingRun, best: _Best) -> int:
        return self.options.patience_after(best.n_epochs, best.objective, len(run.training))

    def _epoch(
        self,
        number: int,
        run: TrainingRun,
        validation: ValidationLosses | None,
        started: float,
        best: float,
    ) -> Epoch:
        """Take the steps of an epoch, and evaluate on the validation rows."""
        losses = run.epoch(number)
        by_target = (losses.by_target * run.objective.unit).tolist()
        auxiliary = {name: float(value) for name, value in losses.auxiliary.items()}
        self._check_finite(by_target, auxiliary, number)
        epoch = Epoch(
            number=number,
            seconds=time.monotonic() - started,
            learning_rate=run.learning_rate,
            losses=by_target,
            validation_losses=None,
            objective=float((run.objective.share * losses.by_target).sum()),
            improved=True,
            auxiliary=auxiliary,
        )
        if validation is None:
            return epoch
        held_out = validation.losses(run.mean.network)
        # A task without a label in the validation part is ignored.
        self._check_finite(held_out.where(validation.seen, 0.0).tolist(), {}, number)
        objective = validation.objective(held_out, run.mean.network)
        return replace(
            epoch,
            validation_losses=held_out.tolist(),
            objective=objective,
            improved=objective < best,
        )

    def _check_finite(
        self, by_target: list[float], auxiliary: Mapping[str, float], number: int
    ) -> None:
        tasks = _not_finite(self.tasks.names, by_target)
        names = _not_finite(auxiliary.keys(), auxiliary.values())
        if not (tasks or names):
            return
        if names:
            what, remedy = f"auxiliary loss {names[0]!r}", "check how it is computed"
        else:
            what, remedy = f"loss of task {tasks[0]!r}", "look for extreme labels in this task"
        others = [*names, *tasks][1:]
        raise FloatingPointError(
            f"The {what} is not finite in epoch {number}"
            + (f" (nor are those of {others})" if others else "")
            + f". Lower learning_rate, or {remedy}."
        )


def _not_finite(names: Iterable[Hashable], values: Iterable[float]) -> list[Hashable]:
    return [name for name, value in zip(names, values, strict=True) if not math.isfinite(value)]
