"""The comparison of epochs by validation losses."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skmtl.balancing import Balancer, LossBalancer
from skmtl.networks import Batch, scores_of, trainable_network
from skmtl.training._data import Samples
from skmtl.training._device import autocast, summing_dtype
from skmtl.training._equations import relative_equation_loss
from skmtl.training._objective import Objective
from skmtl.training._processes import Processes
from skmtl.training._scoring import SCORING_ROWS, in_batches

# In geometric means, relative losses below this value count as equal to it. Otherwise a target
# whose loss tends to zero would count as progress forever, whatever the others do.
_LEARNT = 1e-3


class ValidationLosses:
    """Losses of held-out rows, and the objective for early stopping.

    Parameters
    ----------
    samples : Samples
        Held-out rows on the network's device.
    objective : Objective
    balance : Balancer
        The objective is the geometric mean of the losses for balancers that minimise their
        product, and the arithmetic mean for all others.
    processes : Processes
    equation_rows : Batch or None
        Rows to evaluate equations of the outputs on, if there are any.

    Attributes
    ----------
    seen : bool tensor of shape (n_targets,)
        Which targets have a label here; the others are ignored by early stopping.
    """

    def __init__(
        self,
        samples: Samples,
        objective: Objective,
        balance: Balancer,
        processes: Processes,
        equation_rows: Batch | None,
    ) -> None:
        self._samples = samples
        self._objective = objective
        self._of_product = isinstance(balance, LossBalancer) and balance.lowers_product
        self._processes = processes
        self._equation_rows = equation_rows
        self._weight = samples.weight.sum(dim=0)
        self.seen = self._weight > 0
        # Losses of the best constant prediction, which make targets comparable.
        constant = trainable_network(objective.network).base_scores.expand(len(samples), 1, -1)
        means = self._sums(constant, samples) / self._weight
        self._constant = means.clamp_min(1e-6)
        share = objective.share
        if not self._of_product:  # rare classes count as much as in the steps
            share = share * self._constant / (self._constant + objective.unsure)
        self._share = share[self.seen]

    def losses(self, network: nn.Module) -> Tensor:
        """Return the losses of the targets, (n_targets,); NaN for those without a label."""

        def scores(batch: Batch) -> Tensor:
            with autocast(batch.device, self._objective.precision):
                by_member = scores_of(network(batch))
            return by_member.float().mean(dim=1, keepdim=True)

        part = self._processes.part(self._samples)
        total = self._sums(in_batches(scores, part.inputs, SCORING_ROWS), part)
        return self._processes.total(total) / self._weight

    def _sums(self, scores: Tensor, samples: Samples) -> Tensor:
        """Return weighted sums of the losses of the targets, (n_targets,)."""
        return self._objective.losses.weighted(scores, samples).sum(
            dim=0, dtype=summing_dtype(scores.device)
        )

    def objective(self, losses: Tensor, network: nn.Module) -> float:
        """Return the mean of the targets' losses relative to the best constant prediction.

        Targets count by their weights, and less if their classes are rare; see `unsure_loss`. The
        losses of equations are added, in units of the loss of a residual of one unit.
        """
        relative = (losses / self._constant)[self.seen]
        of_labels = float(_mean(relative, self._share, self._of_product))
        return of_labels + relative_equation_loss(network, self._equation_rows)


def _mean(relative: Tensor, share: Tensor, of_product: bool) -> Tensor:
    """Return the geometric or arithmetic mean, weighted by target."""
    if of_product:
        relative = relative.clamp_min(_LEARNT).log()
    mean = (share * relative).sum() / share.sum()
    return torch.exp(mean) if of_product else mean
