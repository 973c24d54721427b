"""Concordance: how often the row that fails first has the higher risk."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skmtl.survival._inputs import (
    failed_of,
    increasing_times,
    read_by_row,
    read_curves,
    read_labels,
    read_weight,
)
from skmtl.survival._watching import watching_of
from skmtl.tasks import EventTimes

_Array = NDArray[np.floating]
# Number of event times whose curves are compared at the same time.
_BLOCK = 64
# Up to this many values are compared one by one instead of by binary search.
_FEW = 8


def concordance(
    y: Any,
    risk: ArrayLike,
    *,
    cause: Hashable | None = None,
    sample_weight: ArrayLike | None = None,
) -> float:
    r"""Harrell's concordance index.

    A pair of rows is comparable if one failed at a time at which the other was at risk: the other
    row had entered before, and had neither failed nor been censored. The index is the share of
    these pairs in which the row that failed had the higher risk; equal risks count half. 0.5 is
    chance.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
        Events and times: see :func:`skmtl.tasks.event_times`. Missing labels are left out.
    risk : array-like of shape (n_samples,)
        Higher values mean earlier failure.
    cause : int or str, default=None
        One of several competing causes: only failures from this cause count, others are treated as
        censored. None counts every event.
    sample_weight : array-like of shape (n_samples,), default=None
        The weight of a pair is the product of the weights of its rows.

    Returns
    -------
    float
        NaN if there are no comparable pairs.

    Notes
    -----
    Takes O(n log n) time. Splitting a row at some time, into one that is censored and one that
    enters at that time, does not change the index.

    References
    ----------
    F. E. Harrell, K. L. Lee, D. B. Mark, "Multivariable Prognostic Models", Statistics in
    Medicine 15 (1996), 361-387.

    Examples
    --------
    >>> from skmtl.survival import concordance
    >>> concordance({"event": [1, 1, 0], "duration": [1, 2, 3]}, [3.0, 1.0, 2.0])
    0.6666666666666666
    """
    labels, rows = read_labels(y, cause)
    scores = read_by_row(risk, rows)
    weight = read_weight(sample_weight, len(rows))[rows]
    failed = failed_of(labels, cause)
    return _share(weight[failed] @ _at_risk(labels, failed, failed, scores, weight))


def concordance_ipcw(
    y: Any,
    risk: ArrayLike,
    *,
    censoring: Any = None,
    tau: float | None = None,
    cause: Hashable | None = None,
) -> float:
    r"""Uno's concordance index, which does not depend on the censoring.

    Each pair has the weight :math:`1 / \hat G(t)^2`, with the time t of the failure and the
    probability :math:`\hat G` of being uncensored at that time, or, if rows enter late, of being
    observed at that time.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
        As in `concordance`.
    risk : array-like of shape (n_samples,)
        Higher values mean earlier failure.
    censoring : as y, default=None
        The labels from which the censoring is estimated, usually those of the training rows; None
        means y.
    tau : float, default=None
        Only failures before this time count. None counts all; the last ones may have large
        weights.
    cause : int or str, default=None
        As in `concordance`. Other causes do not count as censoring for the weights.

    Returns
    -------
    float
        NaN if there are no comparable pairs.

    Raises
    ------
    ValueError
        For example if a failure is at a time at which all rows are censored.

    References
    ----------
    H. Uno et al., "On the C-statistics for Evaluating Overall Adequacy of Risk Prediction
    Procedures with Censored Survival Data", Statistics in Medicine 30 (2011), 1105-1117.

    Examples
    --------
    >>> from skmtl.survival import concordance_ipcw
    >>> y = {"event": [1, 0, 1, 1], "duration": [1, 2, 3, 4]}
    >>> round(concordance_ipcw(y, [4.0, 1.0, 2.0, 3.0]), 3)
    0.571
    """
    labels, rows = read_labels(y, cause)
    scores = read_by_row(risk, rows)
    failed = failed_of(labels, cause)
    if tau is not None:
        failed &= labels.time < tau
    watching = watching_of(labels, censoring)
    weight = 1 / watching.at(labels.time[failed]) ** 2
    return _share(weight @ _at_risk(labels, failed, failed, scores, np.ones(len(labels))))


def concordance_incidence(
    y: Any,
    risk: ArrayLike,
    cause: Hashable,
    *,
    censoring: Any = None,
    tau: float | None = None,
) -> float:
    r"""Concordance of the incidence of one of several competing causes.

    In addition to the pairs of `concordance`, a row that failed from the cause is compared with
    rows that had already failed from another cause: they will never fail from this one, so their
    risk should be lower. A pair has the weight :math:`1 / (\hat G(t-) \hat G(t))`, where t is the
    time of the failure, or :math:`1 / (\hat G(t-) \hat G(s-))` if the other row failed at s. The
    latter also applies to rows that fail from another cause at the same time.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
        As in `concordance`.
    risk : array-like of shape (n_samples,)
        Higher values mean a higher incidence of the cause.
    cause : int or str
        Number of the cause, from 1, or its name.
    censoring : as y, default=None
        As in `concordance_ipcw`.
    tau : float, default=None
        As in `concordance_ipcw`; later failures from other causes do not count either.

    Returns
    -------
    float
        NaN if there are no comparable pairs.

    References
    ----------
    M. Wolbers et al., "Concordance for Prognostic Models with Competing Risks", Biostatistics 15
    (2014), 526-539.

    Examples
    --------
    >>> from skmtl.survival import concordance_incidence
    >>> y = {"event": [2, 1, 0], "duration": [1, 2, 3]}
    >>> concordance_incidence(y, [3.0, 2.0, 1.0], cause=1)
    0.5
    """
    labels, rows = read_labels(y, cause)
    scores = read_by_row(risk, rows)
    failed = failed_of(labels, cause)
    if tau is not None:
        failed &= labels.time < tau
    watching = watching_of(labels, censoring)
    at = labels.time[failed]
    # Among the other rows, only those that had failed by the time of some failure count.
    other = (labels.event > 0) & ~failed_of(labels, cause)
    gone = other & (labels.time <= at.max(initial=0))
    weight = 1 / watching.before(at)
    outlived = _at_risk(labels, failed, labels.event > 0, scores, np.ones(len(labels)))
    outran = _compared(
        -labels.time[gone],
        scores[gone],
        1 / watching.before(labels.time[gone]),
        -at,
        scores[failed],
    )
    return _share(weight / watching.at(at) @ outlived + weight @ outran)


def concordance_td(
    y: Any, survival: ArrayLike, times: ArrayLike, *, cause: Hashable | None = None
) -> float:
    r"""Antolini's time-dependent concordance, for curves that may cross.

    For the pairs of `concordance`, the row that failed at t should have the lower survival at t,
    or, with several causes, the higher incidence. Survival is measured from time 0 for all rows,
    including those that entered late.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
        As in `concordance`.
    survival : array-like of shape (n_samples, n_times)
        Survival at `times`; with `cause`, one minus the incidence of the cause. Curves are
        interpolated linearly, start at 1, and are constant after the last time.
    times : array-like of shape (n_times,)
        Increasing.
    cause : int or str, default=None
        As in `concordance`.

    Returns
    -------
    float
        NaN if there are no comparable pairs.

    References
    ----------
    L. Antolini, P. Boracchi, E. Biganzoli, "A Time-Dependent Discrimination Index for Survival
    Data", Statistics in Medicine 24 (2005), 3927-3944.

    Examples
    --------
    >>> from skmtl.survival import concordance_td
    >>> y = {"event": [1, 1, 0], "duration": [1, 2, 3]}
    >>> concordance_td(y, [[0.5, 0.1], [0.6, 0.5], [0.4, 0.3]], [1, 2])
    0.3333333333333333
    """
    labels, rows = read_labels(y, cause)
    grid = increasing_times(times)
    curves = read_curves(survival, rows, grid, "survival")
    if grid[0] > 0:
        grid, curves = (
            np.concatenate([[0.0], grid]),
            np.pad(curves, ((0, 0), (1, 0)), constant_values=1.0),
        )
    failed = failed_of(labels, cause)
    # Among rows with the same time, those that fail come first, because the others outlive them.
    # Rows that enter later are not at risk.
    order = np.lexsort((~failed, labels.time))
    time, entry, curves = labels.time[order], labels.entry[order], curves[order]
    at, n_failed = np.unique(labels.time[failed], return_counts=True)
    starts = np.searchsorted(time, at)
    right = total = 0.0
    for block in np.array_split(np.arange(len(at)), 1 + len(at) // _BLOCK) if len(at) else []:
        base = starts[block[0]]
        values = np.ascontiguousarray(_interpolated(curves[base:], grid, at[block]).T)
        for j, line in zip(block, values, strict=True):
            first, last = starts[j] - base, starts[j] - base + n_failed[j]
            entered = (entry[base + last :] < at[j]) | (entry[base + last :] == 0)
            failing, others = line[first:last], line[last:][entered]
            right += _n_above(failing, others)
            total += len(failing) * len(others)
    return float(right / total) if total else np.nan


def _n_above(values: _Array, other_values: _Array) -> float:
    """Number of pairs in which the other value is higher; equal values count half."""
    if len(values) < _FEW:
        return sum(
            (np.count_nonzero(other_values > value) + np.count_nonzero(other_values >= value)) / 2
            for value in values
        )
    other_values = np.sort(other_values)
    not_above = np.searchsorted(other_values, values, side="right").sum()
    below = np.searchsorted(other_values, values, side="left").sum()
    return len(values) * len(other_values) - (not_above + below) / 2


def _interpolated(curves: _Array, grid: _Array, times: _Array) -> _Array:
    place = np.clip(np.searchsorted(grid, times, side="left"), 1, max(len(grid) - 1, 1))
    if len(grid) == 1:
        return np.repeat(curves, len(times), axis=1)
    past = np.clip((times - grid[place - 1]) / (grid[place] - grid[place - 1]), 0, 1)
    return curves[:, place - 1] * (1 - past) + curves[:, place] * past


def _share(pairs: _Array) -> float:
    right, total = pairs
    return float(right / total) if total > 0 else np.nan


def _at_risk(
    labels: EventTimes,
    failed: NDArray[np.bool_],
    gone: NDArray[np.bool_],
    risk: _Array,
    weight: _Array,
) -> _Array:
    """Weights of the rows at risk at each failure: of those with a lower risk, and of all.

    Parameters
    ----------
    labels : EventTimes of shape (n_samples,)
    failed : ndarray of bool of shape (n_samples,)
        The failures.
    gone : ndarray of bool of shape (n_samples,)
        Which rows are no longer at risk at their own time. The others are censored at that time.
    risk, weight : ndarray of shape (n_samples,)

    Returns
    -------
    ndarray of shape (n_failed, 2)
    """
    times = np.unique(np.concatenate([labels.time, labels.entry]))
    place = 2 * np.searchsorted(times, labels.time)
    at = place[failed] + 1
    outlived = _compared(place + ~gone, risk, weight, at, risk[failed])
    late = labels.entry > 0
    entry = 2 * np.searchsorted(times, labels.entry[late]) + 1
    later = _compared(entry, risk[late], weight[late], at, risk[failed])
    # Differences of sums of the same weights in another order are rounding errors.
    return np.where(outlived - later > 1e-12 * outlived, outlived - later, 0.0)


def _compared(
    time: NDArray[np.number], risk: _Array, weight: _Array, at: NDArray[np.number], of: _Array
) -> _Array:
    """Weight of the rows whose time is at least `at`: of those with a risk below `of`, and of all.

    Equal risks count half.

    Parameters
    ----------
    time, risk, weight : ndarray of shape (n_samples,)
    at, of : ndarray of shape (n_failed,)

    Returns
    -------
    ndarray of shape (n_failed, 2)
    """
    weights = np.concatenate([weight, np.zeros(len(at))])
    asks = np.repeat([False, True], [len(time), len(at)])
    order = np.lexsort((asks, -np.concatenate([time, at])))
    rank = np.unique(np.concatenate([risk, of]), return_inverse=True)[1][order]
    weights, asks = weights[order], asks[order]
    lower = _weight_of_lower(rank, weights) + 0.5 * _weight_of_equal(rank, weights)
    pairs = np.empty((len(at), 2))
    pairs[order[asks] - len(time)] = np.column_stack([lower, np.cumsum(weights)])[asks]
    return pairs


def _weight_of_lower(rank: NDArray[np.intp], weight: _Array) -> _Array:
    """For each position, the weight of the earlier positions with a lower rank.

    Any two ranks first differ in one bit. For each bit, rows with the same higher bits are
    adjacent, in their order; each row with a 1 counts the rows with a 0 before it.
    """
    lower = np.zeros(len(rank))
    order = np.arange(len(rank))
    for bit in range(int(rank.max(initial=0)).bit_length() - 1, -1, -1):
        ranks = rank[order]
        is_one = (ranks >> bit & 1).astype(bool)
        zeros = np.cumsum(np.where(is_one, 0.0, weight[order]))
        prefix = ranks >> (bit + 1)
        first = np.searchsorted(prefix, prefix, side="left")
        base = np.where(first > 0, zeros[first - 1], 0.0)
        lower[order[is_one]] += (zeros - base)[is_one]
        # Stable: zeros before ones within each prefix.
        order = order[np.argsort(ranks >> bit, kind="stable")]
    return lower


def _weight_of_equal(rank: NDArray[np.intp], weight: _Array) -> _Array:
    """For each position, the weight of the positions up to it with the same rank."""
    order = np.argsort(rank, kind="stable")
    sums = np.cumsum(weight[order])
    first = np.searchsorted(rank[order], rank[order], side="left")
    equal = np.empty(len(rank))
    equal[order] = sums - np.where(first > 0, sums[first - 1], 0.0)
    return equal
