"""Weighted numbers of events and of rows at risk, by event time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from skmtl._storable import storable
from skmtl.tasks._event_times import EventTimes

_Array = NDArray[np.float64]


@storable
@dataclass(frozen=True)
class RiskTable:
    """Weighted counts at the distinct times of events.

    Attributes
    ----------
    time : ndarray of shape (n_times,)
        Increasing times of events.
    events : ndarray of shape (n_times, n_causes)
        Weight of the rows that failed at each time, by cause.
    at_risk : ndarray of shape (n_times,)
        Weight of the rows at risk at each time: they entered before, and neither failed nor were
        censored before.
    """

    time: _Array
    events: _Array
    at_risk: _Array

    @property
    def failed(self) -> _Array:
        """Weight of the rows that failed from any cause."""
        return self.events.sum(axis=1)

    @property
    def conditional_survival(self) -> _Array:
        """The Kaplan-Meier factor at each time."""
        return 1 - np.minimum(self.failed / self.at_risk, 1.0)

    @property
    def alive_before(self) -> _Array:
        """Kaplan-Meier survival just before each time."""
        return np.concatenate([[1.0], np.cumprod(self.conditional_survival)[:-1]])


def risk_table(
    labels: EventTimes, weight: NDArray[np.floating] | None = None, n_causes: int | None = None
) -> RiskTable:
    """Count events and rows at risk, in O(n log n).

    Parameters
    ----------
    labels : EventTimes of shape (n_samples,)
        Labels without missing values.
    weight : ndarray of shape (n_samples,), default=None
    n_causes : int, default=None
        By default the largest cause.
    """
    weights = np.ones(len(labels)) if weight is None else np.asarray(weight, dtype=np.float64)
    happened = labels.event > 0
    time, place = np.unique(labels.time[happened], return_inverse=True)
    causes = int(labels.event.max(initial=1)) if n_causes is None else n_causes
    cell = place * causes + labels.event[happened] - 1
    counts = np.bincount(cell, weights[happened], len(time) * causes).astype(np.float64)
    events = counts.reshape(len(time), causes)
    # Rows that enter at 0 were observed from the start.
    late = labels.entry > 0
    at_risk = weight_from(labels.time, weights, time) - weight_from(
        labels.entry[late], weights[late], time
    )
    return RiskTable(time, events, np.maximum(at_risk, events.sum(axis=1)))


def censoring_table(labels: EventTimes, weight: NDArray[np.floating] | None = None) -> RiskTable:
    """Count censored rows and rows at risk of censoring; at the same time, events come first.

    Parameters
    ----------
    labels : EventTimes of shape (n_samples,)
        Labels without missing values.
    weight : ndarray of shape (n_samples,), default=None
    """
    times = np.unique(labels.time)
    censored = labels.event == 0
    # Twice the rank of the time, plus one for censored rows.
    place = 2.0 * np.searchsorted(times, labels.time) + censored
    late = labels.entry > 0
    after = 2.0 * np.searchsorted(times, labels.entry, side="right") - 1
    table = risk_table(EventTimes(censored, place, np.where(late, after, 0.0)), weight)
    return replace(table, time=times[(table.time / 2).astype(int)])


def weight_from(
    values: NDArray[np.floating], weight: NDArray[np.floating], times: NDArray[np.floating]
) -> _Array:
    """Return the weight of the rows whose value is at least each time, in O(n log n).

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Values such as the times up to which rows were observed.
    weight : ndarray of shape (n_samples,)
    times : ndarray of shape (n_times,)

    Returns
    -------
    ndarray of shape (n_times,)

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.tasks import weight_from
    >>> weight_from(np.array([1.0, 3.0, 2.0]), np.ones(3), np.array([0.0, 2.0, 4.0])).tolist()
    [3.0, 2.0, 0.0]
    """
    order = np.argsort(values, kind="stable")
    behind = np.concatenate([np.cumsum(weight[order][::-1])[::-1], [0.0]])
    return behind[np.searchsorted(values[order], times, side="left")]
