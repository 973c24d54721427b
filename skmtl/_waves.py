"""The basis of waves in which engines learn series of raw scores."""

from __future__ import annotations

import numpy as np


def cosine_waves(n_steps: int, n_waves: int, n_series: int = 1) -> np.ndarray:
    """Return cosines over the steps of a series: level, trend, and finer and finer waves.

    The k-th wave (from 0) has the size 1 / (1 + k). With as many waves as steps, any series is a
    sum of them.

    Parameters
    ----------
    n_steps : int
    n_waves : int
    n_series : int, default=1
        Number of interleaved series: the first step of each, then the second of each, and so on.

    Returns
    -------
    ndarray of shape (n_waves * n_series, n_steps * n_series)
        Wave k of series j is row ``k * n_series + j``.

    Examples
    --------
    >>> from skmtl._waves import cosine_waves
    >>> cosine_waves(3, 2).round(3).tolist()
    [[1.0, 1.0, 1.0], [0.433, 0.0, -0.433]]
    """
    order = np.arange(n_waves)[:, None]
    place = (np.arange(n_steps) + 0.5) / n_steps
    return np.kron(np.cos(np.pi * order * place) / (1 + order), np.eye(n_series))
