"""The base class of kinds that model hazards in time bins."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from skmtl.tasks._clock import CALENDAR, LEAST, Calendar, Clock, step_clock
from skmtl.tasks._curves import Interpolation
from skmtl.tasks._event_time_kind import Column, Cuts, EventTimeKind
from skmtl.tasks._event_times import EventTimes
from skmtl.tasks._hazard_steps import solve_hazards
from skmtl.tasks._risk_table import censoring_table
from skmtl.tasks._time_grid import TimeGrid

if TYPE_CHECKING:
    from torch import Tensor

# Minimum and maximum of the default number of bins, which is the square root of the number of
# events. With a few hundred events 20 bins overfit (integrated Brier score .087 against .073 with
# 10, within the training rows of a table of 400), and 5 are too coarse for short times.
_AUTO_CUTS = 5, 20
# Curvature of bins in which a row was not at risk, because boosting divides by it.
_LEAST_CURVATURE = 1e-7
# Lower limit of the share of uncensored rows in censoring weights.
_LEAST_UNCENSORED = 0.05
# Rows per block, so that intermediate results stay in the cache and need little memory.
_BLOCK = 4096
# Limit of raw scores. Survival or the hazard of a bin is practically 0 there, and exponentials do
# not overflow float32.
_LARGEST_SCORE = 80.0


class Followed(NamedTuple):
    """Labels prepared for the loss, independently of the scores.

    Attributes
    ----------
    exposure : ndarray of shape (n_bins, n_samples)
        Share of each bin during which each row was observed, times the bin's weight.
    rows : int ndarray of shape (n_events,)
        Rows with an observed event.
    event : ndarray of shape (n_events, target_width)
        Their encoded labels.
    weight : ndarray of shape (n_events,)
        Weights of the bins of the events.
    place : int ndarray of shape (n_events,)
        Positions of the events in a flattened array of shape (n_bins, n_samples).
    places : int ndarray of shape (n_events, n_causes)
        Their positions in a flattened array of shape (n_bins, n_causes, n_samples).
    """

    exposure: np.ndarray
    rows: np.ndarray
    event: np.ndarray
    weight: np.ndarray
    place: np.ndarray
    places: np.ndarray


class HazardKind(EventTimeKind):
    """A kind with hazards: the encoding, the loss of all causes together and its best constant.

    A label is encoded in `target_width` numbers: the positions at which the row enters and
    leaves, in bins of the grid's clock; the bin of the event, the share of the bin that its step
    takes, and its cause (0 if censored); and the weight of the cause.
    """

    target_width: ClassVar[int] = 6
    # Defaults for old files.
    stretch_: np.ndarray | float = 1.0
    clock_: Clock | Calendar = CALENDAR

    def __init__(
        self,
        cuts: Cuts = "auto",
        *,
        event: Column = None,
        time: Column = None,
        entry: Column = None,
        interpolation: Interpolation = "hazard",
        censoring_weights: bool = False,
        smooth: bool = True,
    ) -> None:
        super().__init__(cuts, event, time, entry, interpolation)
        self.censoring_weights = censoring_weights
        self.smooth = smooth

    def parameters(self) -> dict[str, object]:
        weights = {"censoring_weights": self.censoring_weights, "smooth": self.smooth}
        return super().parameters() | weights

    @property
    def stack_key(self) -> tuple[Hashable, ...]:
        return (*super().stack_key, self.bin_weight_.tobytes())

    def _auto_cuts(self, labels: EventTimes) -> int:
        return int(np.clip(np.sqrt((labels.event > 0).sum()), *_AUTO_CUTS))

    def _learn_times(self, labels: EventTimes, weight: np.ndarray) -> None:
        self.n_scores = self.grid_.n_bins * self.n_causes
        self.n_series = self.n_causes if self.smooth else 0
        self.stretch_, self.clock_ = self._learn_clock()
        self.bin_weight_ = np.ones(self.grid_.n_bins)
        if self.censoring_weights:
            self.bin_weight_ = _inverse_censoring(labels, weight, self.grid_)

    def _learn_clock(self) -> tuple[np.ndarray, Clock]:
        """Return the clock of the curves, and the ratio of their hazards to those of the loss.

        The ratio comes first. It differs from 1 in bins in which survival falls to 0.
        """
        grid, table = self.grid_, self.grid_.table
        inside = (grid.step_bins < grid.n_bins) & (table.failed > 0)
        bins, danger = grid.step_bins[inside], grid.danger(-np.log(LEAST))[inside]
        learnt = self._usual_hazard()
        whole = np.bincount(bins, danger, grid.n_bins)
        stretch = np.divide(whole, learnt, out=np.ones(grid.n_bins), where=learnt > 0)
        share = (table.events / table.failed[:, None])[inside]
        clock = step_clock(grid.edges, table.time[inside], danger, share, self.interpolation)
        return stretch, clock

    def _encode_observed(self, labels: EventTimes) -> np.ndarray:
        grid = self.grid_
        entry = np.where(labels.entry > 0, grid.position(labels.entry), 0.0)
        leaves = grid.position(labels.time)
        steps = grid.steps(labels.time)
        happened = (labels.event > 0) & (steps.bin < grid.n_bins)
        # The exposure of a row with an event ends before the step, unless all rows fail in it.
        leaves = np.where(happened, steps.bin + steps.before + steps.watched, leaves)
        return np.column_stack(
            [
                np.minimum(entry, leaves),
                leaves,
                np.where(happened, steps.bin, 0),
                np.where(happened, steps.width, 1.0),
                np.where(happened, labels.event, 0),
                np.where(happened, self._cause_weight(labels.time), 0.0),
            ]
        )

    def _cause_weight(self, time: np.ndarray) -> np.ndarray:
        return np.ones(len(time))

    def _neg_log_likelihood(self, hazard: Tensor, target: Tensor) -> Tensor:
        """Return the loss (...) of cumulative hazards (..., n_bins) of all causes together."""
        import torch

        entry, leaves, bin_of_event, width, cause, _ = target.unbind(-1)
        edges = torch.arange(hazard.shape[-1], device=hazard.device)
        exposure = (leaves[..., None] - edges).clamp(0, 1) - (entry[..., None] - edges).clamp(0, 1)
        bins = bin_of_event.long()[..., None]
        step = (hazard.gather(-1, bins)[..., 0] * width).clamp_min(1e-30)
        mass = torch.log(-torch.expm1(-step)) - torch.log(width.clamp_min(1e-30))
        gain = self._weigh(torch.where(cause > 0, mass, 0.0), bins[..., 0])
        return self._weigh(exposure * hazard, edges).sum(dim=-1) - gain

    def _weigh(self, values: Tensor, bins: Tensor) -> Tensor:
        """Return the values times the weights of their bins."""
        if not self.censoring_weights:  # avoids a copy to the device at each step
            return values
        import torch

        weight = torch.as_tensor(self.bin_weight_, dtype=values.dtype, device=values.device)
        return values * weight[bins]

    def losses(self, scores: np.ndarray, target: np.ndarray | Followed) -> np.ndarray:
        labels = self._followed(scores, target)
        odds = self._odds(scores)
        together = odds.sum(axis=1)
        hazard = np.log1p(together)
        share = odds.take(labels.places) / (together.take(labels.place) + 1)[:, None]
        losses = np.einsum("bn,bn->n", labels.exposure, hazard)
        added = self._at_events(labels.event, hazard.take(labels.place), share)
        losses[labels.rows] += labels.weight * added[0]
        return losses

    def gradient_hessian(
        self, scores: np.ndarray, target: np.ndarray | Followed
    ) -> tuple[np.ndarray, np.ndarray]:
        return self.losses_and_derivatives(scores, target)[1:]

    def _followed(self, scores: np.ndarray, target: np.ndarray | Followed) -> Followed:
        """Return prepared labels, which may have been prepared before."""
        if isinstance(target, Followed):
            return target
        return self.prepared(target, scores.dtype.type)

    def _odds(self, scores: np.ndarray) -> np.ndarray:
        """Return exponentials of raw scores, of shape (n_bins, n_causes, n_samples).

        Rows are the last axis, because numpy is fastest along the longest axis.
        """
        odds = np.clip(scores.T, -_LARGEST_SCORE, _LARGEST_SCORE, order="C")
        return np.exp(odds, out=odds).reshape(self.grid_.n_bins, self.n_causes, -1)

    def prepared(self, target: np.ndarray, dtype: type[np.floating]) -> Followed:
        exposure = _exposure(target.astype(dtype), self.grid_.n_bins)
        if self.censoring_weights:
            exposure *= self.bin_weight_[:, None]
        rows = np.flatnonzero(target[:, 4] > 0)
        event = target[rows]
        bins = event[:, 2].astype(int)
        causes = bins[:, None] * self.n_causes + np.arange(self.n_causes)
        return Followed(
            exposure,
            rows,
            event.astype(dtype),
            self.bin_weight_[bins].astype(dtype),
            bins * len(target) + rows,
            causes * len(target) + rows[:, None],
        )

    def losses_and_derivatives(
        self, scores: np.ndarray, target: np.ndarray | Followed
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        exposure, rows, event, weight, place, places = self._followed(scores, target)
        odds = self._odds(scores)
        together = odds.sum(axis=1)
        hazard = np.log1p(together)
        together += 1
        share = np.divide(odds, together[:, None], out=odds)
        losses = np.einsum("bn,bn->n", exposure, hazard)
        gradient = exposure[:, None] * share
        hessian = 1 - share
        hessian *= gradient

        added = self._at_events(event, hazard.take(place), share.take(places))
        losses[rows] += weight * added[0]
        gradient.reshape(-1)[places] += weight[:, None] * added[1]
        hessian.reshape(-1)[places] += weight[:, None] * added[2]
        np.maximum(hessian, _LEAST_CURVATURE, out=hessian)
        shape = scores.T.shape
        return losses, gradient.reshape(shape).T, hessian.reshape(shape).T

    def _at_events(
        self, event: np.ndarray, hazard: np.ndarray, share: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the loss of events besides exposure, and its derivatives by their bins' scores.

        In the bins of the events, `hazard` (n_events,) is the cumulative hazard of all causes
        together, and `share` (n_events, n_causes) the hazard of each cause.
        """
        width = event[:, 3]
        happens = -np.expm1(-np.maximum(hazard * width, 1e-30))
        ratio = (width / happens)[:, None]
        slope = ratio * (1 - happens[:, None]) * share
        loss = -np.log(happens / np.maximum(width, 1e-30))
        return loss, -slope, slope * (ratio * share - (1 - share))

    def _constant_hazard(self, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Return cumulative hazards of shape (n_bins,) of the best constant model.

        These rows, such as the training rows of a bag, may have no event in a bin in which other
        rows of `fit` do. The hazard of the bin, and also that of all bags together, would be close
        to zero. Such a bin therefore gets one more event, and the exposure of as many rows as have
        one event according to the estimate of all rows.
        """
        n_bins = self.grid_.n_bins
        happened = target[:, 4] > 0
        bins, usual = target[happened, 2].astype(int), self._usual_hazard()
        lacking = np.setdiff1d(np.flatnonzero(usual), bins)
        exposure, added = np.zeros(n_bins), np.full(len(lacking), weight.mean())
        exposure[lacking] = added / usual[lacking]
        for start in range(0, len(target), _BLOCK):
            rows = slice(start, start + _BLOCK)
            exposure += _exposure(target[rows], n_bins) @ weight[rows]
        return solve_hazards(
            exposure,
            np.concatenate([bins, lacking]),
            np.concatenate([target[happened, 3], np.zeros(len(lacking))]),
            np.concatenate([weight[happened], added]),
        )

    def _usual_hazard(self) -> np.ndarray:
        """Return cumulative hazards (n_bins,) of all rows of `fit`, as defined by the loss."""
        grid = self.grid_
        inside = grid.step_bins < grid.n_bins
        return np.bincount(grid.step_bins[inside], grid.danger()[inside], grid.n_bins)


def _exposure(target: np.ndarray, n_bins: int) -> np.ndarray:
    """Return the share of each bin during which each row was observed, (n_bins, n_samples)."""
    edges = np.arange(n_bins, dtype=target.dtype)[:, None]
    exposure = target[:, 1].copy() - edges  # a contiguous copy, which is read once per bin
    np.clip(exposure, 0, 1, out=exposure)
    late = np.flatnonzero(target[:, 0] > 0)
    exposure[:, late] -= np.clip(target[late, 0] - edges, 0, 1)
    return exposure


def _inverse_censoring(labels: EventTimes, weight: np.ndarray, grid: TimeGrid) -> np.ndarray:
    """Return the inverse probability that a row is uncensored at the start of each bin."""
    censoring = censoring_table(labels, weight)
    last = np.searchsorted(censoring.time, grid.edges[:-1], side="right")
    uncensored = np.cumprod([1.0, *censoring.conditional_survival])
    return 1 / np.maximum(uncensored[last], _LEAST_UNCENSORED)
