"""Does sharing help, and are the right tasks learnt together? On tables with planted structure.

::

    python -m benchmarks.sharing                             # minutes on one core
    python -m benchmarks.sharing --seeds 3 --cv 5 --models shared
    python -m benchmarks.sharing --report                    # print what is there

Each structure is drawn by `skmtl.datasets.make_task_groups`, once per seed, with 2,000 test rows.
`GroupedTasks` is compared with one model for all tasks, one per task, and one per planted group,
all of the same estimator and untuned. *Regret* is how much worse its mean R2 is than that of the
better of joint and alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from skmtl import GroupedTasks, MultiTabRegressor, RMTGBRegressor
from skmtl.datasets import make_task_groups
from skmtl.datasets._task_groups import TaskGroupsTruth

ROOT = Path(__file__).parents[1]
N_TRAIN, N_TEST = 500, 2000
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
MODELS: dict[str, Callable[[], Any]] = {
    # Trees that all tasks must share: sharing wrongly costs most here.
    "shared": lambda: RMTGBRegressor(blocks=("shared",), n_bags=1, random_state=0),
    "rmtgb": lambda: RMTGBRegressor(n_bags=1, random_state=0),
    "multitab": lambda: MultiTabRegressor(n_bags=1, max_epochs=60, random_state=0),
}


def measure(model: str, structure: str, seed: int, cv: int) -> dict[str, Any]:
    X, Y, truth = make_task_groups(
        N_TRAIN + N_TEST, random_state=seed, return_truth=True, **STRUCTURES[structure]
    )
    train, test = slice(0, N_TRAIN), slice(N_TRAIN, None)
    choices = {"joint": "joint", "alone": "alone", "planted": truth.groups, "auto": "auto"}
    row: dict[str, Any] = {"model": model, "structure": structure, "seed": seed, "cv": cv}
    for name, groups in choices.items():
        grouped = GroupedTasks(MODELS[model](), groups=groups, cv=cv, random_state=seed)
        row[name] = grouped.fit(X[train], Y[train]).score(X[test], Y[test])
    return row | {"choice": grouped.selection_.index[0], "recovered": is_same(grouped, truth)}


def is_same(grouped: GroupedTasks, truth: TaskGroupsTruth) -> bool:
    """Whether the suggested groups are the planted ones, taken or not."""
    candidates = grouped.selection_["groups"]
    # Equal candidates stand under their first name only.
    suggested = candidates.get("suggested")
    planted = {frozenset(group) for group in truth.groups}
    found = [suggested] if suggested is not None else candidates[["joint", "alone"]].tolist()
    return any({frozenset(group) for group in groups} == planted for groups in found)


def report(results: pd.DataFrame) -> str:
    results = results.assign(
        regret=results[["joint", "alone"]].max(axis=1) - results["auto"],
        worst=results[["joint", "alone"]].max(axis=1) - results["auto"],
    )
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
    return table.round(3).to_string()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--cv", type=int, default=3)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--structures", nargs="+", choices=STRUCTURES, default=list(STRUCTURES))
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/sharing.csv")
    parser.add_argument("--report", action="store_true", help="run nothing, print the results")
    arguments = parser.parse_args()
    key = ["model", "structure", "seed", "cv"]
    done = pd.read_csv(arguments.out) if arguments.out.exists() else pd.DataFrame(columns=key)
    if not arguments.report:
        finished = set(done[key].itertuples(index=False, name=None))
        for model in arguments.models:
            for structure in arguments.structures:
                for seed in range(arguments.seeds):
                    if (model, structure, seed, arguments.cv) in finished:
                        continue
                    row = pd.DataFrame([measure(model, structure, seed, arguments.cv)])
                    new = not arguments.out.exists()
                    row.to_csv(arguments.out, mode="a", header=new, index=False)
                    print(row.round(3).to_string(header=False, index=False), flush=True)
        done = pd.read_csv(arguments.out)
    print(report(done))


if __name__ == "__main__":
    main()
