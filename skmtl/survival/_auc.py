"""Area under the ROC curve for having failed by a given time."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skmtl.survival._inputs import (
    failed_of,
    read_by_row,
    read_by_time,
    read_labels,
    read_times,
)
from skmtl.survival._nonparametric import kaplan_meier_of
from skmtl.survival._watching import watching_of
from skmtl.tasks import EventTimes

_Array = NDArray[np.floating]


def cumulative_dynamic_auc(
    y: Any,
    risk: ArrayLike,
    times: ArrayLike,
    *,
    cause: Hashable | None = None,
    censoring: Any = None,
) -> tuple[_Array, float]:
    r"""AUC of rows that have failed by a time against rows that have not, at each time.

    Failures have the weight :math:`1 / \hat G` at their time, to account for failures hidden by
    censoring or late entry: :math:`\hat G` is the probability of being observed at that time, as
    in `brier_score`.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
        Events and times: see :func:`skmtl.tasks.event_times`. Missing labels are left out.
    risk : array-like of shape (n_samples,) or (n_samples, n_times)
        Higher values mean earlier failure; one score per row, or one per row and time.
    times : array-like of shape (n_times,)
        Increasing, below the end of the follow-up in y.
    cause : int or str, default=None
        One of several competing causes: failures from this cause, against rows still at risk.
    censoring : as y, default=None
        The labels from which the censoring is estimated, usually those of the training rows; None
        means y.

    Returns
    -------
    auc : ndarray of shape (n_times,)
        NaN at times before the first failure.
    mean : float
        Mean over the times, each weighted by the decrease of Kaplan-Meier survival since the
        previous time.

    Raises
    ------
    ValueError
        For example if a time is beyond the follow-up, or if an event is at a time at which all
        rows are censored.

    References
    ----------
    H. Hung, C. T. Chiang, "Estimation Methods for Time-Dependent AUC Models with Survival
    Data", Canadian Journal of Statistics 38 (2010), 8-26.

    Examples
    --------
    >>> from skmtl.survival import cumulative_dynamic_auc
    >>> y = {"event": [1, 1, 0, 0], "duration": [1, 2, 3, 4]}
    >>> auc, mean = cumulative_dynamic_auc(y, [4.0, 1.0, 2.0, 3.0], [1, 2.5])
    >>> auc.tolist(), mean
    ([1.0, 0.5], 0.75)
    """
    labels, rows = read_labels(y, cause)
    grid = read_times(times, labels)
    if np.ndim(risk) == 2:
        scores = read_by_time(risk, rows, grid, "risk")
    else:
        scores = np.broadcast_to(read_by_row(risk, rows)[:, None], (len(labels), len(grid)))
    failed = failed_of(labels, cause)
    used = failed & (labels.time <= grid[-1])
    weight = np.zeros(len(labels))
    weight[used] = 1 / watching_of(labels, censoring).at(labels.time[used])
    auc = np.array(
        [
            _auc(
                scores[:, j],
                weight * (labels.time <= time),
                (labels.entry <= time) & (time < labels.time),
            )
            for j, time in enumerate(grid)
        ]
    )
    return auc, _mean(auc, grid, labels)


def _auc(risk: _Array, cases: _Array, controls: NDArray[np.bool_]) -> float:
    """Weighted share of pairs of a case and a control in the right order."""
    control_risks = np.sort(risk[controls])
    is_case = cases > 0
    if not is_case.any() or not len(control_risks):
        return np.nan
    below = np.searchsorted(control_risks, risk[is_case], side="left")
    tied = np.searchsorted(control_risks, risk[is_case], side="right") - below
    return float(np.average((below + 0.5 * tied) / len(control_risks), weights=cases[is_case]))


def _mean(auc: _Array, grid: _Array, labels: EventTimes) -> float:
    defined = ~np.isnan(auc)
    if not defined.any():
        return np.nan
    if len(grid) == 1:
        return float(auc[0])
    fall = -np.diff(kaplan_meier_of(labels)(grid), prepend=1.0)[defined]
    return float(np.average(auc[defined], weights=fall)) if fall.sum() > 0 else np.nan
