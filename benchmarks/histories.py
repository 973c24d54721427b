"""Labels from histories on real sets: by tables and models of them, or by networks that read.

::

    python -m benchmarks.histories --sets physionet2012 --models constant lightgbm rmtgb stacked
    python -m benchmarks.histories --sets hydraulic --tables summary both --models stacked
    python -m benchmarks.histories --sets hydraulic --tables minirocket --models ridge
    python -m benchmarks.histories --sets physionet2012 --models events gru gru-d
    python -m benchmarks.histories --speed
    python -m benchmarks.histories --peers 5
    python -m benchmarks.histories --report

Sets and splits are those of the loader beside the data (`SKMTL_DATA`). Where rows belong together
(cycles of one run, cycles of one engine), models of this package hold them out together. Tables:
"summary" is `SeriesSummary` with the windows of `WINDOWS`, "convolutions" `ConvolutionFeatures`
(also with as many features as MiniRocket), "both" the two beside each other; "minirocket" and
"tsfresh" are those of aeon and tsfresh, and are left out where these are not installed.
``--peers 5`` compares features with those of aeon on small sets that it ships, with five random
states. Models of `READERS` read the histories themselves.

Models have their defaults, but for one bag of `RMTGB` and `MultiTab`; the networks "events", "tcn"
and "wavelet" have as many as by default, and a dropout of 0.3, chosen on rows of physionet2012
that were taken out of its training part. The scores are those that the sets are known by: for two
classes AUROC, AUPRC and how true the chances are, or balanced accuracy (hydraulic), for numbers
R2, for the remaining life of engines RMSE and the asymmetric score of the PHM08 challenge.
"""

from __future__ import annotations

import argparse
import time
import warnings
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from benchmarks._arguments import parse_with_out
from benchmarks._histories.models import MODELS, READERS
from benchmarks._histories.peers import accuracies
from benchmarks._histories.scores import scores_of
from benchmarks._histories.sets import SETS
from benchmarks._histories.speed import convolution_speed, summary_speed
from benchmarks._histories.tables import PACKAGES, TABLES
from benchmarks._results import add_rows

KEY = ["set", "table", "model", "rows", "task", "score"]
COLUMNS = ["set", "table", "model", "n_features", "rows", "task", "score", "value", "cpu_seconds"]


def measure(name: str, table: str, model: str) -> pd.DataFrame:
    """Scores of a model, means over the splits of a set."""
    scores, seconds = [], 0.0
    for split in SETS[name]():
        begin = time.process_time()
        features = TABLES[table](name).fit(split.train.X)
        X = features.transform(split.train.X)
        fitted = MODELS[model]().fit(X, split.train.Y, split.groups)
        for rows, part in split.tests.items():
            of_part = scores_of(fitted, features.transform(part.X), part.Y)
            scores += [{"rows": rows, **score} for score in of_part]
        seconds += time.process_time() - begin
    means = pd.DataFrame(scores).groupby(["rows", "task", "score"], sort=False)["value"].mean()
    head = {"set": name, "table": table, "model": model, "n_features": X.shape[1]}
    return means.reset_index().assign(**head, cpu_seconds=round(seconds, 1))[COLUMNS]


def report(out: Path) -> None:
    """A row for each model, by set."""
    for name, rows in pd.read_csv(out).groupby("set", sort=False):
        print(f"\n{name}")
        wide = rows.pivot_table(
            index=["table", "model", "n_features", "cpu_seconds"],
            columns=["rows", "task", "score"],
            values="value",
            sort=False,
        )
        print(wide.round(3).T.to_string())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", default=[], choices=list(SETS))
    parser.add_argument("--tables", nargs="+", default=["summary"], choices=list(TABLES))
    parser.add_argument(
        "--models", nargs="+", default=["constant", "lightgbm", "rmtgb"], choices=list(MODELS)
    )
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--peers", type=int, metavar="N_SEEDS", help="compare with aeon")
    parser.add_argument("--report", action="store_true")
    arguments = parse_with_out(parser, "histories.csv")
    warnings.simplefilter("ignore", ConvergenceWarning)
    for name in arguments.sets:
        for model in arguments.models:
            for table in ["histories"] if model in READERS else arguments.tables:
                package = PACKAGES.get(table)
                if package is not None and find_spec(package) is None:
                    print(f"{name}, {table} is left out: {package} is not installed")
                    continue
                scores = measure(name, table, model)
                print(scores.round(4).to_string(index=False), flush=True)
                add_rows(scores, arguments.out, KEY)
    if arguments.speed:
        print(pd.concat([summary_speed(5), convolution_speed(5)]).round(3).to_string())
    if arguments.peers:
        print(accuracies(arguments.peers).round(3).to_string())
    if arguments.report:
        report(arguments.out)


if __name__ == "__main__":
    main()
