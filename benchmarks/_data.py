"""The shared real tables, split in the way that suits each of them."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

from benchmarks import _shipped

ROOT = Path(os.environ.get("SKMTL_DATA", Path(__file__).parents[2] / "shared" / "data"))

# Models of single tasks would need hours on the tables with hundreds of targets, and an average
# over twenty of them tells models apart as well.
MAX_TARGETS = 60
EVEN_TARGETS = 20


@dataclass(frozen=True)
class Table:
    """One table, split into training and test rows.

    Labels are floats, NaN where missing: classes are 0 .. n_classes - 1. `kinds` maps targets to
    "regression", "binary" or "multiclass". In long tables `task_column` names the column of X
    that holds the row's task.
    """

    name: str
    X_train: pd.DataFrame
    Y_train: pd.DataFrame
    X_test: pd.DataFrame
    Y_test: pd.DataFrame
    kinds: dict[str, str]
    n_classes: dict[str, int]
    task_column: str | None
    split: str


@cache
def loader_of(folder: str, file: str = "load.py") -> ModuleType:
    """Return the loader in a folder of the data, such as "tabular"."""
    path = ROOT / folder / file
    if not path.exists():
        raise SystemExit(
            f"No tables at {path.parent}: set SKMTL_DATA to the folder of the data. "
            "`python -m benchmarks.fetch` says where they come from."
        )
    spec = importlib.util.spec_from_file_location(f"shared_{folder}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _loader() -> ModuleType:
    return loader_of("tabular") if (ROOT / "tabular").exists() else _shipped


def table_names() -> list[str]:
    """Return the tables on which models are ranked, small ones first.

    Without the folder of the data, the one that the package ships.
    """
    loader = _loader()
    metas = {name: loader.meta(name) for name in loader.names()}
    ranked = [name for name, meta in metas.items() if meta["use"] == "rank"]
    return sorted(ranked, key=lambda name: metas[name]["n_rows"])


def load_table(name: str, *, max_rows: int | None = None, seed: int = 0) -> Table:
    """Load a table, split it, and draw at most `max_rows` of the training rows.

    Test rows are never dropped. Of more than 60 targets, 20 evenly spaced ones are kept, and
    targets that the training rows do not allow to learn (fewer than two classes or values) are
    left out, for every model alike.
    """
    train, test, split = _loader().default_split(name, seed)
    return _table(name, _drawn(train, max_rows, seed), test, split)


def inner_table(name: str, *, max_rows: int | None = None, seed: int = 1) -> Table:
    """Split the training part of a table again, to choose settings."""
    train, _, split = _loader().default_split(name, 0)
    rng = np.random.default_rng(seed)
    if split == "time":
        late = np.arange(len(train)) >= 0.8 * len(train)
    elif split == "group":
        group = _loader().groups(name)[train]
        members = pd.unique(group)
        late = np.isin(group, rng.permutation(members)[: max(1, len(members) // 5)])
    else:
        late = rng.permutation(len(train)) >= 0.8 * len(train)
    rows, judged = _drawn(train[~late], max_rows, seed), _drawn(train[late], max_rows, seed)
    return _table(name, rows, judged, split)


def load_long(name: str) -> tuple[pd.DataFrame, pd.Series]:
    """All rows of a long table with one target, in the order of the file.

    The task is the category ``task``; features are ``f0``, ``f1``, ..., for LightGBM refuses
    some of their names.
    """
    X, Y, _, task_column = _loader().load(name)
    X.columns = ["task" if c == task_column else f"f{i}" for i, c in enumerate(X.columns)]
    return X, Y.iloc[:, 0]


def _drawn(rows: np.ndarray, max_rows: int | None, seed: int) -> np.ndarray:
    if max_rows is None or len(rows) <= max_rows:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, max_rows, replace=False))


def _table(name: str, train: np.ndarray, test: np.ndarray, split: str) -> Table:
    X, Y, kinds, task_column = _loader().load(name)
    X.columns = [f"f{i}" if c != task_column else "task_id" for i, c in enumerate(X.columns)]
    if Y.shape[1] > MAX_TARGETS:
        Y = Y.iloc[:, np.linspace(0, Y.shape[1] - 1, EVEN_TARGETS).round().astype(int)]
    n_classes = {t: int(Y[t].max()) + 1 for t in Y if kinds[t] != "regression"}
    Y = Y.loc[:, Y.iloc[train].nunique() >= 2]
    return Table(
        name=name,
        X_train=X.iloc[train].reset_index(drop=True),
        Y_train=Y.iloc[train].reset_index(drop=True),
        X_test=X.iloc[test].reset_index(drop=True),
        Y_test=Y.iloc[test].reset_index(drop=True),
        kinds={t: kinds[t] for t in Y},
        n_classes={t: n for t, n in n_classes.items() if t in Y},
        task_column=None if task_column is None else "task_id",
        split=split,
    )
