"""CPU seconds of jobs in one checkout, for `benchmarks.before_after`, which starts this by path.

It reads the names of jobs from its standard input, a line each, and answers with seconds. skmtl is
that of the checkout, which lies first on the module path; of `benchmarks`, which may differ there,
nothing is imported.
"""

from __future__ import annotations

import inspect
import os
import sys
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import skmtl
from skmtl.datasets import load_flights_nyc, make_outlier_tasks, make_survival

N_ROWS, N_CALLS = 100_000, 200
NETWORK = {"n_bags": 1, "max_epochs": 5, "random_state": 0, "device": "cpu"}
BOOSTING = {"n_bags": 1, "n_rounds": 50, "random_state": 0, "n_jobs": 1}
CHEAPEST = {
    "MultiTab": {
        "n_bags": 1, "max_epochs": 1, "row_size": 4, "n_members": 1, "embedding_size": 4,
        "n_blocks": 0, "random_state": 0, "device": "cpu",
    },
    "RMTGB": {
        "blocks": ("shared",), "n_bags": 1, "n_rounds": 1, "random_state": 0, "n_jobs": 1,
    },
}  # fmt: skip

Job = Callable[[], Any]


def wide() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Flights: 17 columns, numbers and categories; five targets of two kinds."""
    X, Y = load_flights_nyc(return_X_y=True)
    return X[:5000], Y[:5000]


def long() -> tuple[pd.DataFrame, pd.Series]:
    """20 tasks of 200 rows."""
    return make_outlier_tasks(200, 10, 20, random_state=0)


MODELS: dict[str, tuple[type, dict[str, Any], Callable[[], tuple[Any, Any]], str | None]] = {
    "MultiTab wide": (skmtl.MultiTab, NETWORK, wide, None),
    "MultiTab long": (skmtl.MultiTab, NETWORK, long, "task"),
    "MultiTabSurvival": (
        skmtl.MultiTabSurvival, NETWORK, lambda: make_survival(3000, 10, random_state=0), None
    ),
    "RMTGB wide": (skmtl.RMTGB, BOOSTING, wide, None),
    "RMTGB long": (skmtl.RMTGB, BOOSTING, long, "task"),
}  # fmt: skip


def make(estimator: type, parameters: dict[str, Any], task_column: str | None) -> Any:
    """Create a model; the parameter for long data has different names in different checkouts."""
    names = inspect.signature(estimator).parameters
    name = "task_column" if "task_column" in names else "task"
    return estimator(**{name: task_column}, **parameters)


@cache
def fitted(name: str) -> Any:
    estimator, parameters, data, task_column = MODELS[name]
    return make(estimator, parameters, task_column).fit(*data())


@cache
def many_rows(name: str) -> pd.DataFrame:
    """Draw rows of the training table with replacement."""
    X, _ = MODELS[name][2]()
    drawn = np.random.default_rng(0).integers(len(X), size=N_ROWS)
    return X.iloc[drawn].reset_index(drop=True)


def fit(name: str) -> Job:
    estimator, parameters, data, task_column = MODELS[name]
    X, y = data()
    fitted(name)  # so that no import and no first call counts
    return lambda: make(estimator, parameters, task_column).fit(X, y)


def predict(name: str) -> Job:
    model, rows = fitted(name), many_rows(name)
    model.predict(rows[:1000])
    return lambda: model.predict(rows)


def score_frame(name: str) -> Job:
    model, rows = fitted(name), many_rows(name)
    skmtl.score_frame(model, rows[:1000])
    return lambda: skmtl.score_frame(model, rows)


def latency(name: str) -> Job:
    """Calls for one row each."""
    model = fitted(name)
    rows = [many_rows(name).iloc[[i]] for i in range(N_CALLS)]
    model.predict(rows[0])
    return lambda: [model.predict(row) for row in rows]


def score_tasks(engine: str, n_ids: int) -> Job:
    """Long data with many ids of five rows each."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(size=5 * n_ids), "id": np.arange(5 * n_ids) % n_ids})
    y = X["x"] + rng.normal(size=len(X))
    model = make(getattr(skmtl, f"{engine}Regressor"), CHEAPEST[engine], "id").fit(X, y)
    return lambda: model.score_tasks(X, y)


def jobs(n_ids: int) -> dict[str, tuple[Callable[[], Job], float]]:
    """Return, by name, a function that prepares a job, and the divisor of its seconds."""
    prepared: dict[str, tuple[Callable[[], Job], float]] = {}
    for name in MODELS:
        prepared[f"fit {name}"] = partial(fit, name), 1
    for name in MODELS:
        prepared[f"predict {name}, {N_ROWS:,} rows"] = partial(predict, name), 1
    for name in MODELS:
        prepared[f"predict {name}, one row"] = partial(latency, name), N_CALLS
    for name in ("MultiTab wide", "RMTGB wide"):
        prepared[f"score_frame {name}, {N_ROWS:,} rows"] = partial(score_frame, name), 1
    for engine in CHEAPEST:
        name = f"score_tasks {engine} long, each 1,000 ids"
        prepared[name] = partial(score_tasks, engine, n_ids), n_ids / 1000
    return prepared


def main() -> None:
    checkout, n_ids = Path(sys.argv[1]).resolve(), int(sys.argv[2])
    if not Path(skmtl.__file__).resolve().is_relative_to(checkout):
        raise SystemExit(f"skmtl is that of {skmtl.__file__}, not that of {checkout}.")
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    by_name, ready = jobs(n_ids), {}
    print(*by_name, sep="\t", file=answers, flush=True)
    for line in sys.stdin:
        name = line.strip()
        prepare, parts = by_name[name]
        job = ready[name] = ready.get(name) or prepare()
        start = time.process_time()
        job()
        print((time.process_time() - start) / parts, file=answers, flush=True)


if __name__ == "__main__":
    main()
