"""Costs and benefits of more rows, processes and workers on one machine.

::

    python -m benchmarks.scaling                    # all that is not yet measured
    python -m benchmarks.scaling --what memory      # fits from memory and from files
    python -m benchmarks.scaling --what ids         # fits from files with ids of 10^6 values
    python -m benchmarks.scaling --report           # print what is there

Every case runs alone in a new process (or in as many as torchrun or Dask start). Its seconds are
those of the fit or the scoring, without imports, the making of data and the start of a cluster;
`peak_mb` is the most resident memory of the process that fits, `base_mb` that before the fit.
`load` is the machine's mean number of running processes in the minute before: where it is above
the number of cores, seconds say little.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._arguments import parse_with_out
from benchmarks._results import ResultsFile
from benchmarks._worker import peak_megabytes
from skmtl import RMTGB, MultiTab
from skmtl.tables import HashedCategories, ParquetTable

ROOT = Path(__file__).parents[1]
N_FEATURES, CHUNK_ROWS = 20, 50_000
LABELS = ["amount", "visits", "late"]
ROWS_IN_MEMORY = 50_000
N_IDS, ROWS_TO_FIND_IDS = 1_000_000, 500_000  # ids of rows in memory are known


@dataclass(frozen=True)
class Case:
    """What is to be measured: `where` are the rows, `workers` the processes that do the work."""

    what: str
    model: str
    where: str
    workers: int
    rows: int


CASES = [
    *(
        Case("memory", model, where, 1, rows)
        for model in ("MultiTab", "RMTGB")
        for rows in (50_000, 150_000, 450_000)
        for where in ("memory", "files")
    ),
    *(Case("ids", "MultiTab", "files", 1, rows) for rows in (1_000_000, 10_000_000)),
    *(Case("training", "MultiTab", "memory", workers, 100_000) for workers in (1, 2)),
    *(
        Case("training", "RMTGB", where, workers, 200_000)
        for where, workers in (("memory", 1), ("dask", 1), ("dask", 2))
    ),
    *(
        Case("scoring", "MultiTab", where, workers, 200_000)
        for where, workers in (("memory", 1), ("dask", 1), ("dask", 2))
    ),
]
COLUMNS = [*Case.__dataclass_fields__, "status", "seconds", "rows_per_s", "base_mb", "peak_mb"]
COLUMNS += ["score", "load"]


def rows_of(number: int, n: int) -> pd.DataFrame:
    """A chunk of a table with three targets of mixed kinds."""
    rng = np.random.default_rng(number)
    X = rng.normal(size=(n, N_FEATURES)).astype(np.float32)
    signal = X[:, 0] + np.sin(2 * X[:, 1]) + X[:, 2] * X[:, 3]
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(N_FEATURES)])
    frame["amount"] = signal + rng.normal(size=n)
    frame["visits"] = 2 * signal + X[:, 4] + rng.normal(size=n)
    frame["late"] = signal + rng.normal(size=n) > 1
    return frame


def rows_with_ids(number: int, n: int) -> pd.DataFrame:
    """The same with two columns of ids as text, users and items, of which a few are frequent."""
    rng = np.random.default_rng([1, number])
    frame = rows_of(number, n)
    for column in ("user", "item"):
        ids = (N_IDS * rng.random(n) ** 3).astype(np.int64)
        frame["amount"] += np.sin(ids)
        frame[column] = [f"{column}-{id_}" for id_ in ids]
    return frame


def table_of(case: Case) -> Callable[[int, int], pd.DataFrame]:
    """From the number of a chunk and its rows to the chunk."""
    return rows_with_ids if case.what == "ids" else rows_of


def write(folder: Path, case: Case) -> None:
    """The table as Parquet files."""
    for number, start in enumerate(range(0, case.rows, CHUNK_ROWS)):
        rows = table_of(case)(number, min(CHUNK_ROWS, case.rows - start))
        rows.to_parquet(folder / f"{number:04}.parquet")


def model_of(name: str) -> Any:
    """Create a small network that is trained for a single epoch, independent of the machine."""
    if name == "MultiTab":
        return MultiTab(
            n_bags=1, n_members=2, row_size=64, batch_size=2048, max_epochs=1, random_state=0
        )
    return RMTGB(blocks=("shared",), n_bags=1, n_rounds=20, random_state=0)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def fit_memory(case: Case, folder: Path) -> dict[str, Any]:
    model = model_of(case.model)
    if case.what == "ids":
        model.set_params(hashed_categories=HashedCategories(min_count=1))
    base = peak_megabytes()
    if case.where == "files":
        in_memory = ROWS_TO_FIND_IDS if case.what == "ids" else ROWS_IN_MEMORY
        table = ParquetTable(folder, rows_in_memory=in_memory)
        seconds, _ = timed(lambda: model.fit(table, LABELS))
    else:
        frame = pd.read_parquet(folder)
        seconds, _ = timed(lambda: model.fit(frame.drop(columns=LABELS), frame[LABELS]))
    return {"seconds": seconds, "base_mb": base, "peak_mb": peak_megabytes()} | score_of(
        model, case
    )


def fit_together(case: Case, folder: Path) -> dict[str, Any]:
    """Fit in a process of torchrun."""
    from skmtl.distributed import data_parallel

    frame = pd.read_parquet(folder)
    with data_parallel():
        model = model_of(case.model)
        seconds, _ = timed(lambda: model.fit(frame.drop(columns=LABELS), frame[LABELS]))
    return {"seconds": seconds, "peak_mb": peak_megabytes()} | score_of(model, case)


def on_dask(case: Case, folder: Path) -> dict[str, Any]:
    import dask.dataframe as dd
    from dask.distributed import Client, LocalCluster

    from skmtl.distributed import fit_with_dask

    cluster = LocalCluster(
        n_workers=case.workers, threads_per_worker=1, dashboard_address=":0", memory_limit=0
    )
    with cluster, Client(cluster) as client:
        client.run(_import)
        data = dd.read_parquet(folder).persist()
        client.gather(client.map(len, client.compute(list(data.to_delayed()))))
        if case.what == "training":
            model = model_of(case.model)
            seconds, _ = timed(
                lambda: fit_with_dask(model, data, LABELS, rows_in_memory=ROWS_IN_MEMORY)
            )
            return {"seconds": seconds} | score_of(model, case)
        model = small_model()
        client.run(_predict, rows_of(0, 1).drop(columns=LABELS), model)
        features = data.drop(columns=LABELS)
        meta = model.predict(rows_of(0, 1).drop(columns=LABELS)).head(0)

        def work() -> int:
            sent = client.scatter(model, broadcast=True)
            scored = features.map_partitions(
                lambda part, sent: sent.predict(part), sent, meta=meta
            )
            return len(scored)

        seconds, _ = timed(work)
        return {"seconds": seconds}


def _import() -> None:
    import_module("skmtl.estimators")


def _predict(rows: pd.DataFrame, model: MultiTab) -> pd.DataFrame:
    return model.predict(rows)


def score_alone(case: Case, folder: Path) -> dict[str, Any]:
    model, X = small_model(), pd.read_parquet(folder).drop(columns=LABELS)
    return {"seconds": timed(lambda: model.predict(X))[0], "peak_mb": peak_megabytes()}


def small_model() -> MultiTab:
    rows = rows_of(0, 5_000)
    return model_of("MultiTab").fit(rows.drop(columns=LABELS), rows[LABELS])


def score_of(model: Any, case: Case) -> dict[str, float]:
    test = table_of(case)(10_000, 10_000)
    return {"score": model.score(test.drop(columns=LABELS), test[LABELS])}


def measure(case: Case, folder: Path) -> dict[str, Any]:
    """Measure in the process that does the work."""
    if case.what in ("memory", "ids") or (case.model == "RMTGB" and case.where == "memory"):
        return fit_memory(case, folder)
    if case.where == "dask":
        return on_dask(case, folder)
    return score_alone(case, folder) if case.what == "scoring" else fit_together(case, folder)


def run(case: Case) -> dict[str, Any]:
    """Measure a case in a separate process, on a table that is deleted afterwards."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name) / "table", Path(name) / "out.json"
        folder.mkdir()
        write(folder, case)
        launch = []
        if case.what == "training" and case.model == "MultiTab":
            launch = ["-m", "torch.distributed.run", "--standalone"]
            launch += [f"--nproc_per_node={case.workers}"]
        arguments = [json.dumps(astuple(case)), str(folder), str(out)]
        command = [sys.executable, *launch, "-m", "benchmarks.scaling", "--one", *arguments]
        finished = subprocess.run(command, cwd=ROOT)
        if finished.returncode or not out.exists():
            return {"status": "error", "load": load}
        outcome = json.loads(out.read_text())
    outcome["rows_per_s"] = case.rows / outcome["seconds"]
    return outcome | {"status": "ok", "load": load}


def one(text: str, folder: str, out: str) -> None:
    outcome = measure(Case(*json.loads(text)), Path(folder))
    if os.environ.get("RANK", "0") == "0":
        Path(out).write_text(json.dumps(outcome))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--what", choices=sorted({case.what for case in CASES}))
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    arguments = parse_with_out(parser, "scaling.csv")
    if arguments.one:
        one(*arguments.one)
        return
    results = ResultsFile(arguments.out, [field.name for field in fields(Case)], COLUMNS)
    if not arguments.report:
        asked = (case for case in CASES if arguments.what in (None, case.what))
        results.add_missing(asked, run)
    print(results.read().to_string(index=False))


if __name__ == "__main__":
    main()
