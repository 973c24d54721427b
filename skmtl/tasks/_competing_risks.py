"""The time to the first of several causes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.special import logsumexp, softmax

from skmtl._storable import storable
from skmtl.tasks._clock import LEAST, cumulated_by_bin
from skmtl.tasks._curves import Curves
from skmtl.tasks._event_times import EventTimes
from skmtl.tasks._hazard import HazardKind

if TYPE_CHECKING:
    from torch import Tensor


@storable
class CompetingRisks(HazardKind):
    r"""The time to an event with one of several competing causes.

    Time is cut into bins. In bin b there is one raw score :math:`s_{bk}` per cause; the
    probabilities of the causes and of survival are a softmax in which survival has the score 0:

    .. math:: h_{bk} = \frac{e^{s_{bk}}}{1 + \sum_j e^{s_{bj}}}.

    So the incidences of all causes and survival sum to one exactly, at every time. The loss is
    that of `Survival` for the hazard of all causes together, minus the logarithm of the share of
    the observed cause.

    Parameters
    ----------
    cuts : int, sequence of float or "auto", default="auto"
        Number of bins, with edges at quantiles of the event times; or the right edges of the bins.
        "auto" is the square root of the number of events, between 5 and 20.
    event, time : label, default=None
        Columns of y: the event (0 if the row was censored, 1..K for the cause; or "censored" and
        the names of the causes) and the time. By default ``<task>_event`` and ``<task>_time``.
    entry : label, default=None
        Column of y with the time from which the row was observed (left truncation).
    interpolation : {"hazard", "density"}, default="hazard"
        As in `Survival`.
    censoring_weights : bool, default=False
        As in `Survival`.
    smooth : bool, default=True
        As in `Survival`, for each cause.

    Notes
    -----
    As in `Survival`, time within a bin is measured by the Kaplan-Meier estimate; the cause of an
    event is weighted by the Aalen-Johansen weight of its time relative to the mean of its bin. In
    the curves each cause has its own clock, that of its incidence in the bin. So the best constant
    model is the Aalen-Johansen estimate at every time. As in `Survival`, all tasks of long data
    have the same cuts.

    References
    ----------
    M. Schmid, M. Berger, "Competing Risks Analysis for Discrete Time-to-Event Data", WIREs
    Computational Statistics 13 (2021), e1529.

    C. Lee, W. R. Zame, J. Yoon, M. van der Schaar, "DeepHit: A Deep Learning Approach to
    Survival Analysis with Competing Risks", AAAI 2018.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skmtl.tasks import CompetingRisks, EventTimes
    >>> labels = pd.Series(EventTimes([1, 2, 1, 0], [1.0, 1.0, 2.0, 3.0]))
    >>> head = CompetingRisks(cuts=[1, 2]).fit(labels, task="exit")
    >>> constant = head.initial_scores(head.encode(labels), np.ones(4))
    >>> head.curves(constant[None]).incidence([2.0]).round(6).tolist()
    [[[0.5, 0.25]]]
    """

    name: ClassVar[str] = "competing_risks"
    has_causes: ClassVar[bool] = True

    def _count_causes(self, labels: EventTimes) -> int:
        names = labels.dtype.causes
        n_causes = labels.n_causes
        absent = sorted(set(range(1, n_causes + 1)) - set(np.unique(labels.event).tolist()))
        if absent and names:
            raise ValueError(
                f"Task {self.task!r} has no event {names[absent[0] - 1]!r}. Remove it from the "
                "categories: column.cat.remove_unused_categories()."
            )
        if absent:
            raise ValueError(
                f"Task {self.task!r} has events up to {n_causes}, but cause {absent[0]} is never "
                "seen. Number the causes from 1 without gaps."
            )
        if n_causes == 1:
            raise ValueError(
                f"Task {self.task!r} has one cause only. Use kind 'survival' for one event."
            )
        return n_causes

    def _cause_weight(self, time: np.ndarray) -> np.ndarray:
        """Return the Aalen-Johansen weight of each time over the mean weight in its bin."""
        table, bins = self.grid_.table, self.grid_.step_bins
        weight = self._step_weights()
        place = np.minimum(np.searchsorted(table.time, time), len(table.time) - 1)
        # Times in a bin without an event have the weight 1.
        is_there = bins[place] == np.minimum(self.grid_.bin(time), self.grid_.n_bins)
        return np.where(is_there, weight[place], 1.0)

    def _step_weights(self) -> np.ndarray:
        """Return these weights for the event times of `fit`, of shape (n_times,)."""
        table, grid, bins = self.grid_.table, self.grid_, self.grid_.step_bins
        danger = grid.danger(-np.log(LEAST))
        weight = np.exp(danger - cumulated_by_bin(danger, bins)) / table.at_risk
        total = np.bincount(bins, weight * table.failed, grid.n_bins + 1)
        seen = np.bincount(bins, table.failed, grid.n_bins + 1)
        mean = np.divide(total, seen, out=np.ones(len(total)), where=total > 0)
        return weight / mean[bins]

    def _usual_share(self) -> np.ndarray:
        """Return the share of each cause in each bin over all rows of `fit`.

        The shape is (n_bins, n_causes).
        """
        bins, n_bins = self.grid_.step_bins, self.grid_.n_bins
        events = self._step_weights()[:, None] * self.grid_.table.events
        counts = np.column_stack([np.bincount(bins, of, n_bins + 1)[:n_bins] for of in events.T])
        total = counts.sum(axis=1, keepdims=True)
        return np.divide(
            counts, total, out=np.full_like(counts, 1 / self.n_causes), where=total > 0
        )

    def _by_bin(self, scores: np.ndarray) -> np.ndarray:
        shape = len(scores), self.grid_.n_bins, self.n_causes
        return np.asarray(scores, dtype=np.float64).reshape(shape)

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        import torch

        by_bin = scores.unflatten(-1, (-1, self.n_causes))
        together = by_bin.logsumexp(dim=-1)
        loss = self._neg_log_likelihood(torch.nn.functional.softplus(together), target)
        bins, cause = target[..., 2].long(), target[..., 4].long()
        place = bins * self.n_causes + (cause - 1).clamp_min(0)
        chosen = scores.gather(-1, place[..., None])[..., 0]
        rest = together.gather(-1, bins[..., None])[..., 0]
        return loss + self._weigh(target[..., 5] * (rest - chosen), bins)

    def _at_events(
        self, event: np.ndarray, hazard: np.ndarray, share: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        loss, gradient, hessian = super()._at_events(event, hazard, share)
        # The log loss of the cause, given an event.
        seen = np.arange(len(event)), event[:, 4].astype(int) - 1
        weight = event[:, 5]
        chance = share / share.sum(axis=1, keepdims=True)
        loss -= weight * np.log(np.maximum(chance[seen], 1e-30))
        gradient += weight[:, None] * chance
        gradient[seen] -= weight
        hessian += weight[:, None] * chance * (1 - chance)
        return loss, gradient, hessian

    def initial_scores(self, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        together = np.log(np.expm1(self._constant_hazard(target, weight)))
        happened = target[:, 4] > 0
        cell = target[happened, 2] * self.n_causes + target[happened, 4] - 1
        size = self.grid_.n_bins * self.n_causes
        counts = np.bincount(cell.astype(int), weight[happened] * target[happened, 5], size)
        by_bin = counts.reshape(-1, self.n_causes)
        # If none of these rows has the cause in a bin, it counts as its share of one event.
        by_bin = np.where(by_bin > 0, by_bin, weight.mean() * self._usual_share())
        share = by_bin / by_bin.sum(axis=1, keepdims=True)
        share = np.maximum(share, LEAST)
        return (together[:, None] + np.log(share / share.sum(axis=1, keepdims=True))).ravel()

    def curves(self, scores: np.ndarray) -> Curves:
        by_bin = self._by_bin(scores)
        return Curves(
            self.grid_.edges,
            np.logaddexp(0, logsumexp(by_bin, axis=2)) * self.stretch_,
            softmax(by_bin, axis=2),
            self.grid_.horizon,
            self.interpolation,
            self.clock_,
            self.cause_names,
        )
