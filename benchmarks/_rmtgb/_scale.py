"""Seconds and memory for growing numbers of rows, each in a separate process.

Run by ``python -m benchmarks.rmtgb --scale``. Plain LightGBM without the task, with as many
rounds in all, shows the floor.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from benchmarks._rmtgb._ours import fixed_rounds
from benchmarks._rmtgb._rows import N_FEATURES, N_TASKS, make_rows
from benchmarks._rmtgb._sets import TASK
from benchmarks._worker import peak_megabytes

ROOT = Path(__file__).parents[2]
SIZES = (10**5, 10**6, 10**7)
BLOCKS = ("shared", "partition", "task")
ROUNDS = 10  # of each block
# The seconds per row at any size, against those at the smallest, that still count as flat.
FLAT = 1.5


def _ours(X: pd.DataFrame, y: np.ndarray) -> Any:
    return fixed_rounds(BLOCKS, ROUNDS, is_binary=False).fit(X, y)


class _Plain:
    def __init__(self, X: pd.DataFrame, y: np.ndarray) -> None:
        data = lgb.Dataset(X.drop(columns=TASK), y)
        params = {"objective": "regression", "num_threads": 1, "verbose": -1}
        self.booster = lgb.train(params, data, len(BLOCKS) * ROUNDS)

    def predict(self, X: pd.DataFrame) -> Any:
        return self.booster.predict(X.drop(columns=TASK), num_threads=1)


MODELS = {"rmtgb": _ours, "lightgbm": _Plain}


def measure(model: str, n_rows: int) -> dict[str, float]:
    """Return seconds of fit and predict, and the memory needed in addition to the rows."""
    X, y = make_rows(n_rows)
    base = peak_megabytes()
    start = time.process_time()
    fitted = MODELS[model](X, y)
    fit_seconds, fit_peak = time.process_time() - start, peak_megabytes()
    start = time.process_time()
    fitted.predict(X)
    return {
        "fit_seconds": fit_seconds,
        "predict_seconds": time.process_time() - start,
        "rows_mb": base,
        "fit_peak_mb": fit_peak,
        "peak_mb": peak_megabytes(),
    }


def scale_report(sizes: tuple[int, ...] = SIZES) -> Iterator[str]:
    """Yield lines of the report as soon as they are known."""
    yield f"{N_FEATURES} float32 features, {N_TASKS} tasks, {ROUNDS} rounds of each of {BLOCKS}"
    yield (
        f"{'model':10}{'rows':>12}{'fit s':>9}{'us/row':>9}{'predict s':>11}{'us/row':>9}"
        f"{'rows MB':>9}{'fit peak MB':>13}{'peak MB':>9}"
    )
    per_row: dict[str, list[float]] = {model: [] for model in MODELS}
    for n_rows in sizes:
        for model in MODELS:
            found = _in_a_process(model, n_rows)
            if isinstance(found, str):
                yield f"{model:10}{n_rows:12,}  {found}"
                continue
            fit, predict = (found[f"{what}_seconds"] * 1e6 / n_rows for what in ("fit", "predict"))
            per_row[model].append(fit)
            yield (
                f"{model:10}{n_rows:12,}{found['fit_seconds']:9.1f}{fit:9.2f}"
                f"{found['predict_seconds']:11.1f}{predict:9.2f}{found['rows_mb']:9.0f}"
                f"{found['fit_peak_mb']:13.0f}{found['peak_mb']:9.0f}"
            )
    for model, values in per_row.items():
        if len(values) == len(sizes):
            growth = max(values) / values[0]
            flat = "flat" if growth <= FLAT else "NOT FLAT"
            yield f"{model}: at most {growth:.2f} times the seconds per row at first: {flat}"


def _in_a_process(model: str, n_rows: int) -> dict[str, float] | str:
    command = [sys.executable, "-m", "benchmarks._rmtgb._scale", model, str(n_rows)]
    process = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        return (process.stderr.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
    return json.loads(process.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
