"""Does sharing help, and are the right tasks learnt together? On planted and on real tables.

::

    python -m benchmarks.sharing --models shared --seeds 3   # planted; minutes on one core
    python -m benchmarks.sharing --tables atp1d student      # real tables
    python -m benchmarks.sharing --tables all
    python -m benchmarks.sharing --report                    # print what is there

Each structure is drawn by `skmtl.datasets.make_task_groups`, once per seed, with 500 training and
2,000 test rows. Real tables are split as in the other benchmarks, with another split or another
sample of at most 1,000 training rows for each seed. `GroupedTasks` is compared with one model for
all tasks, one per task, and one per planted group, all of the same estimator and untuned, by the
mean over the tasks of R2 or of ROC AUC (accuracy for several classes). *Regret* is how much worse
it is than the better of joint and alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks._arguments import parse_with_out
from benchmarks._data import load_table, table_names
from skmtl import RMTGB, GroupedTasks, MultiTab
from skmtl.datasets import TaskGroupsTruth, make_task_groups
from skmtl.metrics import make_multitask_scorer

ROOT = Path(__file__).parents[1]
N_TRAIN, N_TEST = 500, 2000
MAX_ROWS = 1000  # of a real table, to learn from
MAX_TASKS = 10  # of a table in "all": one model per task is fitted several times
STRUCTURES: dict[str, dict[str, Any]] = {
    "one group": {"groups": (0,) * 6, "missing": 0.7},
    "two groups": {"groups": (0, 0, 0, 1, 1, 1), "missing": 0.7},
    "strangers": {"groups": range(6), "missing": 0.3},
    "adversary": {"groups": (0,) * 6, "sign": (1, 1, 1, 1, 1, -1), "missing": 0.7},
    "easy and hard": {
        "groups": (0, 0, 0, 1, 1, 1),
        "noise": (0.05, 1, 1, 0.05, 1, 1),
        "missing": (0, 0.7, 0.7, 0, 0.7, 0.7),
    },
    "scales": {
        "groups": (0, 0, 0, 1, 1, 1),
        "scale": (1, 1000, 0.001, 1, 1000, 0.001),
        "missing": 0.7,
    },
    "rare labels": {"groups": (0, 0, 0, 1, 1, 1), "missing": (0, 0, 0.9, 0, 0, 0.9)},
}
MODELS: dict[str, Callable[..., Any]] = {
    # Trees that all tasks must share: sharing wrongly costs most here.
    "shared": lambda **given: RMTGB(blocks=("shared",), n_bags=1, random_state=0, **given),
    "rmtgb": lambda **given: RMTGB(n_bags=1, random_state=0, **given),
    "multitab": lambda **given: MultiTab(n_bags=1, max_epochs=60, random_state=0, **given),
}
KEY = ["model", "structure", "seed", "cv"]


def measure_planted(model: str, structure: str, seed: int, cv: int) -> dict[str, Any]:
    X, Y, truth = make_task_groups(
        N_TRAIN + N_TEST, random_state=seed, return_truth=True, **STRUCTURES[structure]
    )
    train, test = slice(0, N_TRAIN), slice(N_TRAIN, None)
    estimator = MODELS[model]()
    choices = {"joint": "joint", "alone": "alone", "planted": truth.groups, "auto": "auto"}
    fitted = {
        name: GroupedTasks(estimator, groups=groups, cv=cv, random_state=seed)
        for name, groups in choices.items()
    }
    row: dict[str, Any] = {
        name: own.fit(X[train], Y[train]).score(X[test], Y[test]) for name, own in fitted.items()
    }
    grouped = fitted["auto"]
    return row | {"choice": chosen(grouped), "recovered": is_same(grouped, truth)}


def measure_table(model: str, name: str, seed: int, cv: int) -> dict[str, Any]:
    table = load_table(name, max_rows=MAX_ROWS, seed=seed)
    estimator = MODELS[model](tasks=table.kinds)
    scorer = make_multitask_scorer(
        {task: "roc_auc" for task, kind in table.kinds.items() if kind == "binary"}
    )
    fitted = {
        groups: GroupedTasks(estimator, groups=groups, cv=cv, random_state=seed).fit(
            table.X_train, table.Y_train
        )
        for groups in ("joint", "alone", "auto")
    }
    row: dict[str, Any] = {
        groups: scorer(own, table.X_test, table.Y_test) for groups, own in fitted.items()
    }
    return row | {"choice": chosen(fitted["auto"])}


def wide_tables() -> list[str]:
    """Real tables whose tasks are two to ten columns."""
    tables = [load_table(name, max_rows=MAX_ROWS) for name in table_names()]
    return [
        table.name
        for table in tables
        if table.task_column is None and 2 <= table.Y_train.shape[1] <= MAX_TASKS
    ]


def chosen(grouped: GroupedTasks) -> str:
    """Return the name of the chosen groups."""
    return next(word for word, own in grouped.selection_["chosen"].items() if own)


def is_same(grouped: GroupedTasks, truth: TaskGroupsTruth) -> bool:
    """Whether the suggested groups are the planted ones, chosen or not."""
    candidates = grouped.selection_["groups"]
    # Equal candidates stand under their first name only.
    suggested = candidates.get("suggested")
    planted = {frozenset(group) for group in truth.groups}
    found = [suggested] if suggested is not None else candidates[["joint", "alone"]].tolist()
    return any({frozenset(group) for group in groups} == planted for groups in found)


def report(results: pd.DataFrame) -> str:
    regret = results[["joint", "alone"]].max(axis=1) - results["auto"]
    results = results.assign(regret=regret, worst=regret)
    table = results.groupby(["cv", "model", "structure"], sort=False).agg(
        seeds=("seed", "nunique"),
        joint=("joint", "mean"),
        alone=("alone", "mean"),
        planted=("planted", "mean"),
        auto=("auto", "mean"),
        regret=("regret", "mean"),
        worst=("worst", "max"),
        recovered=("recovered", "mean"),
    )
    return table.astype(float).round(3).to_string()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cv", type=int, default=3)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--structures", nargs="+", choices=STRUCTURES, default=list(STRUCTURES))
    parser.add_argument("--tables", nargs="+", help="real tables instead, or 'all'")
    parser.add_argument("--report", action="store_true", help="run nothing, print the results")
    arguments = parse_with_out(parser, "sharing.csv")
    if not arguments.report:
        if arguments.tables:
            tables = wide_tables() if arguments.tables == ["all"] else arguments.tables
            run(arguments, tables, measure_table)
        else:
            run(arguments, arguments.structures, measure_planted)
    print(report(pd.read_csv(arguments.out)))


def run(
    arguments: argparse.Namespace, names: list[str], measure: Callable[..., dict[str, Any]]
) -> None:
    """Measure what is not in the file yet, and append it immediately."""
    columns = [*KEY, "joint", "alone", "planted", "auto", "choice", "recovered"]
    if not arguments.out.exists():
        pd.DataFrame(columns=columns).to_csv(arguments.out, index=False)
    finished = set(pd.read_csv(arguments.out)[KEY].itertuples(index=False, name=None))
    for model in arguments.models:
        for seed in range(arguments.seeds):
            for name in names:
                key = (model, name, seed, arguments.cv)
                if key not in finished:
                    row = dict(zip(KEY, key, strict=True)) | measure(*key)
                    frame = pd.DataFrame([row]).reindex(columns=columns)
                    frame.to_csv(arguments.out, mode="a", header=False, index=False)
                    print(frame.round(3).to_string(header=False, index=False), flush=True)


if __name__ == "__main__":
    main()
