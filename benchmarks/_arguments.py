"""Command line arguments for results."""

from __future__ import annotations

import argparse
from pathlib import Path

RECORDED = Path(__file__).parent / "results"
"""Results that the documentation quotes, kept in the repository."""

RUNS = Path(__file__).parent / "runs"
"""Results of other runs, which git ignores."""


def parse_with_out(
    parser: argparse.ArgumentParser, name: str, recorded: str | None = None
) -> argparse.Namespace:
    """Parse the arguments of a benchmark with `--report`, with the file of its results as `out`.

    Without `--out`, results go to the file `name` of `benchmarks/runs`, so that a trial does not
    change what is recorded, and a report is that of the file `recorded`, by default of that name.
    """
    recorded = recorded or name
    parser.add_argument(
        "--out",
        type=Path,
        help=f"file of results (default: benchmarks/runs/{name};\n"
        f"of a report: benchmarks/results/{recorded})",
    )
    arguments = parser.parse_args()
    if arguments.out is None:
        RUNS.mkdir(exist_ok=True)
        arguments.out = RECORDED / recorded if arguments.report else RUNS / name
    return arguments
