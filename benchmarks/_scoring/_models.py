"""Fitted models, and any number of rows to score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks._rmtgb._ours import fixed_rounds
from benchmarks._rmtgb._rows import make_rows
from skmtl import RMTGB, MultiTab
from skmtl.datasets import load_flights_nyc

TRAINING_ROWS = 3000


class Scored(NamedTuple):
    """A fitted model, and a function that creates rows for it, with a column of ids.

    Attributes
    ----------
    model : fitted estimator
    rows : callable
        A number of rows and a seed to a frame.
    """

    model: Any
    rows: Callable[[int, int], pd.DataFrame]


def _flights(n_rows: int, seed: int) -> pd.DataFrame:
    """Flights drawn with replacement: 17 columns, numbers and categories."""
    X, _ = load_flights_nyc(return_X_y=True)
    drawn = X.iloc[np.random.default_rng(seed).integers(len(X), size=n_rows)]
    return drawn.reset_index(drop=True).assign(id=np.arange(n_rows) + seed * n_rows)


def _numbers(n_rows: int, seed: int) -> pd.DataFrame:
    """30 numbers and a task."""
    X, _ = make_rows(n_rows, seed)
    return X.assign(id=np.arange(n_rows) + seed * n_rows)


def _on_flights(model: Any) -> Scored:
    X, Y = load_flights_nyc(return_X_y=True)
    return Scored(model.fit(X[:TRAINING_ROWS], Y[:TRAINING_ROWS]), _flights)


def few_trees() -> Scored:
    """30 rounds in total: hardly any computation per row, so that files dominate."""
    X, y = make_rows(100_000)
    blocks = ("shared", "partition", "task")
    return Scored(fixed_rounds(blocks, 10, is_binary=False).fit(X, y), _numbers)


MODELS: dict[str, Callable[[], Scored]] = {
    "RMTGB, 30 rounds": few_trees,
    "RMTGB": lambda: _on_flights(RMTGB(random_state=0, n_jobs=1)),
    "MultiTab": lambda: _on_flights(MultiTab(random_state=0, max_time=60)),
}
