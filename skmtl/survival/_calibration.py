"""Whether predicted survival is distributed as it should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from skmtl.survival._inputs import check_n_bins, read_labels, read_risk

_Array = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class DCalibration:
    """Result of `d_calibration`.

    Attributes
    ----------
    statistic : float
        Pearson's chi-squared statistic of the bins.
    p_value : float
        Small where the curves are not calibrated.
    share : ndarray of shape (n_bins,)
        Share of the rows in each bin of survival, from 0 to 1; all alike if calibrated.
    """

    statistic: float
    p_value: float
    share: _Array


def d_calibration(y: Any, survival_at_time: ArrayLike, n_bins: int = 10) -> DCalibration:
    r"""Test the calibration of survival curves over their whole range.

    Of true curves, :math:`S(T \mid x)` is uniform. It is counted in bins; a row censored at c
    counts for all bins below :math:`S(c \mid x)`, in proportion.

    Parameters
    ----------
    y : structured array, DataFrame or mapping of shape (n_samples,)
        Events and times: see :func:`skmtl.tasks.event_times`. All causes count. Missing labels
        are left out.
    survival_at_time : array-like of shape (n_samples,)
        Survival of each row at its own time.
    n_bins : int, default=10

    Returns
    -------
    DCalibration

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
    survival = read_risk(survival_at_time, rows)
    if (survival < 0).any() or (survival > 1).any():
        raise ValueError(
            f"survival_at_time must hold probabilities, got values from {survival.min():g} to "
            f"{survival.max():g}."
        )
    check_n_bins(n_bins)
    edges = np.arange(n_bins) / n_bins
    own = np.minimum((survival * n_bins).astype(int), n_bins - 1)
    censored = labels.event == 0
    counts = np.bincount(own[~censored], minlength=n_bins).astype(np.float64)
    # What remains of a censored row is spread evenly from 0 to its survival.
    end = np.maximum(survival[censored], 1e-12)[:, None]
    counts += (np.clip(end - edges, 0, 1 / n_bins) / end).sum(axis=0)
    expected = len(labels) / n_bins
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return DCalibration(statistic, float(chi2.sf(statistic, n_bins - 1)), counts / len(labels))
