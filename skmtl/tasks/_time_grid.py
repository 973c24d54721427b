"""Time cut into bins, and where in its bin a time lies."""

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


# Where everybody at risk failed, Kaplan-Meier is 0 and its logarithm no clock. To the loss such a
# step has the danger of Nelson-Aalen's estimate, 1, which is the best constant if who fails there
# was watched for this share of it.
_DANGER_OF_ALL, _WATCHED_BY_ALL = 1.0, 1 / np.expm1(1.0)
# That is so where the share of those who failed is 1 but for the rounding of weights.
_ALL = 1 - 1e-9


class Steps(NamedTuple):
    """Where events lie.

    Attributes
    ----------
    bin : int ndarray of shape (n_events,)
    before : ndarray of shape (n_events,)
        Share of the bin that came before the step.
    width : ndarray of shape (n_events,)
        Share of the bin that the step takes.
    watched : ndarray of shape (n_events,)
        Share of the bin, of this step, for which who fails was watched.
    """

    bin: NDArray[np.int64]
    before: _Array
    width: _Array
    watched: _Array


@storable
class TimeGrid:
    r"""Bins :math:`(c_{b-1}, c_b]`, and a clock that runs within them.

    The first bin begins when the first row was watched.

    A position counts bins: 2.25 is a quarter through the third one. Within a bin the clock is
    that of the Kaplan-Meier estimate :math:`\hat S` of all rows: at time t the share
    :math:`\log(\hat S(t) / \hat S(c_{b-1})) / \log(\hat S(c_b) / \hat S(c_{b-1}))` is past. So a
    row that is censored within a bin counts for as much of it as was really dangerous, and the
    best constant hazards are those of Kaplan and Meier whatever the bins. A bin in which no event
    was seen is past when it ends.

    Parameters
    ----------
    labels : EventTimes of shape (n_samples,)
        None of them missing, at least one event.
    weight : ndarray of shape (n_samples,)
    cuts : int or sequence of float
        Number of bins, between quantiles of the event times; or their ends. Where many events
        share a time, the others are parted among the bins that are left. There are no more bins
        than distinct times of events.
    task : hashable
        For error messages.

    Attributes
    ----------
    edges : ndarray of shape (n_bins + 1,)
        Where the first bin begins, and where each one ends.
    horizon : float
        Time up to which curves are known: the end of the longest follow-up, or the last cut
        where events beyond it were cut off.
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
        """The bin of each time; `n_bins` past the last cut."""
        return np.searchsorted(self.edges[1:], time, side="left")

    @property
    def step_bins(self) -> NDArray[np.int64]:
        """The bin of each event time of the table; `n_bins` past the last cut."""
        return self._bin

    @property
    def ends(self) -> NDArray[np.bool_]:
        """At which event times of the table everybody at risk failed."""
        return self.table.failed >= self.table.at_risk * _ALL

    def danger(self, of_all: float = _DANGER_OF_ALL) -> _Array:
        """What each event time adds to the cumulative hazard, of shape (n_times,).

        Minus the logarithm of Kaplan and Meier's factor; `of_all` where everybody failed.
        """
        ends = self.ends
        share = np.where(ends, 0.0, self.table.failed / self.table.at_risk)
        return np.where(ends, of_all, -np.log1p(-share))

    def position(self, time: _Array) -> _Array:
        """The clock after each time, in bins from 0 to `n_bins`."""
        bins = self.bin(time)
        last = np.searchsorted(self.table.time, time, side="right") - 1
        position = np.clip(np.where(last >= 0, self._end[last], 0.0), bins, bins + 1)
        # A bin in which no event was seen is past at its end, as any other.
        inside = np.minimum(bins, self.n_bins - 1)
        position = np.where(time >= self.edges[inside + 1], bins + 1, position)
        return np.minimum(position, self.n_bins)

    def steps(self, time: _Array) -> Steps:
        """The step of the clock at each time of an event before the last cut.

        A time at which no event was seen in `fit` takes the step of the next one in its bin,
        or else of the last one there; in a bin without any the whole bin is one step.
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
        """The clock after each event time of the table."""
        passed = cumulated_by_bin(self.danger(), self._bin)
        last = np.searchsorted(self._bin, self._bin, side="right") - 1
        # The last step of a bin ends it exactly, whatever the rounding.
        within = np.where(np.arange(len(passed)) == last, 1.0, passed / passed[last])
        return np.minimum(self._bin + within, self.n_bins)


def _quantiles(labels: EventTimes, weight: _Array, start: float, n_bins: int) -> _Array:
    """Event times that part the events into so many bins, as equal as ties allow."""
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
        # A time that holds more than a bin's share ends a bin of its own.
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
            f"Task {task!r} has its cuts {list(cuts)} before anybody was watched, at {start:g}."
        )
    if ends[-1] > longest:
        raise ValueError(
            f"Task {task!r} has a cut at {ends[-1]:g}, but nobody was followed beyond "
            f"{longest:g}. Give cuts within the follow-up."
        )
    if table.time[0] > ends[-1]:
        raise ValueError(
            f"Task {task!r} has no event before its last cut at {ends[-1]:g}; the first one "
            f"is at {table.time[0]:g}."
        )
    return ends
