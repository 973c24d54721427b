"""How many threads an engine computes with."""

from __future__ import annotations

from joblib import effective_n_jobs

# A million, in a forged file or by a slip, would crash OpenMP.
_MOST = 512


def number_of_threads(n_jobs: int | None) -> int:
    """The number of threads that `n_jobs` means, as joblib reads it, at most 512.

    Examples
    --------
    >>> from skmtl.engines import number_of_threads
    >>> number_of_threads(2), number_of_threads(10**6)
    (2, 512)
    """
    return min(effective_n_jobs(n_jobs), _MOST)
