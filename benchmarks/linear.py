"""Compare the linear engine with scikit-learn's linear models for each target.

::

    python -m benchmarks.linear                        # scores on the shared tables
    python -m benchmarks.linear --tables meats nls     # some of them
    python -m benchmarks.linear --report               # print what is there
    python -m benchmarks.linear --speed                # seconds side by side

Scores are those of the test rows of the tables that are marked for ranking, of models that learn
from at most 1,000 training rows, with all labels and with a random 30 % of them: R2 of numbers,
AUC of classes, means over the targets. Nothing is tuned. Results are appended to a CSV file as
they come; a second run leaves out what is in it. With ``--inner`` the training part is split once
more: settings are chosen on that. ``--speed`` fits the same random tables in turn with
scikit-learn's `RidgeCV`, on the same strengths; the ratio counts.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.preprocessing import StandardScaler

from benchmarks._arguments import parse_with_out
from benchmarks._data import Table, inner_table, load_table, table_names
from benchmarks._peers import Setting, make_model
from benchmarks._worker import score
from skmtl import MultiTaskLinearRegressor

ROOT = Path(__file__).parents[1]
MODELS = ("linear", "sklearn_linear")
KEY = ["table", "model", "known"]
SIZES = ((700, 600, 1), (700, 600, 3), (5_000, 50, 1), (5_000, 50, 3), (100_000, 100, 1))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="+", help="default: all tables marked for ranking")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--inner", action="store_true", help="split the training part")
    parser.add_argument("--report", action="store_true", help="run nothing, print the results")
    parser.add_argument("--speed", action="store_true", help="measure seconds")
    return parse_with_out(parser, "linear.csv")


def measure(table: Table, model: str, known: float) -> dict[str, Any]:
    """Mean score on the test rows, and CPU seconds."""
    seen = np.random.default_rng(0).random(table.Y_train.shape) < known
    Y = table.Y_train.where(seen)
    Y = Y.loc[:, Y.nunique() >= 2]
    kinds = {target: table.kinds[target] for target in Y}
    setting = Setting(kinds, table.n_classes, table.task_column, 0, 1, "cpu")
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = make_model(model, setting).fit(table.X_train, Y)
    seconds = time.process_time() - start
    judged = replace(table, Y_test=table.Y_test[list(Y)], kinds=kinds)
    scores = score(judged, fitted.answer(table.X_test))
    penalty = getattr(getattr(fitted, "model", None), "penalty_", "")
    return {"score": float(np.nanmean(list(scores.values()))), "cpu_seconds": seconds,
            "penalty": penalty}  # fmt: skip


def compare(arguments: argparse.Namespace) -> None:
    out: Path = arguments.out
    done = set(map(tuple, pd.read_csv(out)[KEY].to_numpy())) if out.exists() else set()
    load = inner_table if arguments.inner else load_table
    for name in arguments.tables or table_names():
        todo = [
            (model, known)
            for known in (1.0, 0.3)
            for model in arguments.models
            if (name, model, known) not in done
        ]
        if not todo:
            continue
        table = load(name, max_rows=1000)
        for model, known in todo:
            try:
                result = measure(table, model, known)
            except Exception as error:  # one failure must not end the other comparisons
                result = {"score": np.nan, "error": f"{type(error).__name__}: {error}"[:200]}
            row = dict(zip(KEY, (name, model, known), strict=True)) | {"error": ""} | result
            columns = [*KEY, "score", "cpu_seconds", "penalty", "error"]
            frame = pd.DataFrame([row]).reindex(columns=columns)
            frame.to_csv(out, mode="a", header=not out.exists(), index=False)
            print(frame.to_string(header=False, index=False), flush=True)


def report(path: Path) -> None:
    results = pd.read_csv(path)
    for known, part in results.groupby("known", sort=False):
        scores = part.pivot(index="table", columns="model", values="score").dropna()
        seconds = part.pivot(index="table", columns="model", values="cpu_seconds")
        print(f"\n{known:.0%} of the labels, {len(scores)} tables")
        penalty = part[part["model"] == "linear"].set_index("table")["penalty"]
        print(scores.round(4).join(penalty).to_string())
        print("mean rank:", scores.rank(axis=1, ascending=False).mean().round(3).to_dict())
        print("mean score:", scores.mean().round(4).to_dict())
        print("CPU seconds, sum:", seconds.loc[scores.index].sum().round(1).to_dict())


def seconds_of(call: Callable[[], Any]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def fits(X: np.ndarray, Y: np.ndarray) -> dict[str, Callable[[], Any]]:
    """Return the functions to time, by name."""
    alphas = len(X) * np.logspace(2, -8, 21)
    several = MultiOutputRegressor(RidgeCV(alphas))
    return {
        "ours": lambda: MultiTaskLinearRegressor(random_state=0).fit(X, Y),
        "ours, ridge": lambda: MultiTaskLinearRegressor(penalty="ridge", random_state=0).fit(X, Y),
        "RidgeCV": lambda: RidgeCV(alphas).fit(StandardScaler().fit_transform(X), Y),
        "MultiOutputRegressor(RidgeCV)": lambda: several.fit(StandardScaler().fit_transform(X), Y),
    }


def speed(repeats: int = 3) -> None:
    """CPU seconds of all, in turn."""
    for n_rows, n_columns, n_targets in SIZES:
        rng = np.random.default_rng(0)
        X = rng.normal(size=(n_rows, n_columns))
        Y = X @ rng.normal(size=(n_columns, n_targets)) + rng.normal(size=(n_rows, n_targets))
        took = {name: min(seconds_of(fit) for _ in range(repeats)) for name, fit in
                fits(X, Y).items()}  # fmt: skip
        words = ", ".join(f"{name} {value:.2f}" for name, value in took.items())
        print(f"{n_rows} x {n_columns}, {n_targets} targets: {words}", flush=True)


if __name__ == "__main__":
    chosen = parse()
    if chosen.speed:
        speed()
    else:
        if not chosen.report:
            compare(chosen)
        report(chosen.out)
