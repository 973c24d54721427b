"""Seconds and memory of boosting on many rows and bins.

Run by ``python -m benchmarks.survival --scale``, in a process that does nothing else. The target
is that a million rows and 50 bins are fitted and scored on a machine of two processors.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks._survival._measure import timed
from benchmarks._worker import peak_megabytes
from skmtl import RMTGBSurvival
from skmtl.datasets import make_survival

N_ROWS, N_BINS, N_ROUNDS = 10**6, 50, 10
N_TIMES = 20


def scale_report() -> Iterator[str]:
    """Yield lines of the report as soon as they are known."""
    X, y = make_survival(N_ROWS, 10, random_state=0)
    yield f"{N_ROWS:,} rows, {X.shape[1]} features, {N_BINS} bins, {N_ROUNDS} rounds; one thread"
    yield f"rows: {peak_megabytes():.0f} MB"
    model = RMTGBSurvival(
        cuts=N_BINS, n_rounds=N_ROUNDS, n_bags=1, early_stopping=False, random_state=0
    )
    times = np.linspace(1, 15, N_TIMES)
    for name, call in (
        ("fit", lambda: model.fit(X, y)),
        (f"curves at {N_TIMES} times", lambda: model.predict_survival_function(X, times)),
        ("score", lambda: model.score(X, y)),
    ):
        _, seconds = timed(call)
        yield f"{name}: {seconds:.1f} CPU s, peak so far {peak_megabytes():.0f} MB"
