"""What the kinds share that model hazards in bins of time."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import pairwise
from numbers import Integral
from typing import TYPE_CHECKING, ClassVar, get_args

import numpy as np
import pandas as pd

from skmtl.tasks._curves import Curves, Interpolation
from skmtl.tasks._event_times import EventTimes, EventTimesDtype
from skmtl.tasks._kind import Kind
from skmtl.tasks._survival_labels import paired_columns
from skmtl.tasks._time_grid import TimeGrid

if TYPE_CHECKING:
    from torch import Tensor

# A bin without an event keeps this hazard, and one that nobody survived this much survival:
# raw scores must be finite.
_LEAST = 1e-6
# Curvature of bins in which a row was not at risk: boosting divides by it.
_LEAST_CURVATURE = 1e-7
# Censoring weights stop where fewer than this share is still uncensored.
_LEAST_UNCENSORED = 0.05
# exp(700) is about the largest float64.
_LARGEST_EXPONENT = 700.0

Column = Hashable | None


class HazardKind(Kind):
    """Settings, label columns, the time grid and the encoding of hazard kinds.

    A label is encoded in `target_width` numbers: the positions at which the row enters and
    leaves, in bins of the grid's clock; of an event its bin, the share of the bin that its step
    takes, and its cause (0 where censored); and the weight of the cause.
    """

    target_width: ClassVar[int] = 6
    default_metric: ClassVar[str] = "concordance"

    def __init__(
        self,
        cuts: int | Sequence[float] = 20,
        *,
        event: Column = None,
        time: Column = None,
        entry: Column = None,
        interpolation: Interpolation = "hazard",
        censoring_weights: bool = False,
    ) -> None:
        self.cuts = _checked_cuts(cuts)
        if (event is None) != (time is None):
            raise ValueError(f"Give both event and time, got event={event!r} and time={time!r}.")
        if interpolation not in get_args(Interpolation):
            raise ValueError(
                f"interpolation must be one of {get_args(Interpolation)}, got {interpolation!r}."
            )
        self.event = event
        self.time = time
        self.entry = entry
        self.interpolation: Interpolation = interpolation
        self.censoring_weights = censoring_weights

    def parameters(self) -> dict[str, object]:
        return {
            "cuts": self.cuts,
            "event": self.event,
            "time": self.time,
            "entry": self.entry,
            "interpolation": self.interpolation,
            "censoring_weights": self.censoring_weights,
        }

    @property
    def stack_key(self) -> tuple[Hashable, ...]:
        return (*super().stack_key, self.bin_weight_.tobytes())

    def reads(self, task: Hashable) -> list[Hashable]:
        if self.event is None:
            columns: list[Hashable] = [f"{task}_event", f"{task}_time"]
        else:
            columns = [self.event, self.time]
        return columns if self.entry is None else [*columns, self.entry]

    def fold(self, labels: pd.DataFrame, task: Hashable) -> pd.Series:
        return pd.Series(paired_columns(labels, task, *self.reads(task)), index=labels.index)

    def strata(self, labels: pd.Series) -> pd.Series:
        events = pd.Series(self._event_times(labels).event, index=labels.index)
        return events.astype("Int64").mask(labels.isna())

    def _learn(
        self,
        labels: pd.Series,
        *,
        weight: np.ndarray,
        group: np.ndarray | None,
        n_groups: int,
    ) -> None:
        observed = self._event_times(labels)
        if not (observed.event > 0).any():
            raise ValueError(
                f"Task {self.task!r} has no event: all {len(observed)} rows are censored, so "
                "there is nothing to learn. Drop the task."
            )
        self.n_causes = self._count_causes(observed)
        self.grid_ = TimeGrid(observed, weight, self.cuts, self.task)
        self.n_scores = self.grid_.n_bins * self.n_causes
        self.bin_weight_ = np.ones(self.grid_.n_bins)
        if self.censoring_weights:
            self.bin_weight_ = _inverse_censoring(observed, weight, self.grid_)

    def _count_causes(self, labels: EventTimes) -> int:
        raise NotImplementedError

    def _event_times(self, labels: pd.Series) -> EventTimes:
        if not isinstance(labels.dtype, EventTimesDtype):
            raise ValueError(
                f"Task {self.task!r} has kind {self.name!r}, whose labels are pairs of an event "
                f"and a time, but its column has dtype {labels.dtype}. Name the two columns of y: "
                f"tasks={{'death': {type(self).__name__}(event='died', time='days')}}; columns "
                "'death_event' and 'death_time' are found without."
            )
        return labels.array

    def encode(self, labels: pd.Series, *, group: np.ndarray | None = None) -> np.ndarray:
        values = self._event_times(labels)
        if values.event.max(initial=0) > self.n_causes:
            raise ValueError(
                f"Task {self.task!r} has the event {values.event.max()}, which was not seen in "
                f"fit; known are 0 (censored) to {self.n_causes}."
            )
        seen = ~values.isna()
        target = np.zeros((len(values), self.target_width))
        target[seen] = self._encode_observed(values[seen])
        return target

    def _encode_observed(self, labels: EventTimes) -> np.ndarray:
        grid = self.grid_
        entry = np.where(labels.entry > 0, grid.position(labels.entry), 0.0)
        leaves = grid.position(labels.time)
        steps = grid.steps(labels.time)
        happened = (labels.event > 0) & (steps.bin < grid.n_bins)
        # An event ends the row before its own step.
        leaves = np.where(happened, steps.bin + steps.before, leaves)
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
        """Loss (...) of the cumulative hazards (..., n_bins) of all causes together."""
        import torch

        entry, leaves, own, width, cause, _ = target.unbind(-1)
        edges = torch.arange(hazard.shape[-1], dtype=hazard.dtype, device=hazard.device)
        exposure = (leaves[..., None] - edges).clamp(0, 1) - (entry[..., None] - edges).clamp(0, 1)
        weight = torch.as_tensor(self.bin_weight_, dtype=hazard.dtype, device=hazard.device)
        bins = own.long()[..., None]
        step = (hazard.gather(-1, bins)[..., 0] * width).clamp_min(1e-30)
        mass = torch.log(-torch.expm1(-step)) - torch.log(width.clamp_min(1e-30))
        gain = torch.where(cause > 0, mass, 0.0) * weight[bins[..., 0]]
        return (exposure * hazard * weight).sum(dim=-1) - gain

    def _derivatives(
        self, hazard: np.ndarray, target: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """First and second derivatives of `_neg_log_likelihood` by the cumulative hazards."""
        edges = np.arange(hazard.shape[1])
        first = np.clip(target[:, 1:2] - edges, 0, 1) - np.clip(target[:, :1] - edges, 0, 1)
        second = np.zeros_like(first)
        rows = np.flatnonzero(target[:, 4] > 0)
        own, width = target[rows, 2].astype(int), target[rows, 3]
        step = np.clip(hazard[rows, own] * width, 1e-30, _LARGEST_EXPONENT)
        first[rows, own] -= width / np.expm1(step)
        second[rows, own] = (width / (2 * np.sinh(step / 2))) ** 2
        return first * self.bin_weight_, second * self.bin_weight_

    def _constant_hazard(self, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Cumulative hazards of shape (n_bins,) of the best constant model."""
        n_bins = self.grid_.n_bins
        edges = np.arange(n_bins)
        exposure = np.zeros(n_bins)
        for rows in np.array_split(np.arange(len(target)), 1 + len(target) // 100_000):
            spent = np.clip(target[rows, 1:2] - edges, 0, 1) - np.clip(
                target[rows, :1] - edges, 0, 1
            )
            exposure += weight[rows] @ spent
        happened = target[:, 4] > 0
        return _solve_hazards(
            exposure,
            target[happened, 2].astype(int),
            target[happened, 3],
            weight[happened],
        )

    def curves(self, scores: np.ndarray) -> Curves:
        """Curves of shape (n_samples, ...) from raw scores."""
        raise NotImplementedError

    def predict(self, scores: np.ndarray, *, group: np.ndarray | None = None) -> np.ndarray:
        """Risk: mean over the cuts of the probability that the event has happened by then."""
        return self.curves(scores).risk().sum(axis=1)


def _solve_hazards(
    exposure: np.ndarray, own: np.ndarray, width: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """Where exposure = sum of weight * width / expm1(width * hazard) over the events of a bin.

    Newton's method on the logarithm of the hazard, in which the problem is convex.
    """
    n_bins = len(exposure)
    least, most = np.log(-np.log1p(-_LEAST)), np.log(-np.log(_LEAST))
    events = np.bincount(own, weight, n_bins)
    half = np.bincount(own, weight * width / 2, n_bins)
    with np.errstate(divide="ignore", invalid="ignore"):
        start = np.log(events / (exposure + half))
    log_hazard = np.clip(np.where(events > 0, start, least), least, most)
    for _ in range(50):
        hazard = np.exp(log_hazard)
        step = hazard[own] * width
        odds = step / np.expm1(step)
        slope = exposure * hazard - np.bincount(own, weight * odds, n_bins)
        curvature = exposure * hazard + np.bincount(
            own, weight * odds * (odds * np.exp(step) - 1), n_bins
        )
        move = np.divide(slope, curvature, out=np.zeros(n_bins), where=curvature > 0)
        log_hazard = np.clip(log_hazard - np.clip(move, -1, 1), least, most)
        if np.abs(move).max() < 1e-13:
            break
    return np.exp(log_hazard)


def _inverse_censoring(labels: EventTimes, weight: np.ndarray, grid: TimeGrid) -> np.ndarray:
    """Inverse probability, by bin, that a row is still uncensored when the bin begins."""
    left = EventTimes((labels.event == 0).astype(int), labels.time, labels.entry)
    if not left.event.any():
        return np.ones(grid.n_bins)
    censoring = TimeGrid(left, weight, 1, None).table
    last = np.searchsorted(censoring.time, grid.edges[:-1], side="right") - 1
    uncensored = np.cumprod(censoring.conditional_survival)
    share = np.where(last >= 0, uncensored[last], 1.0)
    return 1 / np.maximum(share, _LEAST_UNCENSORED)


def _checked_cuts(cuts: object) -> int | tuple[float, ...]:
    if isinstance(cuts, Integral) and not isinstance(cuts, bool):
        if cuts < 1:
            raise ValueError(f"cuts must be a number of bins from 1, or their ends, got {cuts!r}.")
        return int(cuts)
    try:
        ends = tuple(float(cut) for cut in cuts)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise ValueError(
            f"cuts must be a number of bins from 1, or their ends, got {cuts!r}."
        ) from None
    if not ends or not np.isfinite(ends).all() or ends[0] < 0 or ends[-1] == 0:
        raise ValueError(f"cuts must be finite positive times, got {cuts!r}.")
    if any(low >= high for low, high in pairwise(ends)):
        raise ValueError(f"cuts must be strictly increasing, got {cuts!r}.")
    return ends
