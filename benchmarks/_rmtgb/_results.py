"""The file of results: one row per set, split and model, written as soon as it is finished."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from benchmarks._results import ResultsFile
from benchmarks._rmtgb._models import MODELS
from benchmarks._rmtgb._sets import load_split

KEY = ["set", "seed", "model"]
COLUMNS = [
    *KEY,
    "status",
    "score",
    "exact_outliers",
    "cpu_seconds",
    "n_train",
    "n_test",
    "note",
]

Key = tuple[str, int, str]


def measure(name: str, seed: int, model: str) -> dict[str, Any]:
    """Score and CPU seconds (fit and predict) of a model on a split, or the error it raised."""
    split = load_split(name, seed)
    row = {"n_train": len(split.X_train), "n_test": len(split.X_test)}
    start = time.process_time()
    try:
        answer = MODELS[model](split)
    except Exception as error:  # one failure must not end the other comparisons
        return row | {"status": "failed", "note": f"{type(error).__name__}: {error}"[:300]}
    seconds = time.process_time() - start
    exact = None
    if split.outliers is not None and answer.outliers is not None:
        exact = answer.outliers == split.outliers
    return row | {
        "status": "ok",
        "score": split.score(answer.prediction),
        "exact_outliers": exact,
        "cpu_seconds": seconds,
        "note": answer.note,
    }


def results_file(path: Path) -> ResultsFile:
    return ResultsFile(path, KEY, COLUMNS)
