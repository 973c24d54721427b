"""Fit both models to some of the labels."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from skmtl.demo._comparison import Comparison, compare
from skmtl.demo._data import Split
from skmtl.demo._models import (
    ask_lightgbm,
    ask_multitab,
    constant_answers,
    fit_lightgbm,
    fit_multitab,
)
from skmtl.demo._progress import progress

Result = TypeVar("Result")


@dataclass(frozen=True)
class Trial:
    """Two models fitted to the same labels, and their scores.

    Attributes
    ----------
    name : str
    comparison : Comparison
    """

    name: str
    comparison: Comparison

    @property
    def verdict(self) -> str:
        """The result in a sentence."""
        gains = self.comparison.gains.drop("mean")
        better, mean = int((gains["gain"] > 0).sum()), self.comparison.gains.loc["mean"]
        return (
            f"Flights, with {self.name}: MultiTab is better than LightGBM on {better} of "
            f"{len(gains)} targets; multi-task gain {mean['gain']:+.1f} % (95 % interval "
            f"over test days {mean['low']:+.1f} to {mean['high']:+.1f})."
        )


def run_trial(name: str, split: Split, *, seed: int) -> Trial:
    """Fit both models and compare them, reporting the progress."""
    print(f"\n=== Flights, with {name}\nMultiTab, one model for all five targets:", flush=True)
    model, seconds = _timed(lambda: fit_multitab(split, seed=seed, progress=progress()))
    print(f"{model.n_epochs_} epochs, {seconds:.1f} s.")

    print("LightGBM, one model per target:", flush=True)
    boosters, seconds = _timed(lambda: fit_lightgbm(split, seed=seed))
    print(f"{sum(b.best_iteration for b in boosters.values())} trees kept in {seconds:.1f} s.")

    multitab, lightgbm = ask_multitab(model, split.test.X), ask_lightgbm(boosters, split.test.X)
    comparison = compare(split.test, multitab, lightgbm, constant_answers(split), seed=seed)
    print(f"On the test days (seed {seed}):\n{comparison}")
    return Trial(name, comparison)


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    started = time.perf_counter()
    return work(), time.perf_counter() - started
