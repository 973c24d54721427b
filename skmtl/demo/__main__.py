"""The demo's command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from skmtl.demo._data import FlightRows, Split, split_flights
from skmtl.demo._few_labels import FewLabels, run_few_labels
from skmtl.demo._trial import Trial, run_trial

# Share of the labels in the second trial. Labels are removed independently by target, so that a
# flight without one label often has others that are informative.
FEW = 0.3


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, compare, print and draw; the exit code."""
    options = _parser().parse_args(arguments)
    # On a busy machine, threads that wait for each other are far slower than a single thread.
    with threadpool_limits(1):
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    split = split_flights(options.seed)
    _print_data(split, options.seed)
    few = split.with_labels(FEW, options.seed)
    trials = [
        run_trial("all labels", split, seed=options.seed),
        run_trial(f"{100 * FEW:.0f} % of the labels", few, seed=options.seed),
    ]
    few_labels = run_few_labels(seed=options.seed)
    print("\n" + "\n".join([*(trial.verdict for trial in trials), few_labels.verdict]))
    print(_draw(options.out, trials, few_labels))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m skmtl.demo",
        description="Learn five targets of 12,000 flights with one model, and compare it with "
        "one LightGBM per target on later flights: with all labels, and with 30 % of them. Then "
        "learn a target with 30 labels, with and without four related ones.",
    )
    parser.add_argument("--seed", type=int, default=0, help="of both models and of the split")
    parser.add_argument(
        "--out", type=Path, default=Path("skmtl_demo.png"), help="where to save the picture"
    )
    return parser


def _print_data(split: Split, seed: int) -> None:
    def line(what: str, part: FlightRows) -> str:
        missing = int(part.Y.isna().any(axis=1).sum())
        return (
            f"  {what:<10} {len(part.X):>6,} flights of {len(part.days):>3} days, "
            f"{missing:>3} without some of the labels"
        )

    n_features, n_targets = split.training.X.shape[1], split.training.Y.shape[1]
    print(f"Flights from New York City in 2013: {n_features} features, {n_targets} targets")
    print(line("training", split.training))
    print(line("validation", split.validation), f"(random days, seed {seed})")
    print(line("test", split.test), "(the last days of the year)")


def _draw(path: Path, trials: Sequence[Trial], few_labels: FewLabels) -> str:
    try:
        from skmtl.demo._picture import save_picture
    except ImportError:
        return 'No picture, because matplotlib is missing: pip install "skmtl[plot]"'
    save_picture(path, trials, few_labels)
    return f"Picture: {path}"


if __name__ == "__main__":
    sys.exit(main())
