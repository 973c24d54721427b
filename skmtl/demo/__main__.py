"""The demo's command line."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from skmtl import MultiTab
from skmtl.demo._comparison import Comparison, compare
from skmtl.demo._data import Part, Split, split_flights
from skmtl.demo._models import (
    Answers,
    ask_lightgbm,
    ask_multitab,
    fit_lightgbm,
    fit_multitab,
)
from skmtl.demo._progress import progress

Result = TypeVar("Result")


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, compare, print and draw; the exit code."""
    options = _parser().parse_args(arguments)
    # Threads that wait for each other on a busy machine are far slower than a single one.
    with threadpool_limits(1):
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    split = split_flights(options.seed)
    _print_data(split, options.seed)

    print("\nMultiTab, one model for all five targets:", flush=True)
    model, seconds = _timed(
        lambda: fit_multitab(
            split, seed=options.seed, max_time=options.max_time, progress=progress()
        )
    )
    limited = " (the limit of --max-time)" if seconds > options.max_time else ""
    n_networks = model.history_["bag"].nunique()
    print(f"{n_networks} networks, {model.n_epochs_} epochs, {seconds:.1f} s{limited}.")

    print("\nLightGBM, one model per target:", flush=True)
    boosters, seconds = _timed(lambda: fit_lightgbm(split, seed=options.seed))
    print(f"{sum(b.best_iteration for b in boosters.values())} trees kept in {seconds:.1f} s.")

    multitab, lightgbm = ask_multitab(model, split.test.X), ask_lightgbm(boosters, split.test.X)
    comparison = compare(split.test, multitab, lightgbm, seed=options.seed)
    print(f"\nOn the test days (seed {options.seed}):\n{comparison}\n")
    print(_verdict(comparison))
    print(_draw(options.out, comparison, model, split.test, multitab, lightgbm))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m skmtl.demo",
        description="Learn five targets of 12,000 flights with one model, and compare it with "
        "one LightGBM per target on later flights.",
    )
    parser.add_argument("--seed", type=int, default=0, help="of both models and of the split")
    parser.add_argument(
        "--out", type=Path, default=Path("skmtl_demo.png"), help="where to save the picture"
    )
    parser.add_argument(
        "--max-time", type=float, default=30.0, help="seconds of training for MultiTab"
    )
    return parser


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def _print_data(split: Split, seed: int) -> None:
    def line(what: str, part: Part) -> str:
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


def _verdict(comparison: Comparison) -> str:
    gains = comparison.gains.drop("mean")
    better, mean = int((gains["gain"] > 0).sum()), comparison.gains.loc["mean"]
    return (
        f"MultiTab is better on {better} of {len(gains)} targets; multi-task gain "
        f"{mean['gain']:+.1f} % (95 % interval over test days {mean['low']:+.1f} to "
        f"{mean['high']:+.1f})."
    )


def _draw(
    path: Path,
    comparison: Comparison,
    model: MultiTab,
    test: Part,
    multitab: Answers,
    lightgbm: Answers,
) -> str:
    try:
        from skmtl.demo._picture import save_picture
    except ImportError:
        return 'No picture, because matplotlib is missing: pip install "skmtl[plot]"'
    save_picture(path, comparison, model, test, multitab, lightgbm)
    return f"Picture: {path}"


if __name__ == "__main__":
    sys.exit(main())
