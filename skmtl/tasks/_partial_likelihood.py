"""Sums over the rows at risk at each event, for Cox's partial likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmtl.tasks._risk_table import weight_from

if TYPE_CHECKING:
    from torch import Tensor


def at_risk(entry: Tensor, time: Tensor, event: Tensor, danger: Tensor, efron: bool) -> Tensor:
    """Return the danger of the rows at risk at the time of each row.

    All tensors have the shape (n_rows, n_columns). With `efron`, l/d of the danger of d tied
    events is subtracted for the l-th of them, counted from 0. The result is differentiable by
    `danger`.
    """
    total = _sum_from(time, danger, time)
    total = total - _sum_from(entry, danger * (entry >= 0), time)
    if not efron:
        return total
    failing = danger * event
    tied = _sum_from(time, failing, time) - _sum_from(time, failing, time, right=True)
    count = _sum_from(time, event, time) - _sum_from(time, event, time, right=True)
    # Number of a row among the events at its time: its position minus that of the first one.
    order = (time + (event <= 0) * (time.amax() + 1)).argsort(dim=0, stable=True)
    place = order.argsort(dim=0)
    first = _count_below(time, event, time)
    return total - (place - first) / count.clamp_min(1) * tied


def _sum_from(values: Tensor, weight: Tensor, at: Tensor, right: bool = False) -> Tensor:
    """Return the weight of rows whose value is at least (with `right`: above) `at`, by column."""
    import torch

    ordered, order = values.T.contiguous().sort(dim=1)
    behind = weight.T.gather(1, order).flip(1).cumsum(1).flip(1)
    behind = torch.nn.functional.pad(behind, (0, 1))
    place = torch.searchsorted(ordered, at.T.contiguous(), right=right)
    return behind.gather(1, place).T


def _count_below(time: Tensor, event: Tensor, at: Tensor) -> Tensor:
    """Return the number of events before `at`, by column."""
    return event.sum(dim=0) - _sum_from(time, event, at)


class _Events(NamedTuple):
    """The rows with an observed event.

    Attributes
    ----------
    rows : int ndarray of shape (n_events,)
    times : ndarray of shape (n_times,)
        The distinct times of events, in order.
    group : int ndarray of shape (n_events,)
        Position of each event's time among these.
    share : ndarray of shape (n_events,)
        Share of the danger of all events at its time that is subtracted for an event.
    """

    rows: NDArray[np.int64]
    times: np.ndarray
    group: NDArray[np.int64]
    share: np.ndarray

    def summed(self, values: np.ndarray) -> np.ndarray:
        """Return the sums over the events at each time."""
        return np.bincount(self.group, values, len(self.times))

    def at_risk(self, danger: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the danger of the rows at risk at each event, like the function `at_risk`."""
        entry, time, _, _ = target.T
        late = entry >= 0
        total = weight_from(time, danger, self.times)
        total -= weight_from(entry[late], danger[late], self.times)
        return total[self.group] - self.share * self.summed(danger[self.rows])[self.group]


def _events(target: np.ndarray, efron: bool) -> _Events:
    _, time, event, seen = target.T
    rows = np.flatnonzero(event * seen > 0)
    times, group = np.unique(time[rows], return_inverse=True)
    share = np.zeros(len(rows))
    if efron:
        order = np.argsort(group, kind="stable")
        first = np.searchsorted(group[order], group[order], side="left")
        count = np.bincount(group)
        share[order] = (np.arange(len(order)) - first) / count[group[order]]
    return _Events(rows, times, group, share)


def losses(score: np.ndarray, target: np.ndarray, efron: bool) -> np.ndarray:
    """Return the loss of each row, 0 for rows without an observed event."""
    events = _events(target, efron)
    seen, top = target[:, 3], score.max()
    danger = events.at_risk(np.exp(score - top) * seen, target)
    ratio = np.maximum(danger / events.at_risk(seen, target), 1e-30)
    values = np.zeros(len(score))
    values[events.rows] = 1 + np.log(ratio) + top - score[events.rows]
    return values


def derivatives(
    score: np.ndarray, target: np.ndarray, efron: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradient and the diagonal of the Hessian of the summed loss by all scores.

    The last column of `target` is the weight of a row, in the sum and among the rows at risk.
    """
    entry, time, _, seen = target.T
    events = _events(target, efron)
    weight = seen[events.rows]
    # A common factor of the dangers does not affect the derivatives.
    danger = np.exp(score - score.max()) * seen
    inverse = 1 / events.at_risk(danger, target)
    once = _between(events.times, events.summed(weight * inverse), entry, time)
    twice = _between(events.times, events.summed(weight * inverse**2), entry, time)
    # An event and its ties only count with a part of their danger.
    rows, group, share = events.rows, events.group, events.share
    once[rows] -= events.summed(weight * share * inverse)[group]
    twice[rows] -= events.summed(weight * (1 - (1 - share) ** 2) * inverse**2)[group]
    gradient = danger * once
    hessian = gradient - danger**2 * twice
    gradient[rows] -= weight
    return gradient, hessian


def _between(
    times: np.ndarray, steps: np.ndarray, entry: np.ndarray, time: np.ndarray
) -> np.ndarray:
    """Return the sum of the steps after each row's entry and up to its time."""
    sums = np.concatenate([[0.0], np.cumsum(steps)])
    ends, starts = (np.searchsorted(times, at, side="right") for at in (time, entry))
    return sums[ends] - sums[starts]
