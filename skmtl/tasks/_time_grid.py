"""Time bins, and the positions of times within them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmtl._storable import storable
from skmtl.tasks._clock import cumulated_by_bin
from skmtl.tasks._event_times import EventTimes
from skmtl.tasks._risk_table import RiskTable, risk_table

_Array = NDArray[np.float64]


# If all rows at risk failed, the Kaplan-Meier estimate is 0 and its logarithm is infinite. In the
# loss, such a step has the hazard of the Nelson-Aalen estimate, 1, which is the best constant if
# the exposure of the rows that fail there is this share of the step.
_DANGER_OF_ALL, _WATCHED_BY_ALL = 1.0, 1 / np.expm1(1.0)
# All rows at risk failed if their share is at least this, which allows for rounding of weights.
_ALL = 1 - 1e-9


class Steps(NamedTuple):
    """Positions of events within the grid.

    Attributes
    ----------
    bin : int ndarray of shape (n_events,)
    before : ndarray of shape (n_events,)
        Share of the bin before the step.
    width : ndarray of shape (n_events,)
        Share of the bin that the step takes.
    watched : ndarray of shape (n_events,)
        Share of the bin, within the step, during which failing rows count as observed.
    """

    bin: NDArray[np.int64]
    before: _Array
    width: _Array
    watched: _Array


@storable
class TimeGrid:
    r"""Bins :math:`(c_{b-1}, c_b]`, and a clock that measures time within them.

    The first bin begins when the first row was observed.

    Positions are in bins: 2.25 is a quarter through the third one. Within a bin the clock is that
    of the Kaplan-Meier estimate :math:`\hat S` of all rows: at time t the share
    :math:`\log(\hat S(t) / \hat S(c_{b-1})) / \log(\hat S(c_b) / \hat S(c_{b-1}))` is past. So the
    exposure of a row that is censored within a bin is measured in hazard, and the best constant
    hazards are those of the Kaplan-Meier estimate for any bins. A bin without an event is past
    when it ends.

    Parameters
    ----------
    labels : EventTimes of shape (n_samples,)
        Labels without missing values, with at least one event.
    weight : ndarray of shape (n_samples,)
    cuts : int or sequence of float
        Number of bins, between quantiles of the event times; or their ends. If many events have
        the same time, the others are divided among the other bins. There are at most as many bins
        as distinct event times.
    task : hashable
        For error messages.

    Attributes
    ----------
    edges : ndarray of shape (n_bins + 1,)
        Start of the first bin, and the end of each bin.
    horizon : float
        Time up to which curves are known: the end of the longest follow-up, or the last cut if
        there are events after it.
    table : RiskTable
    """

    def __init__(
        self, labels: EventTimes, weight: _Array, cuts: int | Sequence[float], task: Hashable
    ) -> None:
        self.table = risk_table(labels, weight)
        start, longest = labels.entry.min(), labels.time.max()
        if isinstance(cuts, int):
            ends = _quantiles(labels, weight, start, cuts)
        else:
            ends = _checked_ends(cuts, self.table, start, longest, task)
        self.edges = np.concatenate([[start], ends])
        past = self.table.time[-1] > ends[-1]
        self.horizon = float(ends[-1] if past else longest)
        self._bin = np.minimum(self.bin(self.table.time), self.n_bins)
        self._end = self._positions()

    @property
    def n_bins(self) -> int:
        return len(self.edges) - 1

    def bin(self, time: _Array) -> NDArray[np.int64]:
        """Return the bin of each time; `n_bins` after the last cut."""
        return np.searchsorted(self.edges[1:], time, side="left")

    @property
    def step_bins(self) -> NDArray[np.int64]:
        """The bin of each event time of the table; `n_bins` after the last cut."""
        return self._bin

    @property
    def ends(self) -> NDArray[np.bool_]:
        """Whether all rows at risk failed at each event time of the table."""
        return self.table.failed >= self.table.at_risk * _ALL

    def danger(self, of_all: float = _DANGER_OF_ALL) -> _Array:
        """Return the increment of the cumulative hazard at each event time, (n_times,).

        This is minus the logarithm of the Kaplan-Meier factor, and `of_all` if all rows failed.
        """
        ends = self.ends
        share = np.where(ends, 0.0, self.table.failed / self.table.at_risk)
        return np.where(ends, of_all, -np.log1p(-share))

    def position(self, time: _Array) -> _Array:
        """Return the position after each time, in bins from 0 to `n_bins`."""
        bins = self.bin(time)
        last = np.searchsorted(self.table.time, time, side="right") - 1
        position = np.clip(np.where(last >= 0, self._end[last], 0.0), bins, bins + 1)
        # A bin without an event is also past at its end.
        inside = np.minimum(bins, self.n_bins - 1)
        position = np.where(time >= self.edges[inside + 1], bins + 1, position)
        return np.minimum(position, self.n_bins)

    def steps(self, time: _Array) -> Steps:
        """Return the step of the clock at each event time before the last cut.

        A time without an event in `fit` has the step of the next event in its bin, or of the last
        one if there is no next one; in a bin without events the whole bin is one step.
        """
        bins = self.bin(time)
        place = np.searchsorted(self.table.time, time, side="left")
        place = np.minimum(place, len(self.table.time) - 1)
        place = np.where((self._bin[place] > bins) & (place > 0), place - 1, place)
        has_step = self._bin[place] == bins
        start = np.where(
            (place > 0) & (self._bin[place - 1] == bins), self._end[place - 1], bins.astype(float)
        )
        before = np.where(has_step, start - bins, 0.0)
        width = np.where(has_step, self._end[place] - bins - before, 1.0)
        watched = np.where(has_step & self.ends[place], width * _WATCHED_BY_ALL, 0.0)
        return Steps(bins, before, width, watched)

    def _positions(self) -> _Array:
        """Return the position after each event time of the table."""
        passed = cumulated_by_bin(self.danger(), self._bin)
        last = np.searchsorted(self._bin, self._bin, side="right") - 1
        # The last step of a bin ends it exactly, without rounding errors.
        within = np.where(np.arange(len(passed)) == last, 1.0, passed / passed[last])
        return np.minimum(self._bin + within, self.n_bins)


def _quantiles(labels: EventTimes, weight: _Array, start: float, n_bins: int) -> _Array:
    """Return event times that divide the events into bins as evenly as ties allow."""
    happened = (labels.event > 0) & (labels.time > start)
    if not happened.any():  # all events at time 0
        return np.array([labels.time.max() or 1.0])
    times, place = np.unique(labels.time[happened], return_inverse=True)
    mass = np.bincount(place, weight[happened])
    if len(times) <= n_bins:
        return times
    heavy: list[float] = []
    while True:
        levels = np.arange(1, n_bins - len(heavy) + 1) / (n_bins - len(heavy))
        ends = np.unique(np.quantile(times, levels, weights=mass, method="inverted_cdf"))
        if len(ends) == len(levels):
            return np.sort([*ends, *heavy])
        # A time with more events than the average bin ends its own bin.
        heaviest = mass.argmax()
        heavy.append(times[heaviest])
        times, mass = np.delete(times, heaviest), np.delete(mass, heaviest)


def _checked_ends(
    cuts: Sequence[float], table: RiskTable, start: float, longest: float, task: Hashable
) -> _Array:
    ends = np.asarray(cuts, dtype=np.float64)
    ends = ends[ends > start]
    if not len(ends):
        raise ValueError(
            f"Task {task!r} has only cuts, {list(cuts)}, before the first row was observed at "
            f"{start:g}."
        )
    if ends[-1] > longest:
        raise ValueError(
            f"Task {task!r} has a cut at {ends[-1]:g}, but nobody was followed beyond "
            f"{longest:g}. Use cuts within the follow-up."
        )
    if table.time[0] > ends[-1]:
        raise ValueError(
            f"Task {task!r} has no event before its last cut at {ends[-1]:g}; the first one "
            f"is at {table.time[0]:g}."
        )
    return ends
