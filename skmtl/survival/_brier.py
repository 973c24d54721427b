"""Squared error of predicted probabilities at given times."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skmtl.survival._inputs import (
    failed_of,
    positive_at,
    read_curves,
    read_labels,
    read_times,
    read_weight,
)
from skmtl.survival._nonparametric import censoring_of

_Array = NDArray[np.floating]


def brier_score(
    y: Any,
    survival: ArrayLike,
    times: ArrayLike,
    *,
    cause: int | None = None,
    censoring: Any = None,
    sample_weight: ArrayLike | None = None,
) -> _Array:
    r"""Brier score at each time, with the censored rows made up for.

    The mean of :math:`(1\{T > t\} - \hat S(t))^2` over the rows whose state at t is known, each
    weighted by the inverse of the probability of being uncensored: at its event if that came
    before t, at t if it was still followed.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
        Events and times: see :func:`skmtl.tasks.event_times`. Missing labels are left out.
    survival : array-like of shape (n_samples, n_times)
        Survival at `times`; with `cause`, the cumulative incidence of that cause.
    times : array-like of shape (n_times,)
        Increasing, below the end of the follow-up in y.
    cause : int, default=None
        Of several that compete: score this cause's incidence.
    censoring : as y, default=None
        The labels from which the censoring is estimated, usually those of the training rows;
        None takes y.
    sample_weight : array-like of shape (n_samples,), default=None

    Returns
    -------
    ndarray of shape (n_times,)
        0 is perfect, 0.25 is what survival of 0.5 gets.

    Raises
    ------
    ValueError
        If a time lies past the follow-up, or an event where everybody was censored, among
        others.

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
    labels, rows = read_labels(y)
    grid = read_times(times, labels)
    curves = read_curves(survival, rows, grid, "survival" if cause is None else "incidence")
    weight = read_weight(sample_weight, len(rows))[rows]
    if censoring is None:
        uncensored = censoring_of(labels, weight)
    else:
        uncensored = censoring_of(read_labels(censoring)[0])
    gone = (labels.time[:, None] <= grid) & (labels.event > 0)[:, None]
    there = labels.time[:, None] > grid
    inverse = np.zeros(len(labels))
    used = gone.any(axis=1)
    inverse[used] = 1 / positive_at(uncensored(labels.time[used]), labels.time[used])
    importance = gone * inverse[:, None] + there / positive_at(uncensored(grid), grid)
    happened = there if cause is None else gone & failed_of(labels, cause)[:, None]
    return np.average(importance * (happened - curves) ** 2, axis=0, weights=weight)


def integrated_brier_score(
    y: Any,
    survival: ArrayLike,
    times: ArrayLike,
    *,
    cause: int | None = None,
    censoring: Any = None,
    sample_weight: ArrayLike | None = None,
) -> float:
    """Mean of the Brier score over the times, by the trapezoid rule.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
    survival : array-like of shape (n_samples, n_times)
    times : array-like of shape (n_times,)
        Two at least.
    cause : int, default=None
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
    grid = np.asarray(times, dtype=np.float64)
    if grid.ndim != 1 or len(grid) < 2:
        raise ValueError(f"An integral needs two times at least, got {times!r}.")
    scores = brier_score(
        y, survival, grid, cause=cause, censoring=censoring, sample_weight=sample_weight
    )
    return float(np.trapezoid(scores, grid) / (grid[-1] - grid[0]))
