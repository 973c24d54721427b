"""Measure how fast fitted models score.

::

    python -m benchmarks.scoring latency --models folder    # one row at a time

Each command explains itself with ``--help``, and adds its results to a CSV file in
``benchmarks/results``.
"""

from __future__ import annotations

import argparse

from benchmarks._scoring import _latency

COMMANDS = {"latency": _latency}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, module in COMMANDS.items():
        text = module.__doc__ or ""
        command = commands.add_parser(
            name,
            help=text.partition("\n")[0],
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
