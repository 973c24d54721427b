"""How often the row that fails first had the higher risk."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skmtl.survival._inputs import (
    failed_of,
    increasing_times,
    positive_at,
    read_curves,
    read_labels,
    read_risk,
    read_weight,
)
from skmtl.survival._nonparametric import censoring_of

_Array = NDArray[np.floating]
# Event times whose curves are compared at once.
_BLOCK = 64
# So many values are compared one by one rather than looked up in sorted ones.
_FEW = 8


def concordance(
    y: Any, risk: ArrayLike, *, cause: int | None = None, sample_weight: ArrayLike | None = None
) -> float:
    r"""Harrell's concordance index.

    A pair of rows can be compared if one failed at a time at which the other was still followed
    and had not failed. The index is the share of these pairs in which the row that failed had
    the higher risk; equal risks count half. 0.5 is chance.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
        Events and times: see :func:`skmtl.tasks.event_times`. Missing labels are left out.
    risk : array-like of shape (n_samples,)
        Higher is sooner.
    cause : int, default=None
        Of several that compete: failures of this cause only, the others count as censored.
        None counts every event.
    sample_weight : array-like of shape (n_samples,), default=None
        A pair weighs the product of its rows.

    Returns
    -------
    float
        NaN if no pair can be compared.

    Notes
    -----
    Takes O(n log n). Late entry is not regarded.

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
    labels, rows = read_labels(y)
    scores = read_risk(risk, rows)
    weight = read_weight(sample_weight, len(rows))[rows]
    failed = failed_of(labels, cause)
    return _share(_pairs(labels.time, failed, scores, weight, np.where(failed, weight, 0.0)))


def concordance_ipcw(
    y: Any,
    risk: ArrayLike,
    *,
    censoring: Any = None,
    tau: float | None = None,
    cause: int | None = None,
) -> float:
    r"""Uno's concordance index, which does not depend on the censoring.

    Each pair weighs :math:`1 / \hat G(t)^2`, with the time t of the failure and the probability
    :math:`\hat G` of being uncensored then.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
        As in `concordance`.
    risk : array-like of shape (n_samples,)
        Higher is sooner.
    censoring : as y, default=None
        The labels from which the censoring is estimated, usually those of the training rows;
        None takes y.
    tau : float, default=None
        Only failures before this time count. None counts all; the last ones may weigh a lot.
    cause : int, default=None
        As in `concordance`. Other causes do not count as censoring for the weights.

    Returns
    -------
    float
        NaN if no pair can be compared.

    Raises
    ------
    ValueError
        If a failure lies where everybody was censored, among others.

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
    labels, rows = read_labels(y)
    scores = read_risk(risk, rows)
    failed = failed_of(labels, cause)
    if tau is not None:
        failed &= labels.time < tau
    known = labels if censoring is None else read_labels(censoring)[0]
    weight = np.zeros(len(labels))
    at = labels.time[failed]
    weight[failed] = 1 / positive_at(censoring_of(known)(at), at) ** 2
    return _share(_pairs(labels.time, failed, scores, np.ones(len(labels)), weight))


def concordance_incidence(
    y: Any,
    risk: ArrayLike,
    cause: int,
    *,
    censoring: Any = None,
    tau: float | None = None,
) -> float:
    r"""Concordance of the incidence of one of several causes that compete.

    Besides the pairs of `concordance`, a row that failed of the cause is compared with those
    that had failed of another one before: they will never fail of this one, so their risk
    should be lower. A pair weighs :math:`1 / (\hat G(t-) \hat G(t))` with the time t of the
    failure, or :math:`1 / (\hat G(t-) \hat G(s-))` where the other row failed at s.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
        As in `concordance`.
    risk : array-like of shape (n_samples,)
        Higher is a higher incidence of the cause.
    cause : int
        Number of the cause, from 1.
    censoring : as y, default=None
        As in `concordance_ipcw`.
    tau : float, default=None
        As in `concordance_ipcw`.

    Returns
    -------
    float
        NaN if no pair can be compared.

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
    labels, rows = read_labels(y)
    scores = read_risk(risk, rows)
    failed = failed_of(labels, cause)
    if tau is not None:
        failed &= labels.time < tau
    uncensored = censoring_of(labels if censoring is None else read_labels(censoring)[0])
    others = (labels.event > 0) & (labels.event != cause)
    before, after = np.zeros(len(labels)), np.zeros(len(labels))
    used = failed | others
    at = labels.time[used]
    before[used] = 1 / positive_at(uncensored.before(at), at)
    after[failed] = 1 / positive_at(uncensored(labels.time[failed]), labels.time[failed])
    own = np.where(failed, before, 0.0)
    outlived = _pairs(labels.time, failed, scores, np.ones(len(labels)), own * after)
    # With the time reversed, rows that failed before are those that "outlive". Those of the
    # same time are in the first pairs already.
    gone = _pairs(-labels.time, used, scores, np.where(others, before, 0.0), own)
    return _share((outlived[0] + gone[0], outlived[1] + gone[1]))


