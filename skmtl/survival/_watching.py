"""The share of the rows observed at a time, with late entry and censoring."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmtl.survival._inputs import read_labels
from skmtl.survival._nonparametric import kaplan_meier_of
from skmtl.survival._steps import StepFunction
from skmtl.tasks import EventTimes, weight_from

_Array = NDArray[np.floating]


class Watching:
    r"""The probability of being observed at a time, for a row that has not failed before.

    Its inverse is the weight of a row that represents similar unobserved rows. It is the weight of
    the observed rows, divided by the Kaplan-Meier estimate of survival and by the number of rows.
    If all rows are observed from the start, this is the Kaplan-Meier estimate of the censoring. It
    increases with late entry, and splitting a row at some time does not change it.

    Parameters
    ----------
    labels : EventTimes of shape (n_samples,)
        Labels without missing values.
    weight : ndarray of shape (n_samples,), default=None

    References
    ----------
    G. A. Satten, S. Datta, "The Kaplan-Meier Estimator as an Inverse-Probability-of-Censoring
    Weighted Average", The American Statistician 55 (2001), 207-210.
    """

    def __init__(self, labels: EventTimes, weight: _Array | None = None) -> None:
        weights = np.ones(len(labels)) if weight is None else weight
        labels, weights = labels[weights > 0], weights[weights > 0]
        late = labels.entry > 0
        times = np.unique(np.concatenate([labels.time, labels.entry[late]]))
        watched = _weight_after(labels.time, weights, times) - _weight_after(
            labels.entry[late], weights[late], times
        )
        survival = kaplan_meier_of(labels, weights)
        # A tiny rest is a rounding error from sums in another order, not a row.
        alive = np.where(survival(times) > 1e-12, survival(times), 0.0)
        n_subjects = float(weights @ beginnings(labels, weight=weights))
        at_start = float(weights[~late].sum())
        share = np.divide(watched, alive, out=np.zeros(len(times)), where=alive > 0)
        # Where survival falls to 0, the rows that fail were observed up to that time.
        before = np.concatenate([[at_start], share])[:-1]
        fell = (alive <= 0) & (np.concatenate([[1.0], alive])[:-1] > 0)
        share[fell] = before[fell]
        self._share = StepFunction(times, share / n_subjects, at_start / n_subjects)
        self._extinct = np.inf
        if late.any() and fell.any() and labels.entry.max() >= times[fell][0]:
            self._extinct = float(times[fell][0])

    def at(self, times: _Array) -> _Array:
        """The probability just after each time.

        Raises
        ------
        ValueError
            If none of the rows is observed at a time, or if the probability cannot be estimated.
        """
        return self._positive(self._share(times), times, self._extinct)

    def before(self, times: _Array) -> _Array:
        """The same just before each time."""
        return self._positive(
            self._share.before(times), times, np.nextafter(self._extinct, np.inf)
        )

    @staticmethod
    def _positive(share: _Array, times: _Array, extinct: float) -> _Array:
        if (times > extinct).any():
            raise ValueError(
                f"All rows that were observed at the time {extinct:g} failed then, and others "
                "entered later: their share among all rows cannot be estimated. Score "
                f"survival given {extinct:g}: drop the rows that ended by then, raise earlier "
                "entries to it, and divide the curves by their value there."
            )
        if (share <= 0).any():
            first = times[share <= 0].min()
            raise ValueError(
                f"None of the rows from which the censoring is estimated is observed at the time "
                f"{first:g}: they are all censored by the time {first:g}, or enter later, so rows "
                "observed then have no weight. Choose other times (tau, times), or pass labels "
                "with a longer follow-up."
            )
        return share


def watching_of(labels: EventTimes, censoring: Any, weight: _Array | None = None) -> Watching:
    """Estimate the probability of being observed from the labels to score, or from others.

    Raises
    ------
    ValueError
        If rows enter late in only one of them.
    """
    if censoring is None:
        return Watching(labels, weight)
    reference = read_labels(censoring)[0]
    if _enter_late(labels) != _enter_late(reference):
        raise ValueError(
            "Rows enter late either in y or in the labels of `censoring`, but not in both, so "
            "they do not show when rows of y are observed. Remove `censoring`: the weights are "
            "then estimated from y."
        )
    return Watching(reference)


def beginnings(
    labels: EventTimes, *alike: tuple[_Array, _Array], weight: _Array | None = None
) -> _Array:
    """The share of each row that starts a follow-up instead of continuing another row.

    Rows that enter at a time at which the same number of rows are censored may be their
    continuation, as if each row had been split at some times: then they do not count as rows.

    Parameters
    ----------
    labels : EventTimes of shape (n_samples,)
    *alike : pairs of ndarray of shape (n_samples,)
        Further values of each row at its end and at its entry, which must agree as well.
    weight : ndarray of shape (n_samples,), default=None

    Returns
    -------
    ndarray of shape (n_samples,)
        1 for rows observed from the start; from 0 to 1 for rows that enter late.
    """
    part = np.ones(len(labels))
    late, open_end = labels.entry > 0, labels.event == 0
    if not late.any():
        return part
    weights = part if weight is None else weight
    ends = np.column_stack([labels.time, *(pair[0] for pair in alike)])[open_end]
    starts = np.column_stack([labels.entry, *(pair[1] for pair in alike)])[late]
    place = np.unique(np.concatenate([ends, starts]), axis=0, return_inverse=True)[1].ravel()
    n_places = place.max() + 1
    ended = np.bincount(place[: len(ends)], weights[open_end], n_places)
    entered = np.bincount(place[len(ends) :], weights[late], n_places)
    new = np.divide(entered - ended, entered, out=np.zeros(n_places), where=entered > ended)
    part[late] = new[place[len(ends) :]]
    return part


def _enter_late(labels: EventTimes) -> bool:
    return bool((beginnings(labels)[labels.entry > 0] > 0).any())


def _weight_after(values: _Array, weight: _Array, times: _Array) -> _Array:
    return weight_from(values, weight, np.nextafter(times, np.inf))
