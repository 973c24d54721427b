"""Recording of the effect of a step for one task on the losses of the others."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from skmtl.training._balanced_tasks import BalancedTasks
from skmtl.training._data import Samples, concatenated_samples
from skmtl.training._objective import Objective
from skmtl.training._steps import Step, StepLosses
from skmtl.training._trunk import look_ahead, trunk_gradients, trunk_parameters

_MOST_ROWS = 1024


class TransferRecord:
    """Sums of measurements for every pair of tasks, over one or more training runs.

    Parameters
    ----------
    every : int
        Number of steps between measurements; there is at least one in each epoch.

    Attributes
    ----------
    n_looks : int
        Number of measurements.
    names : list of hashable
        Names of the tasks by index.
    """

    def __init__(self, every: int) -> None:
        self.every = every
        self.n_looks = 0
        self.names: list[Hashable] = []
        self._sums = {name: np.zeros((0, 0)) for name in ("gain", "loss", "cosine", "looks")}

    def add(self, tasks: np.ndarray, **values: np.ndarray) -> None:
        """Add a measurement for the tasks with these indices, (len(tasks), len(tasks)) each."""
        self._grow(int(tasks.max(initial=-1)) + 1)
        for name, value in values.items():
            self._sums[name][np.ix_(tasks, tasks)] += value
        self.n_looks += 1

    def gains(self, tasks: list[int]) -> np.ndarray:
        """Return summed decreases of the loss of each task (column) by steps for another (row)."""
        return self._of("gain", tasks)

    def lookahead(self, tasks: list[int]) -> np.ndarray:
        """Return the gains over the sums of the losses; NaN for pairs without a measurement."""
        return _ratio(self._of("gain", tasks), self._of("loss", tasks))

    def cosine(self, tasks: list[int]) -> np.ndarray:
        """Return the mean cosines of the gradients of two tasks at the trunk."""
        return _ratio(self._of("cosine", tasks), self._of("looks", tasks))

    def _of(self, name: str, tasks: list[int]) -> np.ndarray:
        self._grow(max(tasks) + 1)
        return self._sums[name][np.ix_(tasks, tasks)]

    def _grow(self, n_tasks: int) -> None:
        """Extend the sums to `n_tasks` tasks; training runs may lack the last tasks."""
        more = max(n_tasks - len(self._sums["gain"]), 0)
        self._sums = {name: np.pad(sums, (0, more)) for name, sums in self._sums.items()}


class RecordingStep:
    """Wraps a step, and measures effects between tasks at regular intervals.

    A measurement draws no random numbers and restores the network, so that training has the same
    result with and without it.
    """

    def __init__(
        self,
        step: Step,
        objective: Objective,
        tasks: BalancedTasks,
        record: TransferRecord,
        rate: float,
    ) -> None:
        self._step = step
        # bfloat16 is too coarse for the effect of one step, and compiled code is specialised for
        # one batch size.
        self._objective = replace(objective, call=objective.network, precision="float32")
        self._tasks = tasks
        self._record = record
        self._rate = rate
        self._trunk: list[Tensor] = []
        self._seen: list[Samples] = []
        self._n_steps = 0  # since the last measurement, or since the start of the epoch
        self._looked = False  # whether there was a measurement in this epoch

    def backward(self, samples: Samples) -> StepLosses:
        return self._step.backward(samples)

    def after_step(self, samples: Samples) -> None:
        self._step.after_step(samples)
        self._keep(samples)
        self._n_steps += 1
        if self._n_steps == self._record.every:
            self._look()

    def after_epoch(self) -> None:
        self._step.after_epoch()
        if not self._looked:
            self._look()
        # The next epoch has the same rows, so that both halves could share rows.
        self._seen, self._n_steps, self._looked = [], 0, False

    def _keep(self, samples: Samples) -> None:
        """Store the rows of a batch, and drop older ones that a measurement does not need."""
        self._seen.append(samples)
        while sum(map(len, self._seen[1:])) >= _MOST_ROWS:
            del self._seen[0]

    def _look(self) -> None:
        """Take trial steps on half of the rows since the last measurement, evaluated on the rest.

        On the rows of the step itself, the loss would also fall by fitting their noise.
        """
        rows = concatenated_samples(self._seen).take(slice(-_MOST_ROWS, None))
        self._seen, self._n_steps, self._looked = [], 0, True
        if len(rows) < 2:
            return
        network = self._objective.network
        was_training = network.training
        network.eval()  # the noise of dropout would be mistaken for an effect of the step
        self._compare(*_halves(rows))
        network.train(was_training)

    def _compare(self, learnt: Samples, judged: Samples) -> None:
        if not self._trunk:
            self._trunk = trunk_parameters(self._objective, learnt)
        present = self._tasks.present(learnt) & self._tasks.present(judged)
        gradients = trunk_gradients(self._losses(learnt)[present], self._trunk)
        with torch.no_grad():
            before = self._losses(judged)[present]
            after = look_ahead(
                lambda: self._losses(judged)[present], self._trunk, gradients, self._rate
            )
        products = (gradients @ gradients.T).double()
        sizes = products.diagonal().sqrt().clamp_min(1e-30)
        self._record.add(
            present.nonzero()[:, 0].cpu().numpy(),
            gain=(before - after).double().cpu().numpy(),
            loss=before.double().expand_as(after).cpu().numpy(),
            cosine=(products / sizes[:, None] / sizes).cpu().numpy(),
            looks=np.ones(after.shape),
        )

    def _losses(self, rows: Samples) -> Tensor:
        scores = self._objective.scores(rows)
        return self._tasks.losses(self._objective.by_row(scores, rows), rows)


def _halves(rows: Samples) -> tuple[Samples, Samples]:
    half = len(rows) // 2
    return rows.take(slice(half)), rows.take(slice(half, None))


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0)
