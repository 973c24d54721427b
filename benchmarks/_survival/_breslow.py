"""Breslow's baseline for models that only return the risks of proportional hazards."""

from __future__ import annotations

import numpy as np

from benchmarks._survival._peer import stepped


class Baseline:
    """The cumulative hazard of a row with risk 0.

    Parameters
    ----------
    risk : ndarray of shape (n_samples,)
        Logarithms of the relative hazards.
    event : ndarray of bool of shape (n_samples,)
    time : ndarray of shape (n_samples,)
    """

    def __init__(self, risk: np.ndarray, event: np.ndarray, time: np.ndarray) -> None:
        self.centre = float(np.mean(risk))
        relative = np.exp(np.asarray(risk, dtype=float) - self.centre)
        self.times, own = np.unique(time, return_inverse=True)
        failed = np.bincount(own, event)
        at_risk = np.cumsum(np.bincount(own, relative)[::-1])[::-1]
        self.hazard = np.cumsum(failed / at_risk)

    def survival(self, risk: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Return survival of shape (n_samples, n_times)."""
        relative = np.exp(np.asarray(risk, dtype=float) - self.centre)
        return stepped(np.exp(-self.hazard)[None], self.times, times) ** relative[:, None]
