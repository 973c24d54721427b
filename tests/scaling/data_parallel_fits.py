"""Fits that one process does and that two do together."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

from skmtl import MultiTab, MultiTabRegressor, MultiTabSurvival
from skmtl.datasets import make_survival
from skmtl.distributed import data_parallel
from skmtl.tables import ArrayTable
from skmtl.tasks import ProportionalHazards

SMALL = {"n_bags": 1, "n_members": 2, "row_size": 16, "dropout": 0.0, "random_state": 0}


def wide() -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Mixed columns and kinds, an odd number of rows, labels missing, weights, some of them 0."""
    rng = np.random.default_rng(0)
    n = 601
    X = pd.DataFrame({"size": rng.normal(size=n), "city": rng.choice(["Bern", "Lyon"], n)})
    signal = X["size"] + (X["city"] == "Bern")
    Y = pd.DataFrame({"price": 100 + 20 * signal, "sold": np.where(signal > 1, "yes", "no")})
    Y["rooms"] = np.floor(2 + signal.clip(0) + rng.random(n))
    return X, Y.mask(rng.random(Y.shape) < 0.3), rng.integers(0, 3, n) / 2


def long() -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(1)
    X = pd.DataFrame({"x": rng.normal(size=41), "shop": rng.choice(["a", "b", "c"], 41)})
    return X, X["x"].to_numpy() * np.where(X["shop"] == "b", -1.0, 1.0)


def matrix() -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(2).normal(size=(500, 3)).astype(np.float32)
    return X, X @ [1.0, 2.0, 3.0]


class AskToStop:
    """A callback that asks to stop after the second epoch."""

    def setup(self, estimator: Any, context: Any) -> None: ...
    def teardown(self, estimator: Any, context: Any) -> None: ...
    def on_fit_task_begin(self, estimator: Any, context: Any, **data: Any) -> None: ...

    def on_fit_task_end(self, estimator: Any, context: Any, **data: Any) -> bool:
        return context.task_name == "epoch" and estimator.last_epoch_["epoch"] == 1


def fit_wide(**parameters: Any) -> MultiTab:
    settings = SMALL | {"tasks": {"rooms": "count"}, "batch_size": 255, "max_epochs": 4}
    return MultiTab(**settings | parameters).fit(*wide())


def fit_long() -> MultiTabRegressor:
    """Batches of one row: the second process has none."""
    settings = SMALL | {"batch_size": 1, "learning_rate": 1e-4, "max_epochs": 1}
    return MultiTabRegressor(task_column="shop", **settings).fit(*long())


def events() -> tuple[pd.DataFrame, pd.DataFrame]:
    return make_survival(301, kind="several", missing=0.2, random_state=0)


def fit_events() -> MultiTabSurvival:
    return MultiTabSurvival(**SMALL, batch_size=101, max_epochs=3).fit(*events())


def fit_stored() -> MultiTabRegressor:
    X, y = matrix()
    settings = SMALL | {"batch_size": 200, "max_epochs": 4}
    return MultiTabRegressor(**settings).fit(ArrayTable(X, rows_in_memory=200), y)


def fit_until_the_second_process_stops(rank: int) -> MultiTab:
    X, Y, weight = wide()
    model = MultiTab(**SMALL, max_epochs=5)
    if rank == 1:
        model.set_callbacks(AskToStop())
    return model.fit(X, Y, weight)


def fit_other_rows(rank: int) -> None:
    X, Y, _ = wide()
    MultiTab(**SMALL).fit(X[rank:], Y[rank:])


def fit_coupled_rows() -> None:
    X, Y, _ = wide()
    Y = pd.DataFrame({"died": Y["sold"].eq("yes"), "days": Y["rooms"].fillna(0) + 1})
    MultiTab(tasks={"death": ProportionalHazards(event="died", time="days")}).fit(X, Y)


def error_of(function: Any, *arguments: Any, **parameters: Any) -> str:
    try:
        function(*arguments, **parameters)
    except ValueError as error:
        return str(error)
    return "no error"


def fit_all(folder: Path) -> None:
    """All fits by the processes that torchrun has started; each writes what it has got."""
    with data_parallel() as processes:
        rank = processes.rank
        results = {
            "count": processes.count,
            "wide": fit_wide(n_bags=2),
            "long": fit_long(),
            "stored": fit_stored(),
            "dropout": fit_wide(dropout=0.3, max_epochs=12),
            "unseeded": fit_wide(dropout=0.3, max_epochs=1, random_state=None),
            "stopped": fit_until_the_second_process_stops(rank),
            "other rows": error_of(fit_other_rows, rank),
            "balance": error_of(fit_wide, balance="famo"),
            "coupled": error_of(fit_coupled_rows),
        }
    if rank == 0:
        time.sleep(0.5)  # the other process is at the meeting point before this one
    with data_parallel():
        results["again"] = fit_events()
    joblib.dump(results, folder / f"{rank}.joblib")
