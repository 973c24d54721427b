"""Rows per second from Parquet to Parquet, against those of `predict` in memory.

Both in one process that may use one core, in turns: `predict` of a frame that is in memory
already, and `score_files` from the file that holds it to a file that is on the disk in the end.
Reading, writing, manifests and the checksum of the model count for `score_files`. With "all" it
writes the probabilities of all classes as well, which `predict` does not give. The target is
judged by CPU seconds, which other processes on the machine hardly change; waiting for the disk is
only in the rows per second.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import torch

import skmtl
from benchmarks._results import ResultsFile
from benchmarks._scoring._models import MODELS

ROOT = Path(__file__).parents[2]
KEY = ["model", "outputs"]
COLUMNS = [*KEY, "status", "rows", "repeats", "predict_rows_per_s", "files_rows_per_s", "ratio",
           "cpu_ratio", "load"]  # fmt: skip
RESULTS = ResultsFile(ROOT / "benchmarks" / "results" / "scoring_throughput.csv", KEY, COLUMNS)
TARGET = 0.80
N_ROWS = {"RMTGB, 30 rounds": 1_000_000, "RMTGB": 50_000, "MultiTab": 20_000}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--rows", type=int, help="instead of a number that suits the model")
    parser.add_argument("--repeats", type=int, default=3)


def run(arguments: argparse.Namespace) -> Iterator[str]:
    """Measure, and yield the lines of the report."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    for name in arguments.models:
        n_rows = arguments.rows or N_ROWS[name]
        for outputs, proba in (("predictions", False), ("all", True)):
            if outputs == "all" and name == "RMTGB, 30 rounds":
                continue  # it has no classes
            RESULTS.add((name, outputs), measure(name, n_rows, arguments.repeats, proba))
    yield from report()


def measure(name: str, n_rows: int, repeats: int, proba: bool) -> dict[str, float | str]:
    model, make = MODELS[name]()
    with tempfile.TemporaryDirectory(prefix="skmtl-") as folder:
        path = Path(folder) / "rows.parquet"
        make(n_rows, 1).to_parquet(path, row_group_size=2**17, index=False)
        X = pd.read_parquet(path).drop(columns="id")

        def files(number: int) -> None:
            out = Path(folder) / f"out-{number}"
            skmtl.score_files(model, path, out, keep=["id"], proba=proba)

        model.predict(X[:1000])
        turns: list[tuple[Callable[[int], object], list]] = [
            (lambda _: model.predict(X), []),
            (files, []),
        ]
        for number in range(repeats):
            for call, seconds in turns:
                wall, cpu = time.perf_counter(), time.process_time()
                call(number)
                seconds.append((time.perf_counter() - wall, time.process_time() - cpu))
    predict, scoring = (pd.DataFrame(s, columns=["wall", "cpu"]).median() for _, s in turns)
    return {
        "status": "ok",
        "rows": n_rows,
        "repeats": repeats,
        "predict_rows_per_s": n_rows / predict["wall"],
        "files_rows_per_s": n_rows / scoring["wall"],
        "ratio": predict["wall"] / scoring["wall"],
        "cpu_ratio": predict["cpu"] / scoring["cpu"],
        "load": os.getloadavg()[0],
    }


def report() -> Iterator[str]:
    """Report the results."""
    yield "Rows per second on one core (medians)"
    for row in RESULTS.read().itertuples():
        reached = "reached" if row.cpu_ratio >= TARGET else "MISSED"
        yield (
            f"{row.model:18}{row.outputs:12} predict {row.predict_rows_per_s:10,.0f}   "
            f"Parquet to Parquet {row.files_rows_per_s:10,.0f}   ratio {row.ratio:.2f}, of CPU "
            f"seconds {row.cpu_ratio:.2f}, target {TARGET}: {reached} (load {row.load:.0f})"
        )
