"""Naive forecasts, without a model."""

from __future__ import annotations

import numpy as np

from skmtl.panels._panel import Panel

_MOST_SEASONS = 4


def last_observed(panel: Panel, column: int) -> np.ndarray:
    """Return, for each row of a panel, the last row of its series with a value up to it, or -1."""
    places = np.where(np.isfinite(panel.values[:, column]), np.arange(len(panel.codes)), -1)
    last = np.maximum.accumulate(places) if len(places) else places
    return np.where(last >= panel.starts(panel.codes), last, -1)


def last_values(
    panel: Panel, column: int, codes: np.ndarray, origins: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the last value of each series up to an origin (or NaN), and its position (or -1)."""
    if not len(panel.codes):
        return np.full(len(codes), np.nan), np.full(len(codes), -1)
    ends = panel.up_to(codes, origins)
    known = (codes >= 0) & (ends > panel.starts(codes))
    places = np.where(known, last_observed(panel, column)[np.maximum(ends - 1, 0)], -1)
    return panel.take(places, column), places


def seasonal_naive(
    panel: Panel,
    column: int,
    codes: np.ndarray,
    clock: np.ndarray,
    origins: np.ndarray,
    season: int,
) -> np.ndarray:
    """Return the value for the same time in the last season up to each origin.

    If it is missing, up to three earlier seasons are tried, and then the last value of the series
    up to the origin. NaN if there is no value.

    Parameters
    ----------
    panel : Panel
    column : int
    codes, clock, origins : ndarray of int64, shape (n,)
        Series and time to forecast, and the time up to which the series is known.
    season : int
        Length of the season, in steps of the clock.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    seasons = -((origins - clock) // season)  # the smallest number of seasons back to a known time
    values = np.full(len(codes), np.nan)
    for back in range(_MOST_SEASONS):
        empty = np.flatnonzero(np.isnan(values))
        if not len(empty):
            return values
        times = clock[empty] - season * (seasons[empty] + back)
        values[empty] = panel.take(panel.at(codes[empty], times), column)
    last, _ = last_values(panel, column, codes, origins)
    return np.where(np.isnan(values), last, values)


def naive_errors(panel: Panel, column: int, season: int, power: int) -> np.ndarray:
    """Return the mean absolute error, to a power, of the seasonal naive forecast by series.

    These are the scale of MASE (power 1) and the squared scale of RMSSE (power 2, season 1). Pairs
    with a missing value do not count.

    Returns
    -------
    ndarray of float64, shape (n_series,)
        NaN for a series without such a pair.
    """
    before = panel.at(panel.codes, panel.clock - season)
    errors = np.abs(panel.values[:, column] - panel.take(before, column)) ** power
    seen = np.isfinite(errors)
    counts = np.bincount(panel.codes[seen], minlength=panel.n_series)
    sums = np.bincount(panel.codes[seen], errors[seen], minlength=panel.n_series)
    return np.divide(sums, counts, out=np.full(panel.n_series, np.nan), where=counts > 0)