def concordance_td(
    y: Any, survival: ArrayLike, times: ArrayLike, *, cause: int | None = None
) -> float:
    r"""Antolini's time-dependent concordance, for curves that may cross.

    In a pair as in `concordance`, the row that failed at t should have the lower survival at t;
    with several causes, the higher incidence.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
        As in `concordance`.
    survival : array-like of shape (n_samples, n_times)
        Survival at `times`; with `cause`, one minus the cause's incidence. Straight lines
        connect the times; before the first one survival comes from 1, after the last one it
        stays.
    times : array-like of shape (n_times,)
        Increasing.
    cause : int, default=None
        As in `concordance`.

    Returns
    -------
    float
        NaN if no pair can be compared.

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
    labels, rows = read_labels(y)
    grid = increasing_times(times)
    curves = read_curves(survival, rows, grid, "survival")
    if grid[0] > 0:
        grid, curves = (
            np.concatenate([[0.0], grid]),
            np.pad(curves, ((0, 0), (1, 0)), constant_values=1.0),
        )
    failed = failed_of(labels, cause)
    # Of the rows of one time, those that fail come first: the others outlive them.
    order = np.lexsort((~failed, labels.time))
    time, curves = labels.time[order], curves[order]
    at, n_failed = np.unique(labels.time[failed], return_counts=True)
    starts = np.searchsorted(time, at)
    right = total = 0.0
    for block in np.array_split(np.arange(len(at)), 1 + len(at) // _BLOCK) if len(at) else []:
        base = starts[block[0]]
        values = np.ascontiguousarray(_interpolated(curves[base:], grid, at[block]).T)
        for line, start, n_own in zip(values, starts[block] - base, n_failed[block], strict=True):
            own, others = line[start : start + n_own], line[start + n_own :]
            right += _n_above(own, others)
            total += len(own) * len(others)
    return float(right / total) if total else np.nan


def _n_above(own: _Array, others: _Array) -> float:
    """Pairs in which the other value is higher; those that are equal count half."""
    if len(own) < _FEW:
        return sum(
            (np.count_nonzero(others > each) + np.count_nonzero(others >= each)) / 2
            for each in own
        )
    others = np.sort(others)
    not_above = np.searchsorted(others, own, side="right").sum()
    below = np.searchsorted(others, own, side="left").sum()
    return len(own) * len(others) - (not_above + below) / 2


def _interpolated(curves: _Array, grid: _Array, times: _Array) -> _Array:
    place = np.clip(np.searchsorted(grid, times, side="left"), 1, max(len(grid) - 1, 1))
    if len(grid) == 1:
        return np.repeat(curves, len(times), axis=1)
    past = np.clip((times - grid[place - 1]) / (grid[place] - grid[place - 1]), 0, 1)
    return curves[:, place - 1] * (1 - past) + curves[:, place] * past


def _share(pairs: tuple[float, float]) -> float:
    return pairs[0] / pairs[1] if pairs[1] > 0 else np.nan


def _pairs(
    time: _Array, failed: NDArray[np.bool_], risk: _Array, weight: _Array, weight_failed: _Array
) -> tuple[float, float]:
    """Weight of the comparable pairs whose risks are in the right order, and of all.

    `weight_failed` weighs the row that fails, `weight` the other one.
    """
    rank = np.unique(risk, return_inverse=True)[1]
    # Those who outlive an event stand before it: later times, then censored rows of the same
    # time. Of events at the same time, higher risks stand first, so that the strict comparison
    # of risks below leaves them out.
    order = np.lexsort((-rank, failed, -time))
    time, failed, rank = time[order], failed[order], rank[order]
    weight, own = weight[order], weight_failed[order]
    tied = np.concatenate([[False], (time[1:] == time[:-1]) & failed[1:] & failed[:-1]])
    start = np.maximum.accumulate(np.where(tied, 0, np.arange(len(time))))
    before = np.concatenate([[0.0], np.cumsum(weight)])
    lower = _weight_of_lower(rank, weight)
    equal = _weight_of_equal(rank, start, weight)
    return float(own @ (lower + 0.5 * equal)), float(own @ before[start])


def _weight_of_lower(rank: NDArray[np.intp], weight: _Array) -> _Array:
    """For each position the weight of the earlier positions with a lower rank.

    Two ranks differ first in one bit. For each bit, rows that agree in the higher bits lie side
    by side, in their order; each with a 1 counts those before it with a 0.
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


def _weight_of_equal(rank: NDArray[np.intp], start: NDArray[np.intp], weight: _Array) -> _Array:
    """For each position the weight of the positions before `start` with the same rank."""
    order = np.argsort(rank, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(weight[order])])
    key = rank[order] * (len(rank) + 1) + order
    first = np.searchsorted(key, rank * (len(rank) + 1))
    last = np.searchsorted(key, rank * (len(rank) + 1) + start)
    return sums[last] - sums[first]
