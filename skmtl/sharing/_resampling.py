"""Confidence intervals of differences between models with overlapping training sets."""

from __future__ import annotations

import numpy as np
from scipy import stats


def corrected_interval(
    differences: np.ndarray, test_share: float, confidence: float
) -> tuple[float, float, float]:
    """Return the mean difference of two models over resampled splits, with its interval.

    The corrected resampled t-test: splits share most of their training rows, so that their
    differences are correlated, and the variance of the mean of J of them is not s^2 / J but about
    (1 / J + n_test / n_train) s^2.

    Parameters
    ----------
    differences : ndarray of shape (n_splits,)
        Differences of scores; NaN if a score is not defined.
    test_share : float
        Number of test rows divided by number of training rows.
    confidence : float
        Level of the interval.

    Returns
    -------
    mean, low, high : float
        The limits are NaN if there are fewer than two differences.

    References
    ----------
    C. Nadeau, Y. Bengio, "Inference for the Generalization Error", Machine Learning 52, 2003.
    """
    defined = differences[np.isfinite(differences)]
    n_splits = len(defined)
    if n_splits < 2:
        return (float(defined.mean()) if n_splits else np.nan), np.nan, np.nan
    mean = defined.mean()
    deviation = np.sqrt((1 / n_splits + test_share) * defined.var(ddof=1))
    half = stats.t.ppf((1 + confidence) / 2, n_splits - 1) * deviation
    return float(mean), float(mean - half), float(mean + half)
