"""Speed and memory of forecasters beside mlforecast, and of the forecasts of 100,000 series.

::

    python -m benchmarks.forecast_speed --mlforecast ../mlforecast-env/bin/python
    python -m benchmarks.forecast_speed --what forecast

Both libraries compute lags, rolling statistics and the calendar of a generated panel of a million
rows, and fit LightGBM with the same rounds and leaves to a million examples. mlforecast learns one
step ahead, ours steps 1 to 28. They run in turns, each in a process of its own, and mlforecast in
an environment of its own, because it does not support pandas 3. Ours divides every series by its
scale, so mlforecast is measured with its `LocalStandardScaler`, too. The goals are 1.5
times the CPU seconds of mlforecast, and a peak of memory below twice the matrix of features, which
is counted in float64.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks._arguments import parse_with_out

ROOT = Path(__file__).parents[1]


def run(python: str, part: str, *arguments: object) -> dict[str, Any]:
    """The outcome of a part, run as a process."""
    command = [python, "-m", f"benchmarks._forecast_speed.{part}", *map(str, arguments)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{finished.stderr[-2000:]}")
    return json.loads(finished.stdout.splitlines()[-1])


def fits(python: str | None, n_series: int, n_days: int, repeats: int) -> list[dict[str, Any]]:
    """Fits of both libraries, in turns."""
    outcomes = []
    for _ in range(repeats):
        parts = {"skmtl": (sys.executable, "ours", "fit")}
        if python is not None:
            parts["mlforecast"] = (python, "peer", "plain")
            parts["mlforecast, scaled"] = (python, "peer", "scaled")
        for library, (interpreter, *part) in parts.items():
            outcome = run(interpreter, *part, n_series, n_days)
            matrix = n_series * n_days * outcome["n_features"] * 8 / 2**20
            outcomes.append(
                {"what": "fit", "library": library, "n_rows": n_series * n_days}
                | outcome
                | {"matrix_mb": matrix}
            )
            print(outcomes[-1], flush=True)
    return outcomes


def forecasts(n_series: int, n_days: int) -> list[dict[str, Any]]:
    """Forecasts of all series, in memory and from file to file, and of half of them."""
    outcomes = []
    for where in ("memory", "files"):
        for n in (n_series // 2, n_series):
            outcome = run(sys.executable, "ours", where, n, n_days)
            outcomes.append({"what": f"forecast, {where}", "library": "skmtl"} | outcome)
            print(outcomes[-1], flush=True)
    return outcomes


def show(table: pd.DataFrame) -> None:
    table["over_base_mb"] = table["peak_mb"] - table["base_mb"]
    measured = ["cpu_seconds", "over_base_mb", "matrix_mb", "n_features"]
    columns = [name for name in measured if name in table]
    by = table.groupby(["what", "library", "n_rows"])[columns].median()
    print(by.round(1).to_string())
    fits = by[by.index.get_level_values("what") == "fit"].droplevel(["what", "n_rows"])
    ours = fits["cpu_seconds"].get("skmtl")
    for library, seconds in fits["cpu_seconds"].drop("skmtl", errors="ignore").items():
        print(f"CPU seconds of fits, skmtl / {library}: {ours / seconds:.2f} (goal 1.5)")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--what", choices=["fit", "forecast"])
    parser.add_argument("--mlforecast", help="the Python of an environment with mlforecast")
    parser.add_argument("--series", type=int, default=4_000, help="of the fits; default: 4,000")
    parser.add_argument("--days", type=int, default=250)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--report", action="store_true")
    arguments = parse_with_out(parser, "forecast_speed.csv")
    if arguments.report:
        show(pd.read_csv(arguments.out))
        return
    outcomes = []
    if arguments.what != "forecast":
        outcomes += fits(arguments.mlforecast, arguments.series, arguments.days, arguments.repeats)
    if arguments.what != "fit":
        outcomes += forecasts(100_000, 60)
    table = pd.DataFrame(outcomes)
    table.to_csv(arguments.out, index=False)
    show(table)


if __name__ == "__main__":
    main()
