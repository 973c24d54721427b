"""The search behind the defaults of MultiTab: one change at a time, inside the training part.

::

    python -m benchmarks.defaults --tables emotions nhanes --max-rows 3000
    python -m benchmarks.defaults --report

The test rows of a table's default split are never touched. Its training rows are split once more,
the way the table has to be split (the last fifth of a time series, whole groups, at random). Every
candidate is fitted on the larger part and judged on the smaller one by the mean over tasks of R2
or ROC AUC. Scores are appended to a CSV file; what is in it is not run again.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._data import Table, inner_table
from benchmarks._peers import Setting
from benchmarks._peers._multitab import MultiTabDefault
from benchmarks._worker import score

RESULTS = Path(__file__).parent / "results" / "defaults.csv"
TABLES = ["emotions", "student", "facebook", "steel_plates", "communities", "nhanes", "higgs_sub"]

# What is tried; each entry changes the defaults of its time in one respect.
CANDIDATES: dict[str, dict[str, Any]] = {
    "default": {},
    "learning_rate=2e-3": {"learning_rate": 2e-3},
    "learning_rate=5e-3": {"learning_rate": 5e-3},
    "learning_rate=1e-2": {"learning_rate": 1e-2},
    "dropout=0.1": {"dropout": 0.1},
    "dropout=0.25": {"dropout": 0.25},
    "dropout=0.4": {"dropout": 0.4},
    "weight_decay=3e-4": {"weight_decay": 3e-4},
    "weight_decay=3e-2": {"weight_decay": 3e-2},
    "n_members=4": {"n_members": 4},
    "n_members=8": {"n_members": 8},
    "n_members=16": {"n_members": 16},
    "row_size=128": {"row_size": 128},
    "row_layers=3": {"row_layers": 3},
    "n_bins=16": {"n_bins": 16},
    "linear": {"numeric_embedding": "linear"},
    "periodic": {"numeric_embedding": "periodic"},
    "no attention": {"n_blocks": 0},
    "feature attention": {"feature_attention": True},
    "mlp": {"row_mixing": "mlp"},
    "cosine": {"schedule": "cosine", "max_epochs": 40, "patience": 40},
    "averaging=0.98": {"averaging": 0.98},
    "averaging=0": {"averaging": 0.0},
}


def candidate_score(table: Table, parameters: dict[str, Any], seed: int) -> tuple[float, float]:
    """Mean score and seconds to fit."""
    model = MultiTabDefault(
        Setting(table.kinds, table.n_classes, table.task_column, seed, threads=1, device="cpu")
    )
    model.config = parameters  # type: ignore[misc]
    start = time.process_time()
    model.fit(table.X_train, table.Y_train)
    seconds = time.process_time() - start
    return float(np.nanmean(list(score(table, model.answer(table.X_test)).values()))), seconds


def report(results: pd.DataFrame) -> str:
    """Scores by table, and the mean difference to the first candidate."""
    scores = results.pivot_table(index="candidate", columns="table", values="score", sort=False)
    seconds = results.groupby("candidate", sort=False)["seconds"].sum()
    return scores.assign(
        mean=scores.mean(axis=1), rank=scores.rank(ascending=False).mean(axis=1), seconds=seconds
    ).to_string(float_format="{:.4f}".format)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", nargs="+", default=TABLES)
    parser.add_argument("--candidates", nargs="+", choices=CANDIDATES, default=list(CANDIDATES))
    parser.add_argument("--max-rows", type=int, default=3000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--report", action="store_true", help="run nothing, print the results")
    arguments = parser.parse_args()
    fields = ["candidate", "table", "seed", "max_rows", "score", "seconds"]
    done = pd.read_csv(arguments.out) if arguments.out.exists() else pd.DataFrame(columns=fields)
    known = set(done[fields[:4]].itertuples(index=False, name=None))
    with arguments.out.open("a", newline="") as file:
        writer = csv.writer(file)
        if not len(done):
            writer.writerow(fields)
        for name in [] if arguments.report else arguments.candidates:
            for table_name in arguments.tables:
                for seed in arguments.seeds:
                    key = (name, table_name, seed, arguments.max_rows)
                    if key in known:
                        continue
                    table = inner_table(table_name, max_rows=arguments.max_rows)
                    writer.writerow([*key, *candidate_score(table, CANDIDATES[name], seed)])
                    file.flush()
    print(report(pd.read_csv(arguments.out)))


if __name__ == "__main__":
    main()
