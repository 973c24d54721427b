"""The number of threads of an engine."""

from __future__ import annotations

from joblib import effective_n_jobs

# A million threads, by mistake or in a forged file, would crash OpenMP.
_MOST = 512


def number_of_threads(n_jobs: int | None) -> int:
    """Return the number of threads for `n_jobs`, as joblib interprets it, at most 512.

    Examples
    --------
    >>> from skmtl.engines import number_of_threads
    >>> number_of_threads(2), number_of_threads(10**6)
    (2, 512)
    """
    return min(effective_n_jobs(n_jobs), _MOST)
