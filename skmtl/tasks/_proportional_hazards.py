"""The time to one event, by Cox's partial likelihood."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from skmtl._storable import storable
from skmtl.tasks._clock import CALENDAR, LEAST, Calendar, Clock, step_clock
from skmtl.tasks._curves import Curves, Interpolation
from skmtl.tasks._event_time_kind import Column, Cuts, EventTimeKind
from skmtl.tasks._event_times import EventTimes
from skmtl.tasks._hazard_steps import solve_hazards
from skmtl.tasks._partial_likelihood import at_risk, derivatives, losses
from skmtl.tasks._risk_table import weight_from

if TYPE_CHECKING:
    from torch import Tensor

# Default number of cuts. It can be large, because the baseline is estimated from all rows.
_AUTO_CUTS = 100
_LEAST_CURVATURE = 1e-7


@storable
class ProportionalHazards(EventTimeKind):
    r"""The time to an event, with proportional hazards.

    Features multiply the hazard by the same factor at all times, and the raw score is the
    logarithm of this factor. The loss is Cox's partial likelihood: at each event, the score of the
    row that failed is compared with those of all rows at risk,

    .. math:: 1 - s_i + \log \frac{1}{n_i} \sum_{j \text{ at risk}} e^{s_j},

    with the number :math:`n_i` of rows at risk, so that the loss of an event is about 1 for any
    number of rows. Tied events are put in a random order, and for the later ones a share of the
    tied events is left out of the sum (Efron). The rows at risk are those of the mini-batch in a
    network, and all rows in linear models.

    The baseline hazard is estimated from the scores of the training rows after training. It is the
    discrete estimate of Kalbfleisch and Prentice, so that identical rows have exactly the
    Kaplan-Meier curve, even with many ties; or Breslow's with ``ties="breslow"``, so that they
    have the Nelson-Aalen curve.

    Parameters
    ----------
    cuts : int, sequence of float or "auto", default="auto"
        Times over which the predicted risk is averaged: a number of quantiles of the event times,
        or the times themselves. They do not affect the loss, nor the curves up to the last of
        them. "auto" is 100.
    event, time : label, default=None
        Columns of y, as in `Survival`.
    entry : label, default=None
        Column of y with the time from which the row was observed (left truncation).
    ties : {"efron", "breslow"}, default="efron"
        How ties are treated. "breslow" compares each event with all tied events, and estimates the
        baseline like scikit-survival.
    interpolation : {"hazard", "density"}, default="hazard"
        As in `Survival`.

    Attributes
    ----------
    largest_score : float
        Raw scores are clipped to this size.

    Notes
    -----
    `gradient_hessian` returns the exact diagonal of the Hessian, at least 1e-7. Unlike those of
    other kinds, the losses of rows depend on each other: rows lie along the first axis.

    References
    ----------
    D. R. Cox, "Regression Models and Life-Tables", Journal of the Royal Statistical Society B 34
    (1972), 187-220.

    J. D. Kalbfleisch, R. L. Prentice, "Marginal Likelihoods Based on Cox's Regression and Life
    Model", Biometrika 60 (1973), 267-278.

    B. Efron, "The Efficiency of Cox's Likelihood Function for Censored Data", Journal of the
    American Statistical Association 72 (1977), 557-565.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skmtl.tasks import EventTimes, ProportionalHazards
    >>> labels = pd.Series(EventTimes([1, 1, 0], [1.0, 2.0, 3.0]))
    >>> head = ProportionalHazards().fit(labels, task="death")
    >>> gradient, _ = head.gradient_hessian(np.zeros((3, 1)), head.encode(labels))
    >>> gradient.ravel().round(3).tolist()
    [-0.667, -0.167, 0.833]
    """

    name: ClassVar[str] = "proportional_hazards"
    target_width: ClassVar[int] = 4
    learns_from_scores: ClassVar[bool] = True
    # exp of larger raw scores overflows float32.
    largest_score: ClassVar[float] = 80.0
    clock_: Clock | Calendar = CALENDAR  # default for old files

    def __init__(
        self,
        cuts: Cuts = "auto",
        *,
        event: Column = None,
        time: Column = None,
        entry: Column = None,
        ties: Literal["efron", "breslow"] = "efron",
        interpolation: Interpolation = "hazard",
    ) -> None:
        super().__init__(cuts, event, time, entry, interpolation)
        if ties not in ("efron", "breslow"):
            raise ValueError(f"ties must be 'efron' or 'breslow', got {ties!r}.")
        self.ties = ties

    def parameters(self) -> dict[str, object]:
        return super().parameters() | {"ties": self.ties}

    @property
    def stack_key(self) -> tuple[Hashable, ...]:
        return (type(self), self.ties)

    def _auto_cuts(self, labels: EventTimes) -> int:
        return _AUTO_CUTS

    def _learn_times(self, labels: EventTimes, weight: np.ndarray) -> None:
        # Ranks of times are exact in float32, but times are not.
        self.times_ = np.unique(np.concatenate([labels.time, labels.entry]))
        table = self.grid_.table
        if self.ties == "breslow":
            self._set_baseline(table.time, table.failed / table.at_risk, 1.0)
        else:
            self._set_baseline(table.time, self.grid_.danger(-np.log(LEAST)), 1.0)

    def _encode_observed(self, labels: EventTimes) -> np.ndarray:
        """Return ranks of entry and time, whether the event happened, and 1 for a known label."""
        happened = (labels.event > 0) & (labels.time <= self.grid_.horizon)
        entry = np.where(labels.entry > 0, self._rank(labels.entry), -1.0)
        return np.column_stack([entry, self._rank(labels.time), happened, np.ones(len(labels))])

    @staticmethod
    def weighted(target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Return labels with weights (n_samples,) for the rows at risk and the derivatives.

        `losses` returns unweighted losses of events; `gradient_hessian` returns the derivatives of
        their weighted sum.
        """
        return np.column_stack([target[:, :3], target[:, 3] * weight])

    def _rank(self, time: np.ndarray) -> np.ndarray:
        """Return the rank of each time, plus a half for times between two known ones."""
        rank = np.searchsorted(self.times_, time, side="right") - 1
        is_known = (rank >= 0) & (self.times_[np.maximum(rank, 0)] == time)
        return rank + np.where(is_known, 0.0, 0.5)

    def loss(self, scores: Tensor, target: Tensor) -> Tensor:
        import torch

        shape = scores.shape[:-1]
        score = (
            scores[..., 0].reshape(len(scores), -1).clamp(-self.largest_score, self.largest_score)
        )
        entry, time, event, seen = (
            part.reshape(len(scores), -1) for part in target.unbind(dim=-1)
        )
        top = score.detach().amax(dim=0)
        efron = self.ties == "efron"
        danger = at_risk(entry, time, event, (score - top).exp() * seen, efron)
        rows = at_risk(entry, time, event, seen, efron)
        happened = event * seen > 0
        # Without an event both may be 0, and the gradient of their ratio would be NaN.
        ratio = torch.where(happened, danger, 1.0) / torch.where(happened, rows, 1.0)
        losses = torch.where(happened, 1 + ratio.clamp_min(1e-30).log() + top - score, 0.0)
        return losses.reshape(shape)

    def losses(self, scores: np.ndarray, target: np.ndarray) -> np.ndarray:
        score = np.clip(scores[:, 0], -self.largest_score, self.largest_score)
        return losses(score, target, self.ties == "efron")

    def gradient_hessian(
        self, scores: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        gradient, hessian = derivatives(scores[:, 0], target, self.ties == "efron")
        return gradient[:, None], np.maximum(hessian, _LEAST_CURVATURE)[:, None]

    def initial_scores(self, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return np.zeros(1)

    def finish(self, scores: np.ndarray, target: np.ndarray, weight: np.ndarray) -> None:
        """Estimate the baseline from the scores of the training rows."""
        entry, time, event, _ = target.T
        danger = np.exp(np.clip(scores[:, 0], -self.largest_score, self.largest_score))
        happened, late = event > 0, entry >= 0
        at, place = np.unique(time[happened], return_inverse=True)
        exposed = weight_from(time, weight * danger, at)
        exposed -= weight_from(entry[late], (weight * danger)[late], at)
        steps = self._baseline_steps(exposed, place, danger[happened], weight[happened])
        usual = np.exp(np.average(np.log(danger), weights=weight))
        self._set_baseline(self.times_[at.astype(int)], steps, usual)

    def _baseline_steps(
        self, exposed: np.ndarray, place: np.ndarray, danger: np.ndarray, weight: np.ndarray
    ) -> np.ndarray:
        """Return the baseline hazards at the times of events.

        Parameters
        ----------
        exposed : ndarray of shape (n_times,)
            Sum of weight times danger over the rows at risk.
        place : int ndarray of shape (n_events,)
            Time of each event.
        danger, weight : ndarray of shape (n_events,)
        """
        failed, failing = (
            np.bincount(place, values, len(exposed)) for values in (weight, weight * danger)
        )
        if self.ties == "breslow":
            return failed / np.maximum(exposed, 1e-300)
        mean = failing / failed
        beside = np.maximum(exposed - failing, 0.0) / mean
        return solve_hazards(beside, place, danger / mean[place], weight) / mean

    def _set_baseline(self, time: np.ndarray, steps: np.ndarray, usual: float) -> None:
        """Set the cumulative baseline hazard of each bin, and the clock for the usual danger."""
        grid = self.grid_
        bins = grid.bin(time)
        inside = bins < grid.n_bins
        time, steps = time[inside], steps[inside]
        self.baseline_ = np.bincount(bins[inside], steps, grid.n_bins)
        share = np.ones((len(time), 1))
        self.clock_ = step_clock(grid.edges, time, steps * usual, share, self.interpolation)

    def curves(self, scores: np.ndarray) -> Curves:
        kept = np.asarray(scores, dtype=np.float64).clip(-self.largest_score, self.largest_score)
        hazard = np.exp(kept) * self.baseline_.astype(np.float64)
        return Curves(
            self.grid_.edges,
            hazard,
            np.ones((*hazard.shape, 1)),
            self.grid_.horizon,
            self.interpolation,
            self.clock_,
        )
