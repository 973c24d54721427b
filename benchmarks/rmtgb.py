"""Compare R-MTGB with other ways to treat tasks, on long tables, in one run.

::

    python -m benchmarks.rmtgb                                   # everything, for an hour
    python -m benchmarks.rmtgb --sets school --models rmtgb lightgbm_pooled
    python -m benchmarks.rmtgb --report                          # print what is there
    python -m benchmarks.rmtgb --speed                           # ratios to LightGBM's seconds
    python -m benchmarks.rmtgb --scale                           # 10^5, 10^6, 10^7 rows

Five splits of six real tables, whose location is ``SKMTL_DATA`` (by default ``../shared/data``),
and 20 draws of a synthetic one with outlier tasks. Every model runs with one thread and its
defaults; ``lightgbm_tuned`` is tuned inside the training part. Scores are appended to a CSV file
as they come; a second run leaves out what is in it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks._arguments import parse_with_out
from benchmarks._rmtgb._models import MODELS
from benchmarks._rmtgb._report import report
from benchmarks._rmtgb._results import Key, measure, results_file
from benchmarks._rmtgb._scale import scale_report
from benchmarks._rmtgb._sets import METRIC, SEEDS
from benchmarks._rmtgb._speed import speed_report

ROOT = Path(__file__).parents[1]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", choices=METRIC, default=list(METRIC))
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--report", action="store_true", help="run nothing, print the results")
    what.add_argument("--speed", action="store_true", help="measure seconds, as ratios")
    what.add_argument("--scale", action="store_true", help="measure growth with the rows")
    return parse_with_out(parser, "rmtgb.csv")


def planned(arguments: argparse.Namespace) -> Iterator[Key]:
    for name in arguments.sets:
        for seed in range(SEEDS[name]):
            for model in arguments.models:
                yield name, seed, model


def compare(arguments: argparse.Namespace) -> None:
    results = results_file(arguments.out)
    finished = results.done()
    runs = list(planned(arguments))
    todo = [run for run in runs if run not in finished]
    print(f"{len(todo)} of {len(runs)} to run, results in {arguments.out}", flush=True)
    for position, run in enumerate(todo, 1):
        start = time.perf_counter()
        outcome = measure(*run)
        results.add(run, outcome)
        score = f"{outcome['score']:.4f}" if outcome["status"] == "ok" else outcome["note"]
        name, seed, model = run
        seconds = time.perf_counter() - start
        print(f"[{position}/{len(todo)}] {name} {seed} {model}: {score} ({seconds:.1f} s)",
              flush=True)  # fmt: skip


def main() -> None:
    arguments = parse()
    if arguments.speed or arguments.scale:
        for line in speed_report() if arguments.speed else scale_report():
            print(line, flush=True)
        return
    if not arguments.report:
        compare(arguments)
    print(report(results_file(arguments.out).read()))


if __name__ == "__main__":
    main()
