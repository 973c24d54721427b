"""Cost and benefit of one model for many targets of few rows.

::

    python -m benchmarks.many_targets            # all that is not yet measured
    python -m benchmarks.many_targets --targets 400 --model RMTGB
    python -m benchmarks.many_targets --report   # print what is there

A table has 400 rows of 50 features and targets that depend on six hidden causes, linear functions
of the features or waves of these. All models get their defaults: ridge regression with a strength
by target by leave-one-out, and a LightGBM for each target, with 80 held-out rows that choose its
number of trees. Every case runs alone in a new process with one thread. `cpu_seconds` are those of
the fit, `r2` is the mean over targets of 2,000 other rows.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score

from benchmarks._arguments import parse_with_out
from benchmarks._results import ResultsFile
from benchmarks._worker import peak_megabytes
from skmtl import RMTGB, MultiTab
from skmtl.boosting import fit_plain

ROOT = Path(__file__).parents[1]
N_ROWS, N_TEST, N_FEATURES, N_CAUSES, NOISE = 400, 2_000, 50, 6, 0.5
N_HELD_OUT = N_ROWS // 5
SHAPES = ("lines", "waves")
MODELS = ("RMTGB", "MultiTab", "ridge", "LightGBM")
N_TARGETS = (10, 100, 400, 2_000)


@dataclass(frozen=True)
class Case:
    """What is to be measured."""

    shape: str
    model: str
    targets: int


CASES = [
    Case(shape, model, targets) for targets in N_TARGETS for shape in SHAPES for model in MODELS
]
COLUMNS = [*Case.__dataclass_fields__, "status", "cpu_seconds", "base_mb", "peak_mb", "r2"]


def table(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Features and targets of training rows, followed by those of test rows."""
    rng = np.random.default_rng(case.targets)
    X = rng.normal(size=(N_ROWS + N_TEST, N_FEATURES))
    causes = X @ rng.normal(size=(N_FEATURES, N_CAUSES)) / np.sqrt(N_FEATURES)
    if case.shape == "waves":
        causes = 1.4 * np.sin(1.5 * causes)
    Y = causes @ rng.normal(size=(N_CAUSES, case.targets)) / np.sqrt(N_CAUSES)
    return X, Y + NOISE * rng.normal(size=Y.shape)


class LightGBMs:
    """A LightGBM for each target."""

    def fit(self, X: np.ndarray, Y: np.ndarray) -> LightGBMs:
        parameters = {"objective": "regression", "num_threads": 1, "seed": 0}
        self.boosters = [
            fit_plain(
                (X[N_HELD_OUT:], y[N_HELD_OUT:], None),
                (X[:N_HELD_OUT], y[:N_HELD_OUT], None),
                parameters,
            )
            for y in Y.T
        ]
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.column_stack([booster.predict(X) for booster in self.boosters])


def model_of(name: str) -> Any:
    return {
        "RMTGB": RMTGB(random_state=0),
        "MultiTab": MultiTab(random_state=0),
        "ridge": RidgeCV(np.logspace(-3, 4, 29), alpha_per_target=True),
        "LightGBM": LightGBMs(),
    }[name]


def measure(case: Case) -> dict[str, float]:
    X, Y = table(case)
    model, base = model_of(case.model), peak_megabytes()
    start = time.process_time()
    model.fit(X[:N_ROWS], Y[:N_ROWS])
    seconds = time.process_time() - start
    peak = peak_megabytes()
    score = r2_score(Y[N_ROWS:], model.predict(X[N_ROWS:]))
    return {"cpu_seconds": seconds, "base_mb": base, "peak_mb": peak, "r2": float(score)}


def run(case: Case) -> dict[str, Any]:
    """Measure a case in a new process."""
    command = [sys.executable, "-m", "benchmarks.many_targets", "--one", json.dumps(astuple(case))]
    finished = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if finished.returncode:
        return {"status": "error"}
    return {"status": "ok"} | json.loads(finished.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--targets", type=int, choices=N_TARGETS)
    parser.add_argument("--model", choices=MODELS)
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parse_with_out(parser, "many_targets.csv")
    if arguments.one:
        print(json.dumps(measure(Case(*json.loads(arguments.one)))))
        return
    results = ResultsFile(arguments.out, [field.name for field in fields(Case)], COLUMNS)
    if not arguments.report:
        asked = (
            case
            for case in CASES
            if arguments.model in (None, case.model) and arguments.targets in (None, case.targets)
        )
        results.add_missing(asked, run)
    print(results.read().to_string(index=False))


if __name__ == "__main__":
    main()
