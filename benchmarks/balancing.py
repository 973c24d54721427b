"""Which way of balancing the tasks helps where? On real tables and on planted structures.

::

    python -m benchmarks.balancing                        # hours on one core
    python -m benchmarks.balancing --tables enb nls --structures --seeds 1 --max-rows 500
    python -m benchmarks.balancing --speed                # time per step only
    python -m benchmarks.balancing --report               # print what is there

Every method is `MultiTab` with one network and the given epochs at most, all else by default, or a
small network.
Scores are R2 and ROC AUC on test rows, by task. Runs that are in the file of results are not
repeated. Structures are drawn and tables split anew for each seed.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np
import torch

from benchmarks._arguments import parse_with_out
from benchmarks._balancing._report import report
from benchmarks._balancing._steps import step_times
from benchmarks._balancing._structures import STRUCTURES, structured_table
from benchmarks._data import Table, load_table, table_names
from benchmarks._peers import Answers, Setting
from benchmarks._peers._multitab import MultiTabDefault
from benchmarks._results import ResultsFile
from benchmarks._worker import score
from skmtl.balancing import BALANCERS

# Where the tasks have to share little, conflicts matter more.
NETWORKS: dict[str, dict[str, Any]] = {
    "default": {},
    "small": {
        "row_size": 32,
        "n_members": 2,
        "embedding_size": 8,
        "feedforward_size": 16,
        "tower_size": 8,
    },
}
KEY = ["network", "table", "balance", "seed", "max_rows", "max_epochs"]
COLUMNS = [
    *KEY,
    "status",
    "n_train",
    "n_tasks",
    "fit_seconds",
    "fit_cpu_seconds",
    "epochs",
    "mean_score",
    "task_scores",
    "error",
]
PLACES = ["representation", "trunk"]
STEP_KEY = ["balance", "at", "rows"]
STEP_COLUMNS = [*STEP_KEY, "status", "milliseconds", "ratio"]


def measure(
    table: Table, network: str, balance: str, seed: int, max_epochs: int
) -> dict[str, Any]:
    """Time and scores of one fit."""

    class Balanced(MultiTabDefault):
        config = NETWORKS[network] | {
            "n_bags": 1,
            "max_epochs": max_epochs,
            "balance": balance,
        }

    setting = Setting(table.kinds, table.n_classes, table.task_column, seed, 1, "cpu")
    model = Balanced(setting)
    start, cpu_start = time.perf_counter(), time.process_time()
    try:
        model.fit(table.X_train, table.Y_train)
    except (ValueError, FloatingPointError) as error:
        return {"status": "failed", "error": str(error)}
    outcome: dict[str, Any] = {
        "status": "ok",
        "n_train": len(table.X_train),
        "n_tasks": len(table.kinds),
        "fit_seconds": time.perf_counter() - start,
        "fit_cpu_seconds": time.process_time() - cpu_start,
        "epochs": model.n_epochs,
    }
    answers: Answers = model.answer(table.X_test)
    scores = score(table, answers)
    return outcome | {
        "mean_score": float(np.mean(list(scores.values()))),
        "task_scores": json.dumps({task: round(value, 4) for task, value in scores.items()}),
    }


def run(results: ResultsFile, arguments: argparse.Namespace) -> None:
    finished = results.done()
    network, max_epochs = arguments.network, arguments.max_epochs
    tables = table_names() if arguments.tables is None else arguments.tables
    for seed in range(arguments.seeds):
        for name in [*arguments.structures, *tables]:
            planted = name in STRUCTURES
            max_rows = 0 if planted else arguments.max_rows
            keys = [
                (network, name, each, seed, max_rows, max_epochs) for each in arguments.balancers
            ]
            open_keys = [key for key in keys if key not in finished]
            if not open_keys:
                continue
            table = (
                structured_table(name, seed)
                if planted
                else load_table(name, max_rows=max_rows or None, seed=seed)
            )
            if len(table.kinds) == 1:  # nothing to balance
                continue
            for key in open_keys:
                outcome = measure(table, network, key[2], seed, max_epochs)
                results.add(key, outcome)
                print(*key, outcome["status"], outcome.get("mean_score"), flush=True)


def run_steps(results: ResultsFile, balancers: list[str], places: list[str], rounds: int) -> None:
    for at in places:
        for n_rows in (32, 256):
            times = step_times(balancers, n_rows, at, rounds)
            for balance, row in times.iterrows():
                results.add((balance, at, n_rows), {"status": "ok"} | row.to_dict())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="*", help="default: all wide tables marked for ranking")
    parser.add_argument("--structures", nargs="*", choices=STRUCTURES, default=list(STRUCTURES))
    parser.add_argument("--balancers", nargs="+", choices=BALANCERS, default=list(BALANCERS))
    parser.add_argument("--network", choices=NETWORKS, default="default")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--max-rows", type=int, default=0, help="of training; 0: all")
    parser.add_argument("--max-epochs", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=40, help="of steps")
    parser.add_argument("--at", nargs="+", choices=PLACES, default=PLACES, help="of steps")
    parser.add_argument("--speed", action="store_true", help="time steps, fit nothing")
    parser.add_argument("--report", action="store_true", help="run nothing, print the results")
    arguments = parse_with_out(parser, "balancing.csv")
    torch.set_num_threads(1)
    results = ResultsFile(arguments.out, KEY, COLUMNS)
    speed_path = arguments.out.with_name(arguments.out.stem + "_steps.csv")
    steps = ResultsFile(speed_path, STEP_KEY, STEP_COLUMNS)
    if arguments.speed:
        run_steps(steps, arguments.balancers, arguments.at, arguments.rounds)
    elif not arguments.report:
        run(results, arguments)
    print(report(results.read(), steps.read()))


if __name__ == "__main__":
    main()
