"""The search behind the defaults of MultiTab: one change at a time, inside the training part.

::

    python -m benchmarks.defaults --tables emotions nhanes --max-rows 2000 --seeds 1 2
    python -m benchmarks.defaults --candidates "n_bins=48" "n_bins=16" --n-bags 2
    python -m benchmarks.defaults --report

The test rows of a table's default split are never touched. Its training rows are split once more,
the way the table has to be split (the last fifth of a time series, whole groups, at random), anew
for each seed. Every candidate is fitted on the larger part and judged on the smaller one by the
mean over tasks of R2 or ROC AUC. LightGBM, one model per task, is run as a yardstick. To save
time the networks of a model are two by default. Scores are appended to a CSV file; what is in it
is not run again. A default changes only for a gain that shows on most tables and seeds.
"""

from __future__ import annotations

import argparse
import csv
import time
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._arguments import parse_with_out
from benchmarks._data import Table, inner_table
from benchmarks._peers import REFERENCE, Setting, make_model
from benchmarks._peers._multitab import MultiTabDefault
from benchmarks._worker import score

TABLES = ["meats", "emotions", "student", "facebook", "steel_plates", "communities", "nhanes",
          "higgs_sub"]  # fmt: skip
BASES = ("n_bins=48", "default")
"""Candidates that others are compared with: the default when the search began, and today's."""

# What is tried: settings that differ from a base in one respect, or join those that helped.
SETTINGS: list[dict[str, Any]] = [
    {"n_bins": 48},
    {"n_bins": 48, "patience": 50},
    {"n_bins": 48, "patience": 100, "max_epochs": 600},
    {"n_bins": 48, "learning_rate": 1e-3},
    {"n_bins": 48, "learning_rate": 2e-3},
    {"n_bins": 48, "dropout": 0.3},
    {"n_bins": 48, "dropout": 0.5},
    {"n_bins": 48, "weight_decay": 0.3},
    {"n_bins": 48, "row_size": 64},
    {"n_bins": 48, "averaging": 0.95},
    {"n_bins": 48, "n_blocks": 0},
    {"numeric_embedding": "linear"},
    {"n_bins": 8},
    {"n_bins": 16},
    {"n_bins": 8, "learning_rate": 2e-3},
    {"n_bins": 16, "learning_rate": 2e-3},
    {"n_bins": 16, "learning_rate": 2e-3, "dropout": 0.2},
    {"n_bins": 12},
    {"n_bins": 12, "dropout": 0.25},
    {"n_bins": 12, "batch_size": 64},
    {"n_bins": 12, "learning_rate": 2e-3},
    {},
    {"numeric_embedding": "linear", "row_mixing": "linear"},
    {"row_mixing": "linear"},
    {"row_mixing": "mlp"},
    {"row_mixing": "mmoe"},
    {"row_mixing": "ple"},
    {"linear_path": "learnt"},
    {"linear_path": "ridge"},
]
CANDIDATES: dict[str, dict[str, Any]] = {
    ", ".join(f"{name}={value}" for name, value in setting.items()) or "default": setting
    for setting in SETTINGS
}
FIELDS = ["candidate", "table", "seed", "max_rows", "n_bags", "score", "seconds", "epochs"]
KEY = FIELDS[:5]


def judge(table: Table, candidate: str, n_bags: int, seed: int) -> tuple[float, float, int]:
    """Return mean score, CPU seconds and epochs of a candidate, or of LightGBM."""
    setting = Setting(
        table.kinds, table.n_classes, table.task_column, seed, threads=1, device="cpu"
    )
    model = make_model(REFERENCE if candidate == REFERENCE else "multitab", setting)
    if isinstance(model, MultiTabDefault):
        model.config = {"n_bags": n_bags} | CANDIDATES[candidate]  # type: ignore[misc]
    start = time.process_time()
    model.fit(table.X_train, table.Y_train)
    seconds = time.process_time() - start
    mean = float(np.nanmean(list(score(table, model.answer(table.X_test)).values())))
    return mean, seconds, getattr(model, "n_epochs", 0)


def report(results: pd.DataFrame) -> str:
    """Report scores by table, and gains over the bases on the same rows and seeds."""
    scores = results.pivot_table(index=KEY[1:], columns="candidate", values="score", sort=False)
    parts = {"CPU seconds": results.groupby("candidate")["seconds"].mean().to_frame("mean")}
    for base in scores.columns.intersection(BASES):
        gain = scores.sub(scores[base], axis=0)
        parts[f"gain over {base}"] = pd.DataFrame(
            {
                "mean": gain.mean(),
                "median": gain.median(),
                "better": (gain > 0).sum(),
                "worse": (gain < 0).sum(),
            }
        )
    by_table = scores.groupby(["table", "max_rows", "n_bags"], sort=False).mean()
    summary = pd.concat(parts, axis=1).loc[scores.columns]
    form = "{:.4f}".format
    return f"{by_table.to_string(float_format=form)}\n\n{summary.to_string(float_format=form)}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    choices = [REFERENCE, *CANDIDATES]
    parser.add_argument("--tables", nargs="+", default=TABLES)
    parser.add_argument("--candidates", nargs="+", choices=choices, default=choices)
    parser.add_argument("--max-rows", type=int, default=2000)
    parser.add_argument("--n-bags", type=int, default=2)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--report", action="store_true", help="run nothing, print the results")
    arguments = parse_with_out(parser, "defaults.csv")
    done = pd.read_csv(arguments.out) if arguments.out.exists() else pd.DataFrame(columns=FIELDS)
    known = set(done[KEY].itertuples(index=False, name=None))
    with arguments.out.open("a", newline="") as file:
        writer = csv.writer(file)
        if not len(done):
            writer.writerow(FIELDS)
        for name in [] if arguments.report else arguments.tables:
            for seed in arguments.seeds:
                table = inner_table(name, max_rows=arguments.max_rows, seed=seed)
                for candidate in arguments.candidates:
                    key = (candidate, name, seed, arguments.max_rows, arguments.n_bags)
                    if key in known:
                        continue
                    measured = judge(table, candidate, arguments.n_bags, seed)
                    writer.writerow([*key, *measured])
                    file.flush()
    print(report(pd.read_csv(arguments.out)))


if __name__ == "__main__":
    main()
