"""Scoring: rows per second from file to file, memory over a large file, the time of a single row.

::

    python -m benchmarks.scoring throughput              # minutes on one core
    python -m benchmarks.scoring memory --gigabytes 4    # needs that much disk, and a little more
    python -m benchmarks.scoring memory --format csv --gigabytes 1
    python -m benchmarks.scoring latency --models folder # where the fitted models are kept
    python -m benchmarks.scoring report                  # print what is there

Every measurement is a module of `benchmarks/_scoring`. Results are added to
``benchmarks/results/scoring_*.csv``.
"""

from __future__ import annotations

import argparse

from benchmarks._scoring import _latency, _memory, _throughput

MEASUREMENTS = {"throughput": _throughput, "memory": _memory, "latency": _latency}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in MEASUREMENTS.items():
        own = commands.add_parser(name, help=(module.__doc__ or "").splitlines()[0])
        module.add_arguments(own)
    commands.add_parser("report", help="Print the results that there are.")
    arguments = parser.parse_args()
    if arguments.command == "report":
        for module in MEASUREMENTS.values():
            print("\n".join(module.report()))
        return
    for line in MEASUREMENTS[arguments.command].run(arguments):
        print(line, flush=True)


if __name__ == "__main__":
    main()
