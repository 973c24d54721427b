"""Seconds as ratios, measured in turns in one process and with one thread.

Run by ``python -m benchmarks.rmtgb --speed``. CPU seconds, medians over the repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from benchmarks._rmtgb._ours import fixed_rounds
from benchmarks._rmtgb._published import published_seconds, why_unavailable
from benchmarks._rmtgb._rows import make_rows
from benchmarks._rmtgb._sets import TASK, load_split
from benchmarks._timing import in_turns
from benchmarks._verdict import line

N_ROWS, ROUNDS, REPEATS = 200_000, 100, 5
PARAMS = {"num_leaves": 31, "min_data_in_leaf": 20, "learning_rate": 0.1}
# Ours with R shared rounds against LightGBM with R rounds, at most; and against the published
# code with equal blocks, at least.
FIT_RATIO = 1.5
PUBLISHED_FIT, PUBLISHED_PREDICT = 10.0, 30.0
PUBLISHED_SETS = ("scenario4", "abalone", "parkinson", "landmine")
PUBLISHED_ROUNDS = 50
BLOCKS = ("shared", "partition", "task")


def speed_report() -> Iterator[str]:
    """Yield lines of the report as soon as they are known."""
    yield from _against_lightgbm()
    if reason := why_unavailable():
        yield f"SKIPPED: {reason}"
    else:
        yield from _against_published()


def _against_lightgbm() -> Iterator[str]:
    X, y = make_rows(N_ROWS)
    without_task = X.drop(columns=TASK)
    params = PARAMS | {"objective": "regression", "num_threads": 1, "verbose": -1}
    models: dict[str, Any] = {}

    def fit_plain() -> None:
        models["plain"] = lgb.train(params, lgb.Dataset(without_task, y), ROUNDS)

    def fit_ours(*blocks: str) -> Callable[[], None]:
        def fit() -> None:
            model = fixed_rounds(blocks, ROUNDS, is_binary=False, **PARAMS)
            models[" + ".join(blocks)] = model.fit(X, y)

        return fit

    fits = {
        "plain": fit_plain,
        "shared": fit_ours("shared"),
        "shared + task": fit_ours("shared", "task"),
        " + ".join(BLOCKS): fit_ours(*BLOCKS),
    }
    seconds = _medians(fits)
    predicts = {
        "plain": lambda: models["plain"].predict(without_task, num_threads=1),
        **{name: _prediction(models[name], X) for name in fits if name != "plain"},
    }
    scoring = _medians(predicts)
    yield f"{N_ROWS:,} rows, {ROUNDS} rounds of each block; LightGBM with {ROUNDS} rounds is 1"
    for name in fits:
        yield (
            f"{name:28} fit {seconds[name]:7.2f} s, ratio {seconds[name] / seconds['plain']:5.2f};"
            f"  predict {scoring[name]:6.2f} s, ratio {scoring[name] / scoring['plain']:5.2f}"
        )
    yield line(
        seconds["shared"] / seconds["plain"] <= FIT_RATIO,
        f"shared rounds cost at most {FIT_RATIO} times LightGBM's: "
        f"{seconds['shared'] / seconds['plain']:.2f}",
    )


def _against_published() -> Iterator[str]:
    for name in PUBLISHED_SETS:
        split = load_split(name, 0)
        y = split.y_train.to_numpy()
        theirs = published_seconds(
            _numbers(split.X_train),
            y,
            _numbers(split.X_test),
            is_binary=split.is_binary,
            rounds=(PUBLISHED_ROUNDS,) * 3,
        )
        # Stumps, which the published code grows whatever its max_depth says.
        model = fixed_rounds(BLOCKS, PUBLISHED_ROUNDS, is_binary=split.is_binary, num_leaves=2)
        # By name: a classifier has it only once it is fitted.
        predict = "predict_proba" if split.is_binary else "predict"
        seconds = _medians(
            {
                "fit": lambda model=model, X=split.X_train, y=y: model.fit(X, y),
                "predict": lambda model=model, predict=predict, X=split.X_test: getattr(
                    model, predict
                )(X),
            }
        )
        for what, target in (("fit", PUBLISHED_FIT), ("predict", PUBLISHED_PREDICT)):
            ratio = theirs[what] / seconds[what]
            yield line(
                ratio >= target,
                f"{name} {what} at least {target:g} times as fast as the published code: "
                f"{ratio:.1f} ({theirs[what]:.2f} s against {seconds[what]:.3f} s)",
            )


def _prediction(model: Any, X: pd.DataFrame) -> Callable[[], Any]:
    return lambda: model.predict(X)


def _numbers(X: pd.DataFrame) -> np.ndarray:
    """Convert X for the published code: the task is the last column, as a number."""
    codes = X[TASK].cat.codes.to_numpy(dtype=float)
    return np.column_stack([X.drop(columns=TASK).to_numpy(dtype=float), codes])


def _medians(calls: dict[str, Callable[[], Any]]) -> dict[str, float]:
    seconds = in_turns(calls, REPEATS)
    return {name: float(np.median(each)) for name, each in seconds.items()}
