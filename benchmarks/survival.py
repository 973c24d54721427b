"""Compare our survival estimators with other libraries on the shared survival tables.

::

    python -m benchmarks.survival                                       # everything, for hours
    python -m benchmarks.survival --tables whas500 --models multitab cox
    python -m benchmarks.survival --report                              # print what is there
    python -m benchmarks.survival --speed                               # seconds as ratios
    python -m benchmarks.survival --scale                               # a million rows, 50 bins

Five folds of each table, as returned by the data set's loader. Curves are scored at 50 times from
the 5 % to the 90 % quantile of the training rows' event times, and with their censoring. Of
competing risks the scores are means over the causes, and "uno" is Wolbers' index; models of one
event are then fitted once per cause and their hazards combined. Nothing is tuned. Each result is
appended to a CSV file; a second run leaves out what is in it. The tables lie in ``SKMTL_DATA``, by
default ``../shared/data``. Models whose package is not installed are skipped; the extra
``survival-bench`` has them all, but hazardous still asks for a pandas older than ours: install it
and lifelines with ``pip install --no-deps hazardous lifelines``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks._arguments import parse_with_out
from benchmarks._results import ResultsFile
from benchmarks._survival import missing_package, names
from benchmarks._survival._measure import COLUMNS, KEY, measure, table_names
from benchmarks._survival._report import report
from benchmarks._survival._scale import scale_report
from benchmarks._survival._speed import speed_report

ROOT = Path(__file__).parents[1]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="+", choices=table_names(), default=table_names())
    parser.add_argument("--models", nargs="+", choices=names(), default=names())
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--report", action="store_true", help="run nothing, print the results")
    what.add_argument("--speed", action="store_true", help="measure seconds, as ratios")
    what.add_argument("--scale", action="store_true", help="fit and score many rows and bins")
    return parse_with_out(parser, "survival.csv")


def compare(arguments: argparse.Namespace, results: ResultsFile) -> None:
    absent = {name: package for name in arguments.models if (package := missing_package(name))}
    for name, package in absent.items():
        print(f"SKIPPED: {name} needs {package}, which is not installed")
    models = [name for name in arguments.models if name not in absent]
    finished = results.done()
    runs = [(table, model) for table in arguments.tables for model in models]
    todo = [run for run in runs if run not in finished]
    print(f"{len(todo)} of {len(runs)} to run, results in {results.path}", flush=True)
    for position, (table, model) in enumerate(todo, 1):
        outcome = measure(table, model)
        results.add((table, model), outcome)
        text = "C {harrell:.4f}, Brier {brier:.4f}, {fit_cpu_seconds:.1f} s"
        shown = text.format(**outcome) if outcome["status"] == "ok" else outcome["note"]
        print(f"[{position}/{len(todo)}] {table} {model}: {shown}", flush=True)


def main() -> None:
    arguments = parse()
    results = ResultsFile(arguments.out, KEY, COLUMNS)
    if arguments.speed or arguments.scale:
        lines = speed_report(arguments.tables) if arguments.speed else scale_report()
        for text in lines:
            print(text, flush=True)
        return
    if not arguments.report:
        compare(arguments, results)
    print(report(results.read()))


if __name__ == "__main__":
    main()
