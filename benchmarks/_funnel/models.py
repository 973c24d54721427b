"""The models: funnels with every selection, separate targets, and peers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._funnel.tables import FIRST, SECOND, FunnelTable
from skmtl import RMTGB, MultiTab, MultiTaskLinear, StackedTasks
from skmtl.tasks import Funnel

Answer = tuple[np.ndarray, np.ndarray]  # P(first), P(second | first)
SELECTIONS = (
    "observed", "entire_space", "inverse_propensity", "doubly_robust", "counterfactual",
)  # fmt: skip
_TREES = {
    "objective": "binary", "learning_rate": 0.1, "num_leaves": 31, "min_child_samples": 50,
    "verbosity": -1, "num_threads": 1, "subsample": 0.8, "subsample_freq": 1,
    "colsample_bytree": 0.6, "cat_smooth": 50, "cat_l2": 20,
}  # fmt: skip


def constant(table: FunnelTable, seed: int) -> Answer:
    means = table.Y_train.mean()
    return tuple(np.full(len(table.X_test), means[step]) for step in (FIRST, SECOND))


def lightgbm(table: FunnelTable, seed: int) -> Answer:
    """Fit each step separately, on the rows that reached it."""
    import lightgbm as lgb

    def of_step(step: str) -> np.ndarray:
        train, valid = table.Y_train[step].notna(), table.Y_valid[step].notna()
        data = lgb.Dataset(table.X_train[train], table.Y_train[step][train])
        watched = lgb.Dataset(table.X_valid[valid], table.Y_valid[step][valid], reference=data)
        stop = lgb.early_stopping(25, verbose=False)
        model = lgb.train({**_TREES, "seed": seed}, data, 400, [watched], callbacks=[stop])
        return model.predict(table.X_test)

    return of_step(FIRST), of_step(SECOND)


def catboost(table: FunnelTable, seed: int) -> Answer:
    """Fit each step separately, on the rows that reached it."""
    from catboost import CatBoostClassifier

    categories = table.X_train.select_dtypes(exclude="number").columns.tolist()

    def readable(X: pd.DataFrame) -> pd.DataFrame:
        """Convert categories to text, also missing ones, because CatBoost refuses NaN."""
        filled = X[categories].astype(object).fillna("missing").astype(str)
        return X.assign(**dict(filled.items()))

    def of_step(step: str) -> np.ndarray:
        train, valid = table.Y_train[step].notna(), table.Y_valid[step].notna()
        model = CatBoostClassifier(
            iterations=400, learning_rate=0.1, cat_features=categories, random_seed=seed,
            thread_count=1, allow_writing_files=False, verbose=False,
        )  # fmt: skip
        model.fit(
            readable(table.X_train[train]),
            table.Y_train[step][train],
            eval_set=(readable(table.X_valid[valid]), table.Y_valid[step][valid]),
            early_stopping_rounds=25,
        )
        return model.predict_proba(readable(table.X_test))[:, 1]

    return of_step(FIRST), of_step(SECOND)


def rechub(name: str, table: FunnelTable, seed: int) -> Answer:
    """Fit a network of torch-rechub with the two steps as tasks."""
    from benchmarks._funnel.rechub import NETWORKS, two_tasks

    return two_tasks(NETWORKS[name], table, seed)


def _engine(name: str, seed: int, **options: Any) -> Any:
    if name == "linear":
        return MultiTaskLinear(random_state=seed, **options)
    if name == "stacked":
        return StackedTasks(random_state=seed, n_bags=2, **options)
    estimator = {"rmtgb": RMTGB, "multitab": MultiTab}[name]
    return estimator(random_state=seed, n_bags=1, **options)


def _fit(model: Any, table: FunnelTable) -> Any:
    return model.fit(table.X_train, table.Y_train, eval_set=(table.X_valid, table.Y_valid))


def targets(engine: str, table: FunnelTable, seed: int) -> Answer:
    """Two binary targets, the second of which is missing if the first is 0."""
    model = _fit(_engine(engine, seed), table)
    first, given = (probabilities[:, 1] for probabilities in model.predict_proba(table.X_test))
    return first, given


def funnel(engine: str, selection: str, table: FunnelTable, seed: int) -> Answer:
    kinds = {"funnel": Funnel((FIRST, SECOND), selection)}
    steps: pd.DataFrame = _fit(_engine(engine, seed, tasks=kinds), table).predict_steps(
        table.X_test
    )["funnel"]
    return steps[FIRST].to_numpy(), steps[f"{SECOND}_given_{FIRST}"].to_numpy()


MODELS: dict[str, Callable[[FunnelTable, int], Answer]] = {
    "constant": constant,
    "lightgbm": lightgbm,
}
if find_spec("catboost") is not None:
    MODELS["catboost"] = catboost
if find_spec("torch_rechub") is not None:
    MODELS |= {f"rechub {name}": partial(rechub, name) for name in ("mmoe", "ple")}
for _name in ("rmtgb", "multitab", "linear"):
    MODELS[f"{_name} targets"] = partial(targets, _name)
    for _selection in SELECTIONS[: 2 if _name == "linear" else None]:
        MODELS[f"{_name} {_selection}"] = partial(funnel, _name, _selection)
MODELS["stacked observed"] = partial(funnel, "stacked", "observed")
