"""Clocks that measure time between the cuts of survival curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from skmtl._storable import storable

if TYPE_CHECKING:
    from skmtl.tasks._curves import Curves

_Array = NDArray[np.float64]
Interpolation = Literal["hazard", "density"]
# Survival after a time at which all rows at risk failed; above 0 so that raw scores are finite.
LEAST = 1e-6
# Survival has reached a level if it is this close, because networks have raw scores in float32.
_CLOSE = 1e-6
# Steps at which the curves of all rows are computed at once.
_STEPS_AT_ONCE = 256


@storable
@dataclass(frozen=True)
class Clock:
    """Time that advances in steps, like the Kaplan-Meier estimate.

    Attributes
    ----------
    time : ndarray of shape (n_steps,)
        Increasing times of the steps, at least one in each bin.
    past : ndarray of shape (n_steps, n_clocks)
        Share of the step's bin that is past after the step; 1 at the last step of a bin. There is
        one clock for all causes, or one per cause.
    """

    time: _Array
    past: _Array

    tolerance = _CLOSE

    def places(self, edges: _Array, bins: NDArray[np.int64], times: _Array) -> _Array:
        """Return the share of each time's bin that is past, of shape (n_times, n_clocks)."""
        last = np.searchsorted(self.time, times, side="right") - 1
        begun = (last >= 0) & (_bins(edges, self.time)[last] == bins)
        return np.where(begun[:, None], self.past[last], 0.0)

    def jumps(self, edges: _Array) -> _Array:
        """Return the times at which curves change."""
        return self.time

    def first_time(self, curves: Curves, bins: NDArray[np.int64], level: float) -> _Array:
        """Return the first time in each row's bin at which survival is at most `level`.

        Survival must have fallen to `level` at the end of the bin. The shape is (n_samples,).
        """
        starts = np.searchsorted(_bins(curves.edges, self.time), np.arange(len(curves.edges)))
        low, high = starts[bins], starts[bins + 1] - 1
        while (low < high).any():
            middle = (low + high) // 2
            reached = curves.within(bins, self.past[middle]) <= level
            low, high = np.where(reached, low, middle + 1), np.where(reached, middle, high)
            low = np.minimum(low, high)
        return self.time[high]

    def area(self, curves: Curves, horizon: float) -> _Array:
        """Return the area under the survival curves up to `horizon`, of shape (n_samples,)."""
        ends = np.append(np.minimum(self.time, horizon), horizon)
        widths, alive = np.diff(ends), curves.at_cuts()
        area = np.full(len(alive), ends[0])  # nothing happens before the first step
        bins = _bins(curves.edges, self.time)
        for bin_ in range(alive.shape[1] - 1):
            steps = np.flatnonzero((bins == bin_) & (widths > 0))
            fallen = self._fallen_area(curves, bin_, self.past[steps], widths[steps])
            gone = alive[:, bin_] - alive[:, bin_ + 1]
            area += alive[:, bin_] * widths[steps].sum() - gone * fallen
        return area

    def _fallen_area(self, curves: Curves, bin_: int, past: _Array, widths: _Array) -> _Array:
        """Return the area (n_samples,) under the share of a bin's failures that have happened.

        Step i lasts for ``widths[i]``, during which ``past[i]`` (n_clocks,) of the bin is past.
        """
        if curves.interpolation == "density":
            by_clock = (widths @ past)[None]
        else:
            hazard = curves.hazard[:, bin_]
            by_clock = np.column_stack([_area_of_arcs(hazard, of, widths) for of in past.T])
        share = curves.share[:, bin_]
        return by_clock[:, 0] if past.shape[1] == 1 else (by_clock * share).sum(axis=1)

    def then(self, later: Clock, gap: list[float]) -> Clock:
        """Append a later clock; `gap` has the ends of the bins in between."""
        idle = np.ones((len(gap), self.past.shape[1]))
        return Clock(
            np.concatenate([self.time, gap, later.time]),
            np.concatenate([self.past, idle, later.past]),
        )


