"""The losses of a batch as estimates of the losses over all training rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from skmtl.tasks import TaskSet
from skmtl.training._data import Samples, TrainingRows
from skmtl.training._device import Precision, autocast
from skmtl.training._loss import TaskLosses


@dataclass(frozen=True)
class Objective:
    """What a step lowers: the targets' losses, each with its share.

    Attributes
    ----------
    network : nn.Module
    call : callable
        Runs the network or a bound method of it; ``torch.compile`` may have been at work.
    losses : TaskLosses
    share : tensor of shape (n_targets,)
        Shares of the targets in the loss; they sum to 1.
    label_weight : tensor of shape (n_targets,)
        Expected weight per row, so that a batch's loss estimates the target's mean loss without
        bias even where a batch holds few of its labels, or none.
    precision : Precision
    """

    network: nn.Module
    call: Callable[..., Any]
    losses: TaskLosses
    share: Tensor
    label_weight: Tensor
    precision: Precision

    @classmethod
    def of(
        cls,
        network: nn.Module,
        tasks: TaskSet,
        training: TrainingRows,
        task_weight: Tensor,
        *,
        precision: Precision = "auto",
        call: Callable[..., Any] | None = None,
    ) -> Objective:
        """The objective of a network on its training rows."""
        return cls(
            network=network,
            call=network if call is None else call,
            losses=TaskLosses(tasks, training.device),
            share=task_weight / task_weight.sum(),
            # A task that has no label here adds no loss.
            label_weight=training.mean_weight().clamp_min(1e-12),
            precision=precision,
        )

    def scores(self, batch: Samples) -> Tensor:
        """Raw scores (batch, members, n_scores)."""
        with autocast(batch.device, self.precision):
            return self.call(batch.inputs)

    def by_target(self, scores: Tensor, batch: Samples) -> Tensor:
        """Losses of shape (n_targets,)."""
        return self.losses.sums(scores, batch) / (len(batch) * self.label_weight)

    def by_row(self, scores: Tensor, batch: Samples) -> Tensor:
        """What each row adds to `by_target`, (batch, n_targets)."""
        return self.losses.weighted(scores, batch) / (len(batch) * self.label_weight)
