"""Estimates of the losses over all training rows from a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from skmtl.networks import NetworkOutput
from skmtl.tasks import TaskSet
from skmtl.training._auxiliary import check_auxiliary
from skmtl.training._data import Samples, TrainingRows
from skmtl.training._device import Precision, autocast
from skmtl.training._loss import TaskLosses
from skmtl.training._units import loss_units, unsure_loss


@dataclass(frozen=True)
class Objective:
    """The objective of a step: the weighted losses of the targets.

    Attributes
    ----------
    network : nn.Module
        A `skmtl.networks.TrainableNetwork`.
    call : callable
        Calls the network or a bound method of it, possibly compiled.
    losses : TaskLosses
    share : tensor of shape (n_targets,)
        Shares of the targets in the loss; they sum to 1.
    label_weight : tensor of shape (n_targets,)
        Expected weight per row. Dividing by it makes the loss of a batch an unbiased estimate of
        the target's mean loss, even if a batch has few of its labels or none.
    unit : tensor of shape (n_targets,)
        Divisors of the losses; see `loss_units`.
    unsure : float
        See `unsure_loss`.
    precision : Precision
    """

    network: nn.Module
    call: Callable[..., Any]
    losses: TaskLosses
    share: Tensor
    label_weight: Tensor
    unit: Tensor
    unsure: float
    precision: Precision

    @classmethod
    def from_training(
        cls,
        network: nn.Module,
        tasks: TaskSet,
        training: TrainingRows,
        task_weight: Tensor,
        *,
        precision: Precision = "auto",
        call: Callable[..., Any] | None = None,
    ) -> Objective:
        """Return the objective of a network on its training rows."""
        losses = TaskLosses(tasks, training.device)
        share = task_weight / task_weight.sum()
        return cls(
            network=network,
            call=network if call is None else call,
            losses=losses,
            share=share,
            # A task without labels has no loss, whatever the divisor.
            label_weight=training.mean_weight().clamp_min(1e-12),
            unit=loss_units(network, losses, training, share),
            unsure=unsure_loss(len(training)),
            precision=precision,
        )

    @property
    def n_targets(self) -> int:
        return len(self.share)

    def output(self, samples: Samples) -> NetworkOutput:
        """Return raw scores (batch, members, n_scores) and auxiliary losses."""
        with autocast(samples.device, self.precision):
            output = self.call(samples.inputs)
        return self.checked(output, samples)

    def checked(self, output: Tensor | NetworkOutput, samples: Samples) -> NetworkOutput:
        """Return the output of the network for these rows after checking it.

        Raises
        ------
        ValueError
            If the scores or an auxiliary loss have the wrong shape.
        """
        if not isinstance(output, NetworkOutput):
            output = NetworkOutput(output)
        shape, n_scores = output.scores.shape, self.losses.n_scores
        if len(shape) != 3 or (shape[0], shape[2]) != (len(samples), n_scores):
            raise ValueError(
                f"{type(self.network).__name__} returned scores of shape {tuple(shape)} for "
                f"{len(samples)} rows; they must be ({len(samples)}, members, {n_scores})."
            )
        check_auxiliary(output.auxiliary, self.network)
        return output

    def scores(self, samples: Samples) -> Tensor:
        """Return raw scores (batch, members, n_scores)."""
        return self.output(samples).scores

    def by_target(self, scores: Tensor, samples: Samples) -> Tensor:
        """Return the losses in their units, (n_targets,)."""
        return self.losses.sums(scores, samples) / (len(samples) * self._expected)

    def by_row(self, scores: Tensor, samples: Samples) -> Tensor:
        """Return the contribution of each row to `by_target`, (batch, n_targets)."""
        return self.losses.weighted(scores, samples) / (len(samples) * self._expected)

    @property
    def _expected(self) -> Tensor:
        return self.label_weight * self.unit
