"""Memory of `score_files` while it scores one large file.

The file is made first, of random numbers that do not shrink, in row groups of a million rows. Then
a process of its own scores it, and notes its resident memory after every batch. What it has before
the first row is Python, the libraries and the model.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

import skmtl
from benchmarks._results import ResultsFile
from benchmarks._rmtgb._rows import N_FEATURES, N_TASKS
from benchmarks._rmtgb._sets import TASK
from benchmarks._scoring._models import few_trees
from benchmarks._worker import peak_megabytes

ROOT = Path(__file__).parents[2]
KEY = ["format", "rows", "row"]
COLUMNS = [*KEY, "status", "file_mb", "seconds", "rss_mb", "peak_mb"]
RESULTS = ResultsFile(ROOT / "benchmarks" / "results" / "scoring_memory.csv", KEY, COLUMNS)
GROUP_ROWS = 2**20
MOST_MB = 1024  # besides what is there before the first row
N_POINTS = 25  # of the curve in the results


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--gigabytes", type=float, default=4.0)
    parser.add_argument("--format", choices=["parquet", "csv"], default="parquet")


def run(arguments: argparse.Namespace) -> Iterator[str]:
    """Measure, and yield the lines of the report."""
    with tempfile.TemporaryDirectory(prefix="skmtl-") as folder:
        path = Path(folder) / f"rows.{arguments.format}"
        n_rows = make_file(path, int(arguments.gigabytes * 1e9))
        megabytes = path.stat().st_size / 2**20
        yield f"{path.name}: {n_rows:,} rows, {megabytes:,.0f} MB"
        few_trees().model.save(Path(folder) / "model.skmtl")
        found = subprocess.run(
            [sys.executable, "-m", "benchmarks._scoring._memory", folder, path.name],
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    curve = json.loads(found.stdout)
    kept = np.unique(np.linspace(0, len(curve) - 1, N_POINTS).astype(int))
    for point in (curve[i] for i in kept):
        key = (arguments.format, n_rows, point.pop("row"))
        RESULTS.add(key, point | {"status": "ok", "file_mb": megabytes})
    yield from report()


def make_file(path: Path, n_bytes: int) -> int:
    """Write a file of about this size, and return its number of rows."""
    rng, n_rows, writer = np.random.default_rng(0), 0, None
    while not path.exists() or path.stat().st_size < n_bytes:
        columns = {f"x{j}": rng.random(GROUP_ROWS) for j in range(N_FEATURES)}
        columns[TASK] = rng.integers(N_TASKS, size=GROUP_ROWS)
        table = pa.table(columns | {"id": np.arange(n_rows, n_rows + GROUP_ROWS)})
        if writer is None:
            kind: Any = pq.ParquetWriter if path.suffix == ".parquet" else pa.csv.CSVWriter
            writer = kind(path, table.schema)
        writer.write_table(table)
        n_rows += GROUP_ROWS
    assert writer is not None
    writer.close()
    return n_rows


def score(folder: Path, name: str) -> list[dict[str, float]]:
    """Score the file, and return the memory after every batch."""
    model = skmtl.load(folder / "model.skmtl")
    model.predict(pd.DataFrame(np.zeros((1, N_FEATURES + 1)), columns=model.feature_names_in_))
    started = time.monotonic()

    def point(row: int) -> dict[str, float]:
        return {
            "row": row,
            "seconds": time.monotonic() - started,
            "rss_mb": resident_megabytes(),
            "peak_mb": peak_megabytes(),
        }

    curve = [point(0)]
    skmtl.score_files(
        model, folder / name, folder / "out", keep=["id"],
        progress=lambda now: curve.append(point(now.n_rows)),
    )  # fmt: skip
    return curve


def resident_megabytes() -> float:
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(x for x in status if x.startswith("VmRSS")).split()[1]) / 1024


def report() -> Iterator[str]:
    """Report the results."""
    for (kind, n_rows), curve in RESULTS.read().groupby(["format", "rows"]):
        before, peak = curve["rss_mb"].iloc[0], curve["peak_mb"].max()
        reached = "reached" if peak - before <= MOST_MB else "MISSED"
        yield (
            f"{kind}, {n_rows:,} rows, {curve['file_mb'].iloc[0]:,.0f} MB: {before:,.0f} MB "
            f"before the first row, at most {peak:,.0f} MB, {curve['seconds'].max():,.0f} s; "
            f"target {MOST_MB} MB more: {reached}"
        )
        yield "  " + ", ".join(
            f"{point.row / 1e6:.1f}M: {point.rss_mb:,.0f}" for point in curve.itertuples()
        )


if __name__ == "__main__":
    print(json.dumps(score(Path(sys.argv[1]), sys.argv[2])))
