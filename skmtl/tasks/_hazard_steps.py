"""Maximum likelihood hazards of identical rows."""

from __future__ import annotations

import numpy as np

from skmtl.tasks._clock import LEAST


def solve_hazards(
    exposure: np.ndarray, bins: np.ndarray, width: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """Solve exposure = sum of weight * width / expm1(width * hazard) over the events of a bin.

    This is Newton's method on the logarithm of the hazard, for which the problem is convex.

    Parameters
    ----------
    exposure : ndarray of shape (n_bins,)
        Weighted exposure of the rows, without the steps of the events.
    bins : int ndarray of shape (n_events,)
    width, weight : ndarray of shape (n_events,)

    Returns
    -------
    ndarray of shape (n_bins,)
        The hazards. In a bin without an event the probability of an event is `LEAST`, and in a
        bin in which all rows fail survival is `LEAST`.
    """
    n_bins = len(exposure)
    least, most = np.log(-np.log1p(-LEAST)), np.log(-np.log(LEAST))
    events = np.bincount(bins, weight, n_bins)
    half = np.bincount(bins, weight * width / 2, n_bins)
    with np.errstate(divide="ignore", invalid="ignore"):
        lowest = np.where(events > 0, np.log(events / (exposure + half)), least)
    start = log_hazard = np.minimum(lowest, most)  # the hazard is never less
    for _ in range(50):
        hazard = np.exp(log_hazard)
        step = np.maximum(hazard[bins] * width, 1e-300)
        with np.errstate(over="ignore"):
            odds = step / np.expm1(step)
        slope = exposure * hazard - np.bincount(bins, weight * odds, n_bins)
        curvature = exposure * hazard + np.bincount(
            bins, weight * odds * (step / -np.expm1(-step) - 1), n_bins
        )
        move = np.divide(slope, curvature, out=np.zeros(n_bins), where=curvature > 0)
        log_hazard = np.clip(log_hazard - np.clip(move, -1, 1), start, most)
        if np.abs(move).max() < 1e-13:
            break
    return np.exp(log_hazard)
