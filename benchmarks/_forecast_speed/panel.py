"""A panel for speed alone, and what a process measures of itself; needs NumPy and pandas only."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

LAGS = list(range(1, 15))
WINDOWS = [7, 28]
LIGHTGBM: dict[str, Any] = {
    "n_estimators": 100, "num_leaves": 31, "learning_rate": 0.1, "n_jobs": 1, "verbose": -1,
}  # fmt: skip


def panel(n_series: int, n_days: int) -> pd.DataFrame:
    """Daily values of series with a level, a week and noise: unique_id, ds, y."""
    rng = np.random.default_rng(0)
    days = pd.date_range("2023-01-01", periods=n_days)
    week = np.sin(np.arange(n_days) * 2 * np.pi / 7)
    level = rng.lognormal(3, 1, n_series)
    noise = rng.normal(0, 0.3, (n_series, n_days))
    return pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(n_series), n_days),
            "ds": np.tile(days, n_series),
            "y": (level[:, None] * (2 + week + noise)).ravel(),
        }
    )


def measured(work: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """CPU seconds of some work, and the megabytes of this process before it and at its peak."""
    base, start = peak_megabytes(), time.process_time()
    result = work()
    seconds = time.process_time() - start
    return {"cpu_seconds": seconds, "base_mb": base, "peak_mb": peak_megabytes()}, result


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(outcome: dict[str, Any]) -> None:
    """Print an outcome for the process that asked for it."""
    print(json.dumps(outcome))
