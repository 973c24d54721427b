"""Compare MultiTab with other libraries on the shared real tables, in one run.

::

    python -m benchmarks.multitab                                  # everything, for hours
    python -m benchmarks.multitab --tables meats nls --models multitab lightgbm
    python -m benchmarks.multitab --max-rows 20000 --out benchmarks/results/small.csv
    python -m benchmarks.multitab --report                         # print what is there

Every pair of a table and a model runs in a process of its own, with a time limit, so that memory
is measured by itself and one failure ends nothing else. Results are appended to a CSV file as
they come; a second run leaves out what is in it. Our models run on the GPU as well if torch
finds one. The tables are those marked for ranking in the data's README; their location is
``SKMTL_DATA``, by default ``../shared/data``. Of more than 60 targets 20 are used.
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
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks._arguments import parse_with_out
from benchmarks._data import table_names
from benchmarks._peers import OURS, installed, names
from benchmarks._report import summary, table_report
from benchmarks._results import Results, Run

ROOT = Path(__file__).parents[1]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="+", help="default: all tables marked for ranking")
    parser.add_argument("--models", nargs="+", choices=names(), help="default: all installed")
    parser.add_argument("--max-rows", type=int, default=0, help="training rows; 0: all")
    parser.add_argument("--threads", type=int, default=1, help="per model; default: 1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, default=3600, help="seconds per table and model")
    parser.add_argument(
        "--devices", nargs="+", help="of our models; default: cpu, and cuda if there is one"
    )
    parser.add_argument("--report", action="store_true", help="run nothing, print the results")
    return parse_with_out(parser, "multitab.csv", "multitab_1k.csv")


def planned(arguments: argparse.Namespace) -> Iterator[Run]:
    devices = arguments.devices or (["cpu", "cuda"] if _has_cuda() else ["cpu"])
    for table in arguments.tables or table_names():
        for model in arguments.models or installed():
            for device in devices if model in OURS else ["cpu"]:
                yield Run(
                    table, model, device, arguments.seed, arguments.threads, arguments.max_rows
                )


def _has_cuda() -> bool:
    # In a process of its own: torch would be counted as this one's memory for good.
    code = "import torch, sys; sys.exit(not torch.cuda.is_available())"
    return subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def execute(run: Run, limit: float, answers: Path) -> dict[str, Any]:
    """Measure one pair in a separate process."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "measured.json"
        command = [sys.executable, "-m", "benchmarks._worker"]
        for name, value in (asdict(run) | {"out": out, "answers": answers}).items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(run.threads))
        try:
            process = subprocess.run(
                command,
                cwd=ROOT,
                env=os.environ | threads,
                timeout=limit,
                capture_output=True,
                text=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return {"status": "timeout", "error": f"more than {limit:g} s"}
        if process.returncode:
            lines = process.stderr.strip().splitlines() or [f"exit code {process.returncode}"]
            return {"status": "failed", "error": lines[-1][:500]}
        return {"status": "ok"} | json.loads(out.read_text())


def main() -> None:
    arguments = parse()
    results = Results(arguments.out)
    answers = arguments.out.with_name(arguments.out.stem + "_answers")
    runs = [] if arguments.report else list(planned(arguments))
    finished = results.finished(arguments.limit)
    todo = [run for run in runs if run not in finished]
    print(f"{len(todo)} of {len(runs)} pairs to run, results in {arguments.out}", flush=True)
    for position, run in enumerate(todo, 1):
        start = time.perf_counter()
        outcome = execute(run, arguments.limit, answers)
        results.add_run(run, outcome | {"limit": arguments.limit})
        score = f"{outcome['mean_score']:.4f}" if outcome["status"] == "ok" else outcome["error"]
        seconds = time.perf_counter() - start
        print(f"[{position}/{len(todo)}] {run}: {outcome['status']} {score} ({seconds:.0f} s)",
              flush=True)  # fmt: skip
    everything = results.read()
    for table in everything["table"].unique():
        print("\n" + table_report(everything, table))
    print("\n" + summary(everything))


if __name__ == "__main__":
    main()
