"""Squared error of predicted probabilities at given times."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skmtl.survival._inputs import (
    failed_of,
    increasing_times,
    read_curves,
    read_labels,
    read_times,
    read_weight,
)
from skmtl.survival._watching import Watching, beginnings, watching_of
from skmtl.tasks import EventTimes

_Array = NDArray[np.floating]
# Largest decrease of survival before the first entry that does not raise an error.
_OPEN = 0.05


def brier_score(
    y: Any,
    survival: ArrayLike,
    times: ArrayLike,
    *,
    cause: Hashable | None = None,
    censoring: Any = None,
    sample_weight: ArrayLike | None = None,
) -> _Array:
    r"""Brier score at each time, corrected for censoring and late entry.

    The mean of :math:`(1\{T > t\} - \hat S(t))^2` over the rows whose state at t is known, each
    weighted by the inverse probability of being observed: at its event if that came before t, at t
    if it was still followed. If all rows are observed from the start, this is the probability of
    being uncensored.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
        Events and times: see :func:`skmtl.tasks.event_times`. Missing labels are left out.
    survival : array-like of shape (n_samples, n_times)
        Survival at `times`; with `cause`, the cumulative incidence of that cause. It is measured
        from time 0 for all rows, including those that entered late.
    times : array-like of shape (n_times,)
        Increasing, below the end of the follow-up in y. If all rows enter late, the score is that
        of survival given the first entry. If `times` start there, the curves are divided by their
        value at that time; otherwise they must be close to 1 at that time.
    cause : int or str, default=None
        One of several competing causes: score the incidence of this cause.
    censoring : as y, default=None
        The labels from which the censoring is estimated, usually those of the training rows; None
        means y.
    sample_weight : array-like of shape (n_samples,), default=None

    Returns
    -------
    ndarray of shape (n_times,)
        0 is perfect; a constant survival of 0.5 scores 0.25.

    Raises
    ------
    ValueError
        For example if none of the rows is observed at a time, or if an event is at a time at which
        all rows are censored.

    Notes
    -----
    Like censoring, late entry must not depend on the time to the event. The probability of being
    observed is the share of the rows at risk divided by the Kaplan-Meier estimate: so the weight
    of each event is the step of the Kaplan-Meier curve, and the rows at risk at t share its
    height. Splitting a row at some time, into one that is censored and one that enters at that
    time, does not change the score.

    References
    ----------
    E. Graf, C. Schmoor, W. Sauerbrei, M. Schumacher, "Assessment and Comparison of Prognostic
    Classification Schemes for Survival Data", Statistics in Medicine 18 (1999), 2529-2545.

    Examples
    --------
    >>> from skmtl.survival import brier_score
    >>> y = {"event": [1, 1, 0], "duration": [1, 2, 3]}
    >>> brier_score(y, [[0.5, 0.0], [1.0, 0.5], [1.0, 0.5]], [1, 2]).round(3).tolist()
    [0.083, 0.167]
    """
    labels, rows = read_labels(y, cause)
    grid = read_times(times, labels)
    curves = read_curves(survival, rows, grid, "survival" if cause is None else "incidence")
    weight = read_weight(sample_weight, len(rows))[rows]
    return brier_by_time(
        labels,
        _given_first_entry(curves, grid, labels, cause),
        grid,
        watching_of(labels, censoring, weight),
        cause,
        weight,
    )


def brier_by_time(
    labels: EventTimes,
    curves: _Array,
    grid: _Array,
    watching: Watching,
    cause: Hashable | None,
    weight: _Array,
) -> _Array:
    """Compute the score of curves that start at the first entry, from checked inputs."""
    gone = (labels.time[:, None] <= grid) & (labels.event > 0)[:, None]
    there = (labels.entry[:, None] <= grid) & (grid < labels.time[:, None])
    inverse = np.zeros(len(labels))
    used = gone.any(axis=1) & (weight > 0)
    inverse[used] = 1 / watching.at(labels.time[used])
    importance = gone * inverse[:, None] + there / watching.at(grid)
    happened = there if cause is None else gone & failed_of(labels, cause)[:, None]
    n_subjects = weight @ beginnings(labels, weight=weight)
    return weight @ (importance * (happened - curves) ** 2) / n_subjects


def integrated_brier_score(
    y: Any,
    survival: ArrayLike,
    times: ArrayLike,
    *,
    cause: Hashable | None = None,
    censoring: Any = None,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Mean of the Brier score over the times, by the trapezoid rule.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
    survival : array-like of shape (n_samples, n_times)
    times : array-like of shape (n_times,)
        At least two times.
    cause : int or str, default=None
    censoring : as y, default=None
    sample_weight : array-like of shape (n_samples,), default=None
        All as in `brier_score`.

    Returns
    -------
    float

    Examples
    --------
    >>> from skmtl.survival import integrated_brier_score
    >>> y = {"event": [1, 1, 0], "duration": [1, 2, 3]}
    >>> curves = [[0.5, 0.0], [1.0, 0.5], [1.0, 0.5]]
    >>> round(integrated_brier_score(y, curves, [1, 2]), 3)
    0.125
    """
    grid = increasing_times(times)
    _check_span(grid)
    scores = brier_score(
        y, survival, grid, cause=cause, censoring=censoring, sample_weight=sample_weight
    )
    return mean_over_time(scores, grid)


def mean_over_time(scores: _Array, grid: _Array) -> float:
    """Average over time by the trapezoid rule."""
    _check_span(grid)
    return float(np.trapezoid(scores, grid) / (grid[-1] - grid[0]))


def _check_span(grid: _Array) -> None:
    if len(grid) < 2:
        raise ValueError(f"An integral needs at least two times, got {grid.tolist()}.")


def _given_first_entry(
    curves: _Array, grid: _Array, labels: EventTimes, cause: Hashable | None
) -> _Array:
    """Condition curves on the first entry, before which no row was observed."""
    start = labels.entry.min()
    if start == 0:
        return curves
    alive = curves[:, 0] if cause is None else 1 - curves[:, 0]
    if grid[0] == start and cause is None:
        return np.divide(curves, alive[:, None], out=np.zeros_like(curves), where=curves > 0)
    # If survival had fallen evenly up to the first of the times. Split rows count once.
    alive = np.clip(np.unique(alive), 0, 1)
    fallen = float(1 - np.mean(alive ** (start / grid[0])))
    if fallen > (_OPEN if cause is None else 1e-9):
        remedy = (
            "Let times start there: the curves are then divided by their value at that time."
            if cause is None
            else "Pass (F(t) - F(s)) / S(s), with the incidence F, the survival S and the first "
            "entry s, so that incidences start at 0, and let times start with s."
        )
        raise ValueError(
            f"No row of y was observed before the first entry, at {start:g}, so the score is of "
            f"what happens after it. But by {grid[0]:g}, the first of the times, the curves imply "
            f"that {1 - alive.mean():.0%} of the rows have failed, but not how many before the "
            f"first entry. {remedy}"
        )
    return curves
