"""Calibration of predicted survival over its whole range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from skmtl.survival._inputs import (
    check_n_bins,
    check_probabilities,
    read_by_row,
    read_labels,
)
from skmtl.survival._watching import beginnings
from skmtl.tasks import EventTimes

_Array = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class DCalibration:
    """Result of `d_calibration`.

    Attributes
    ----------
    statistic : float
        Pearson's chi-squared statistic of the bins.
    p_value : float
        Small if the curves are not calibrated.
    share : ndarray of shape (n_bins,)
        Share of the rows in each bin of survival, from 0 to 1; all equal if calibrated.
    """

    statistic: float
    p_value: float
    share: _Array


def d_calibration(
    y: Any,
    survival_at_time: ArrayLike,
    n_bins: int = 10,
    *,
    survival_at_entry: ArrayLike | None = None,
) -> DCalibration:
    r"""Test the calibration of survival curves over their whole range.

    For the true curves, :math:`S(T \mid x)` is uniform. It is counted in bins; a row censored at c
    counts for all bins below :math:`S(c \mid x)`, in proportion. For a row that entered at l, the
    uniform distribution below :math:`S(l \mid x)` that was expected at that time is replaced by
    the one expected from the start.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
        Events and times: see :func:`skmtl.tasks.event_times`. All causes count. Missing labels
        are left out.
    survival_at_time : array-like of shape (n_samples,)
        Survival of each row at its own time.
    n_bins : int, default=10
    survival_at_entry : array-like of shape (n_samples,), default=None
        Survival of each row at its own entry; 1 for rows observed from the start. Required if rows
        enter late.

    Returns
    -------
    DCalibration

    Raises
    ------
    ValueError
        For example if rows enter late and `survival_at_entry` is not passed.

    Notes
    -----
    Splitting a row at some time, into one that is censored and one that enters at that time with
    the same survival, does not change the result.

    References
    ----------
    H. Haider, B. Hoehn, S. Davis, R. Greiner, "Effective Ways to Build and Evaluate Individual
    Survival Distributions", Journal of Machine Learning Research 21 (2020), 1-63.

    Examples
    --------
    >>> from skmtl.survival import d_calibration
    >>> y = {"event": [1, 1, 1, 0], "duration": [1, 2, 3, 4]}
    >>> d_calibration(y, [0.9, 0.6, 0.3, 0.5], n_bins=2).share.tolist()
    [0.5, 0.5]
    """
    labels, rows = read_labels(y)
    survival = check_probabilities(read_by_row(survival_at_time, rows), "survival_at_time")
    check_n_bins(n_bins)
    entry = _survival_at_entry(survival_at_entry, labels, rows)
    if (survival > entry + 1e-9).any():
        raise ValueError("survival_at_time is above survival_at_entry in some rows.")
    censored = labels.event == 0
    place = np.minimum((survival * n_bins).astype(int), n_bins - 1)
    counts = np.bincount(place[~censored], minlength=n_bins).astype(np.float64)
    counts += _spread(survival[censored], n_bins)
    # For a row that entered late, replace what was expected at its entry by what is expected at
    # the start.
    n_subjects = float(beginnings(labels, (survival, entry)).sum())
    late = labels.entry > 0
    counts += (n_subjects - np.sum(~late)) / n_bins - _spread(entry[late], n_bins)
    expected = n_subjects / n_bins
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return DCalibration(statistic, float(chi2.sf(statistic, n_bins - 1)), counts / n_subjects)


def _survival_at_entry(
    survival_at_entry: ArrayLike | None, labels: EventTimes, rows: NDArray[np.bool_]
) -> _Array:
    late = labels.entry > 0
    if survival_at_entry is None:
        if late.any():
            raise ValueError(
                f"{int(late.sum())} rows of y entered late: had they failed before, they would "
                "not be here, so survival at the end must be compared with that at the entry. "
                "Pass survival_at_entry, the survival of each row at its own entry."
            )
        return np.ones(len(labels))
    survival = check_probabilities(read_by_row(survival_at_entry, rows), "survival_at_entry")
    return np.where(late, survival, 1.0)


def _spread(survival: _Array, n_bins: int) -> _Array:
    """Number of rows in each bin, if survival is uniform below these values."""
    edges = np.arange(n_bins) / n_bins
    end = np.maximum(survival, 1e-12)[:, None]
    return (np.clip(end - edges, 0, 1 / n_bins) / end).sum(axis=0)
