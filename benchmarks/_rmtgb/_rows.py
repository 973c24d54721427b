"""Any number of rows: 30 float32 features, 100 tasks, labels that trees can learn."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks._rmtgb._sets import TASK

N_FEATURES, N_TASKS = 30, 100


def make_rows(n_rows: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows of tasks that differ by a constant and a slope, without a float64 copy of X."""
    rng = np.random.default_rng(seed)
    x = rng.random((n_rows, N_FEATURES), dtype=np.float32)
    task = rng.integers(N_TASKS, size=n_rows, dtype=np.int32)
    offset, slope = rng.standard_normal((2, N_TASKS), dtype=np.float32)
    y = x[:, 0] * x[:, 1] + offset[task] + slope[task] * x[:, 2]
    y += rng.standard_normal(n_rows, dtype=np.float32)
    X = pd.DataFrame(x, columns=[f"x{j}" for j in range(N_FEATURES)], copy=False)
    X[TASK] = task
    return X, y
