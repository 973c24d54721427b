"""Milliseconds to predict one row with a warm model.

Models with default parameters are fitted on 12,000 flights (17 features of mixed types, 5 targets)
and kept in a folder, so that two versions of skmtl can be compared on the same models. The rows
are data frames of one row, which take turns. "wall" is what a caller waits, "cpu" what the thread
computes: on a busy machine the first has the time in it that other programs get. "quiet" is the
lowest median of the wall times of 20 calls in a row, those that were least disturbed.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import skmtl
from benchmarks._results import ResultsFile
from skmtl.datasets import load_flights_nyc
from skmtl.model_selection import multitask_train_test_split

KEY = ["label", "model"]
COLUMNS = [
    *KEY, "status", "calls", "wall_p50_ms", "wall_p95_ms", "cpu_p50_ms", "cpu_p95_ms",
    "quiet_p50_ms", "load_average", "threads",
]  # fmt: skip
RESULTS = ResultsFile(Path(__file__).parents[1] / "results" / "scoring_latency.csv", KEY, COLUMNS)
MODELS: dict[str, Callable[[float], Any]] = {
    "RMTGB": lambda seconds: skmtl.RMTGB(random_state=0),
    "MultiTab": lambda seconds: skmtl.MultiTab(max_time=seconds, random_state=0, device="cpu"),
}
WARM_UP, RUN = 50, 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", type=Path, required=True, help="folder for the fitted models")
    parser.add_argument("--label", default=skmtl.__version__, help="name of this run")
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--max-time", type=float, default=60, help="seconds to fit MultiTab")


def run(arguments: argparse.Namespace) -> Iterator[str]:
    """Measure, and yield the lines of the report."""
    X, Y = load_flights_nyc(return_X_y=True)
    X_train, X_test, Y_train, _ = multitask_train_test_split(X, Y, test_size=3_000, random_state=0)
    arguments.models.mkdir(parents=True, exist_ok=True)
    for name, make in MODELS.items():
        path = arguments.models / f"{name}.skmtl"
        if not path.exists():
            make(arguments.max_time).fit(X_train, Y_train).save(path)
        outcome = measure(skmtl.load(path), X_test, arguments.calls)
        RESULTS.add((arguments.label, name), outcome)
    yield from report()


def report() -> Iterator[str]:
    """Return the existing results in milliseconds."""
    yield RESULTS.read().drop(columns="status").to_string(index=False)


def measure(model: Any, X: pd.DataFrame, calls: int) -> dict[str, Any]:
    rows = [X.iloc[[i % len(X)]] for i in range(WARM_UP + calls)]
    for row in rows[:WARM_UP]:
        model.predict(row)
    wall, cpu = [], []
    for row in rows[WARM_UP:]:
        before = time.perf_counter(), time.thread_time()
        model.predict(row)
        wall.append(time.perf_counter() - before[0])
        cpu.append(time.thread_time() - before[1])
    found = {
        f"{clock}_p{level}_ms": round(1e3 * float(np.percentile(seconds, level)), 3)
        for clock, seconds in (("wall", wall), ("cpu", cpu))
        for level in (50, 95)
    }
    medians = [np.median(wall[i : i + RUN]) for i in range(0, calls, RUN)]
    found["quiet_p50_ms"] = round(1e3 * float(min(medians)), 3)
    load = round(os.getloadavg()[0], 1)
    threads = os.environ.get("OMP_NUM_THREADS", "default")
    return {"status": "ok", "calls": calls, **found, "load_average": load, "threads": threads}