@dataclass(frozen=True)
class Calendar:
    """Calendar time, for models in old files, which have no clock."""

    tolerance = 0.0

    def places(self, edges: _Array, bins: NDArray[np.int64], times: _Array) -> _Array:
        """See `Clock.places`."""
        start, end = edges[bins], edges[bins + 1]
        return np.clip((times - start) / (end - start), 0.0, 1.0)[:, None]

    def jumps(self, edges: _Array) -> _Array:
        """Return the cuts, at which step functions of such curves are exact."""
        return edges[1:]

    def first_time(self, curves: Curves, bins: NDArray[np.int64], level: float) -> _Array:
        """See `Clock.first_time`."""
        alive = curves.at_cuts()
        rows = np.arange(len(alive))
        start, end = curves.edges[bins], curves.edges[bins + 1]
        high, low = alive[rows, bins], alive[rows, bins + 1]
        if curves.interpolation == "hazard":
            high, low, level = np.log(high), np.log(low), np.log(level)
        past = np.divide(high - level, high - low, out=np.zeros(len(rows)), where=high > low)
        return start + np.clip(past, 0.0, 1.0) * (end - start)

    def area(self, curves: Curves, horizon: float) -> _Array:
        """See `Clock.area`."""
        inside = curves.edges[(curves.edges > 0) & (curves.edges < horizon)]
        edges = np.concatenate([[0.0], inside, [horizon]])
        alive = curves.survival(edges)
        high, low = alive[:, :-1], alive[:, 1:]
        if curves.interpolation == "hazard":
            fall = np.log(high) - np.log(np.maximum(low, 1e-300))
            # The mean of an exponential arc; the midpoint is exact enough for a nearly flat one.
            mean = np.divide(high - low, fall, out=(high + low) / 2, where=fall > 1e-6)
        else:
            mean = (high + low) / 2
        return mean @ np.diff(edges)

    def then(self, later: Calendar, gap: list[float]) -> Calendar:
        """See `Clock.then`."""
        return self


CALENDAR = Calendar()


def step_clock(
    edges: _Array, time: _Array, danger: _Array, share: _Array, interpolation: Interpolation
) -> Clock:
    """Return the clock with which identical rows have exactly these hazards and causes.

    Parameters
    ----------
    edges : ndarray of shape (n_bins + 1,)
    time : ndarray of shape (n_steps,)
        Increasing, within the bins.
    danger : ndarray of shape (n_steps,)
        Increment of the cumulative hazard of all causes at each step.
    share : ndarray of shape (n_steps, n_causes)
        Share of each cause in the increment.
    interpolation : {"hazard", "density"}
        What the clock counts: cumulative hazard, or failures.
    """
    time, danger, share = _with_idle_bins(edges, time, danger, share)
    bins = _bins(edges, time)
    last = np.flatnonzero(np.diff(bins, append=len(edges)))
    passed = cumulated_by_bin(danger, bins)
    total = passed[last][bins]
    if share.shape[1] == 1:
        past = (passed / total if interpolation == "hazard" else _failed(passed, total))[:, None]
    else:
        drop = np.exp(danger - passed) * -np.expm1(-danger)
        fallen = np.column_stack([cumulated_by_bin(drop * part, bins) for part in share.T])
        whole = fallen[last][bins]
        # A cause without an event in the bin has the clock of all causes together.
        fallen = np.divide(
            fallen, whole, out=np.tile(_failed(passed, total)[:, None], share.shape[1]),
            where=whole > 0,
        )  # fmt: skip
        past = fallen
        if interpolation == "hazard":
            survived = np.maximum(1 + fallen * np.expm1(-total)[:, None], 1e-300)
            past = -np.log(survived) / total[:, None]
    past = np.clip(past, 0.0, 1.0)
    past[last] = 1.0  # exactly, without rounding errors
    return Clock(time, past)


def _area_of_arcs(hazard: _Array, past: _Array, widths: _Array) -> _Array:
    """Return the area (n_samples,) under (1 - exp(-hazard * past)) / (1 - exp(-hazard))."""
    kept = np.zeros(len(hazard))
    for first in range(0, len(past), _STEPS_AT_ONCE):
        some = slice(first, first + _STEPS_AT_ONCE)
        kept += np.exp(np.outer(-hazard, past[some])) @ widths[some]
    whole = -np.expm1(-hazard)
    along = np.full(len(hazard), past @ widths)  # for hazards near zero
    return np.divide(widths.sum() - kept, whole, out=along, where=whole > 1e-9)


def _failed(passed: _Array, total: _Array) -> _Array:
    """Return the share of the bin's failures that have happened."""
    return np.expm1(-passed) / np.expm1(-total)


def cumulated_by_bin(values: _Array, bins: NDArray[np.int64]) -> _Array:
    """Return cumulative sums that restart in every bin."""
    total = np.cumsum(values)
    first = np.searchsorted(bins, bins, side="left")
    return total - np.where(first > 0, total[first - 1], 0.0)


def _with_idle_bins(
    edges: _Array, time: _Array, danger: _Array, share: _Array
) -> tuple[_Array, _Array, _Array]:
    """Add a step at the end of each bin that has none."""
    n_bins, n_causes = len(edges) - 1, share.shape[1]
    idle = np.setdiff1d(np.arange(n_bins), _bins(edges, time))
    place = np.searchsorted(time, edges[idle + 1])
    return (
        np.insert(time, place, edges[idle + 1]),
        np.insert(danger, place, 1.0),
        np.insert(share, place, 1 / n_causes, axis=0),
    )


def _bins(edges: _Array, time: _Array) -> NDArray[np.int64]:
    return np.searchsorted(edges[1:], time, side="left")
