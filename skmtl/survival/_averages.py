"""Groups of rows with similar predictions: predicted and observed outcomes."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from skmtl.survival._inputs import cause_number
from skmtl.survival._watching import Watching, beginnings
from skmtl.tasks import EventTimes, risk_table

_Array = NDArray[np.floating]


def alike_groups(values: _Array, labels: EventTimes, n_groups: int) -> NDArray[np.intp]:
    """Assign rows to groups by value, with equal numbers of follow-ups per group.

    Rows with the same value are in the same group.
    """
    levels, place = np.unique(values, return_inverse=True)
    size = np.bincount(place, beginnings(labels, (values, values)), len(levels))
    middle = np.cumsum(size) - size / 2
    parts = np.array_split(np.arange(np.ceil(size.sum())), n_groups)
    ends = np.cumsum([len(part) for part in parts])
    group = np.minimum(np.searchsorted(ends, middle, side="right"), n_groups - 1)
    return np.unique(group[place], return_inverse=True)[1]


def mean_prediction(values: _Array, labels: EventTimes, times: _Array) -> _Array:
    """Average predicted curves over rows, comparable with an estimate from their labels.

    If rows enter late, they are weighted for the rows that were not observed, as in `brier_score`;
    the mean is NaN when none of the rows is observed. Otherwise it is the plain mean over the
    follow-ups.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_times)
    labels : EventTimes of shape (n_samples,)
    times : ndarray of shape (n_times,)
    """
    key = values.mean(axis=1)
    new = beginnings(labels, (key, key))
    if not (new[labels.entry > 0] > 0).any():
        return np.average(values, axis=0, weights=new)
    there = (labels.entry[:, None] <= times) & (times < labels.time[:, None])
    watched = there.any(axis=0)
    means = np.full(len(times), np.nan)
    if watched.any():
        watching = Watching(labels)
        gone = (labels.time[:, None] <= times[watched]) & (labels.event > 0)[:, None]
        inverse = np.zeros(len(labels))
        used = gone.any(axis=1)
        inverse[used] = 1 / watching.at(labels.time[used])
        weight = gone * inverse[:, None] + there[:, watched] / watching.at(times[watched])
        means[watched] = (weight * values[:, watched]).sum(axis=0) / weight.sum(axis=0)
    return means


class Observed(NamedTuple):
    """An estimate from labels with the limits of its interval; NaN beyond the follow-up."""

    value: float
    low: float
    high: float


def observed_incidence(
    labels: EventTimes, time: float, cause: Hashable | None, level: float
) -> Observed:
    """Estimate the incidence by a time, of a cause or of any, with Wilson's interval.

    The number of rows in Wilson's formula is the one for which a share would have the variance of
    the estimate, which is Aalen's; for all causes together this is Greenwood's.

    Parameters
    ----------
    labels : EventTimes of shape (n_samples,)
    time : float
    cause : int, str or None
    level : float
        Confidence level of the interval.

    References
    ----------
    K. J. Rothman, "Estimation of Confidence Limits for the Cumulative Probability of Survival in
    Life Table Analysis", Journal of Chronic Diseases 31 (1978), 557-560.
    """
    table = risk_table(labels)
    past = table.time <= time
    at_risk, failed = table.at_risk[past], table.failed[past]
    alive = table.alive_before[past]
    if cause is None:
        of_cause = failed
    else:
        number = cause_number(labels, cause)
        known = number <= table.events.shape[1]
        of_cause = table.events[past, number - 1] if known else np.zeros(len(failed))
    survival = float(alive[-1] * table.conditional_survival[past][-1]) if len(alive) else 1.0
    if time > labels.time.max() and survival > 0:
        return Observed(np.nan, np.nan, np.nan)
    incidence = np.cumsum(alive * of_cause / at_risk)
    value = float(incidence[-1]) if len(incidence) else 0.0
    rest = value - incidence
    left = at_risk - failed
    greenwood = np.divide(failed, at_risk * left, out=np.zeros(len(left)), where=left > 0)
    variance = float(
        np.sum(rest**2 * greenwood)
        + np.sum(alive**2 * of_cause * (at_risk - of_cause) / at_risk**3)
        - 2 * np.sum(rest * alive * of_cause / at_risk**2)
    )
    # If no rows or all rows have failed, use the number of rows that were observed last.
    watched = np.sum((labels.entry < time) & (time <= labels.time))
    fewest = float(at_risk.min()) if len(at_risk) else float(watched)
    n_rows = value * (1 - value) / variance if variance > 1e-12 else max(fewest, 1.0)
    return Observed(value, *_wilson(value, n_rows, level))


def _wilson(share: float, n_rows: float, level: float) -> tuple[float, float]:
    squared = float(norm.ppf(0.5 + level / 2)) ** 2 / n_rows
    centre = (share + squared / 2) / (1 + squared)
    half = np.sqrt(squared * (share * (1 - share) + squared / 4)) / (1 + squared)
    return max(centre - half, 0.0), min(centre + half, 1.0)
