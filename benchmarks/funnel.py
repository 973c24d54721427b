"""Compare ways to learn a funnel: click, then conversion.

::

    python -m benchmarks.funnel                                    # every table and model, hours
    python -m benchmarks.funnel --tables coat --models lightgbm "multitab observed"
    python -m benchmarks.funnel --rows all                         # all rows of kuairand
    python -m benchmarks.funnel --report                           # print what is there

The tables lie in ``SKMTL_DATA`` (by default ``../shared/data``), folder "funnel", whose README
says what they are. "targets" are two binary targets of one model, the second missing where the
first is 0; the others are one `Funnel` by its selection. "given" is P(second | first) and "both"
their product. Of kuairand "given" is judged on the clicked test rows, of coat on random pairs that
nobody had chosen, of the generator by the truth in all test rows. LightGBM, and CatBoost if it is
installed, are one model per step; "rechub mmoe" and "rechub ple" are networks of torch-rechub, if
that is installed, with the steps as tasks. Models have one bag and stop by the same validation
rows; nothing is tuned, but these rows choose one of three settings of those of torch-rechub.
Each run is appended to a CSV file, and a second call leaves out what is in it.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

from benchmarks._arguments import parse_with_out
from benchmarks._funnel.models import MODELS
from benchmarks._funnel.tables import TABLES
from benchmarks._results import ResultsFile

ROOT = Path(__file__).parents[1]
KEY = ["table", "model", "rows", "seed"]
MEASURES = [
    "auc_first", "log_loss_first", "auc_given", "log_loss_given", "auc_both", "log_loss_both",
    "excess_given", "rmse_given", "mean_given",
]  # fmt: skip
COLUMNS = [*KEY, "status", *MEASURES, "cpu_seconds"]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="+", choices=list(TABLES), default=list(TABLES))
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--rows", default="20000", help="training rows of kuairand, or 'all'")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--report", action="store_true", help="run nothing, print the results")
    return parse_with_out(parser, "funnel.csv")


def report(results: ResultsFile) -> None:
    frame = results.read()
    for (table, rows), part in frame.groupby(["table", "rows"], sort=False):
        means = part.groupby("model", sort=False)[[*MEASURES, "cpu_seconds"]].mean()
        seeds = part.groupby("model", sort=False)["seed"].nunique().rename("seeds")
        print(f"\n{table}, {rows} rows")
        print(means.join(seeds).dropna(axis=1, how="all").round(4).to_string())


def main() -> None:
    arguments = parse()
    results = ResultsFile(arguments.out, KEY, COLUMNS)
    if arguments.report:
        report(results)
        return
    warnings.simplefilter("ignore")
    done = {tuple(map(str, key)) for key in results.done()}
    n_rows = None if arguments.rows == "all" else int(arguments.rows)
    for name in arguments.tables:
        for seed in arguments.seeds:
            rows = arguments.rows if name.startswith("kuairand") else "all"
            todo = [m for m in arguments.models if (name, m, rows, str(seed)) not in done]
            table = TABLES[name](seed, n_rows) if todo else None
            for model in todo:
                started = time.process_time()
                first, given = MODELS[model](table, seed)
                seconds = time.process_time() - started
                outcome = {"status": "ok", "cpu_seconds": seconds, **table.scores(first, given)}
                results.add((name, model, rows, seed), outcome)
                shown = ", ".join(f"{k} {v:.4f}" for k, v in outcome.items() if k != "status")
                print(f"{name} seed {seed} {model}: {shown}", flush=True)


if __name__ == "__main__":
    main()
