"""Do mixtures of experts gain over the row path that all tasks share, and hubs on wide tables?

::

    python -m benchmarks.experts --tables "two groups" strangers   # planted; minutes on one core
    python -m benchmarks.experts --tables kuairand census_income toxcast --max-rows 5000
    python -m benchmarks.experts --tables scene atp1d tox21 --paths ensemble hubs --max-rows 1000
    python -m benchmarks.experts --report                          # print what is there

Every row path gets the same rows and is untuned, one network each (``n_bags=1``). Planted tables
are those of `skmtl.datasets.make_task_groups`, six targets with 1,000 training and 2,000 test
rows: one function for all ("one group"), one for each half ("two groups"), one each ("strangers").
KuaiRand has four targets of an impression (click, long view, like, visit of the profile), split by
day, without ids; the real tables are cut to ``--max-rows`` training rows. Another seed draws
another table or other rows, and other weights. The score is the mean over the tasks of R2 or of
ROC AUC. ``SKMTL_DATA`` is the folder of the data, by default ``../shared/data``.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._arguments import parse_with_out
from benchmarks._data import load_table
from skmtl import MultiTab
from skmtl.datasets import make_task_groups
from skmtl.metrics import score_tasks
from skmtl.networks import Experts, FeatureGates, HubTokens, TaskEmbeddings, TopK

ROOT = Path(__file__).parents[1]
PLANTED = {"one group": (0,) * 6, "two groups": (0, 0, 0, 1, 1, 1), "strangers": tuple(range(6))}
WIDE = ("scene", "atp1d", "atp7d", "enron", "biogen_adme", "tox21", "wheat")
REAL = ("kuairand", "census_income", "toxcast", *WIDE)
KUAIRAND_TARGETS = ["click", "long_view", "like", "profile_enter"]
N_TRAIN, N_TEST, MAX_TEST = 1_000, 2_000, 20_000
KEY = ["table", "max_rows", "path", "seed"]
ROW_PATHS: dict[str, Any] = {
    "ensemble": "ensemble",
    "one expert": Experts(shared=1, own=0),
    "mmoe": "mmoe",
    "mmoe, relu": Experts(shared=4, own=0, activation="relu"),
    "mmoe, token": Experts(shared=4, own=0, gate="token"),
    "mmoe, top 2": Experts(shared=4, own=0, routing=TopK(k=2)),
    "cgc": Experts(shared=1, own=1),
    "cgc, relu": Experts(shared=1, own=1, activation="relu"),
    "own": Experts(shared=0, own=1),
    "own, gated features": Experts(shared=0, own=1, task_inputs=(FeatureGates(),)),
    "cgc, task embeddings": Experts(shared=1, own=1, task_inputs=(TaskEmbeddings(),)),
    "ple": "ple",
    "home": "home",
    "stem": "stem",
}
# Other parameters with the default row path.
PARAMETERS: dict[str, dict[str, Any]] = {
    "hubs": {"feature_attention": HubTokens()},
    "two hubs": {"feature_attention": HubTokens(n=2)},
    "feature attention": {"feature_attention": True},
} | {name: {"row_mixing": path} for name, path in ROW_PATHS.items()}
Part = tuple[pd.DataFrame, pd.DataFrame]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="+", choices=[*PLANTED, *REAL], default=[*PLANTED])
    parser.add_argument("--paths", nargs="+", choices=list(PARAMETERS), default=list(ROW_PATHS))
    parser.add_argument("--max-rows", type=int, default=20_000, help="of a real table")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--report", action="store_true", help="run nothing, print the results")
    return parse_with_out(parser, "experts.csv")


def table(name: str, max_rows: int, seed: int) -> tuple[Part, Part, dict[str, str] | None]:
    """Training rows, test rows and kinds of the targets."""
    if name in PLANTED:
        X, Y, *_ = make_task_groups(N_TRAIN + N_TEST, groups=PLANTED[name], random_state=seed)
        return (X[:N_TRAIN], Y[:N_TRAIN]), (X[N_TRAIN:], Y[N_TRAIN:]), None
    if name == "kuairand":
        return _kuairand(max_rows, seed)
    loaded = load_table(name, max_rows=max_rows, seed=seed)
    kinds = dict(loaded.kinds)
    return (loaded.X_train, loaded.Y_train), (loaded.X_test, loaded.Y_test), kinds


def _kuairand(max_rows: int, seed: int) -> tuple[Part, Part, dict[str, str]]:
    root = Path(os.environ.get("SKMTL_DATA", ROOT.parent / "shared" / "data"))
    spec = importlib.util.spec_from_file_location("shared_funnel", root / "funnel/funnel.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    X, Y, split = module.load_kuairand(ids=False)
    rng = np.random.default_rng(seed)

    def drawn(part: str, n_rows: int) -> Part:
        rows = np.sort(rng.choice(np.flatnonzero(split == part), n_rows, replace=False))
        return X.iloc[rows], Y[KUAIRAND_TARGETS].iloc[rows]

    training, test = drawn("train", max_rows), drawn("test", MAX_TEST)
    return training, test, dict.fromkeys(KUAIRAND_TARGETS, "binary")


def measure(name: str, max_rows: int, path: str, seed: int) -> dict[str, Any]:
    """Fit one network and score it."""
    (X, Y), (X_test, Y_test), kinds = table(name, max_rows, seed)
    model = MultiTab(tasks=kinds, n_bags=1, random_state=seed, **PARAMETERS[path])
    start = time.process_time()
    model.fit(X, Y)
    seconds = time.process_time() - start
    scores = model.score_tasks(X_test, Y_test)
    if kinds is not None and "binary" in kinds.values():
        scores = score_tasks(Y_test, model.predict_proba(X_test), metric="roc_auc", kinds=kinds)
    return {
        "score": scores.mean(),
        "by_task": " ".join(f"{task}={score:.4f}" for task, score in scores.head(6).items()),
        "seconds": round(seconds, 1),
        "epochs": model.n_epochs_,
        "best_epoch": model.best_epoch_,
    }


def report(results: pd.DataFrame) -> str:
    """Mean scores, gains over the default row path with standard errors, and seconds."""
    rows = ["table", "max_rows", "seed"]
    base = results[results["path"] == "ensemble"].set_index(rows)["score"]
    keys = pd.MultiIndex.from_frame(results[rows])
    gain = results["score"].to_numpy() - base.reindex(keys).to_numpy()
    grouped = results.assign(gain=gain).groupby(KEY[:3], sort=False)
    summary = grouped.agg(
        score=("score", "mean"), gain=("gain", "mean"), error=("gain", "sem"),
        seeds=("seed", "nunique"), seconds=("seconds", "mean"),
    )  # fmt: skip
    return summary.round({"score": 4, "gain": 4, "error": 4, "seconds": 0}).to_string()


def main() -> None:
    arguments = parse()
    out = arguments.out
    results = pd.read_csv(out) if out.exists() else pd.DataFrame()
    finished = set() if results.empty else set(map(tuple, results[KEY].to_numpy()))
    for seed in range(0 if arguments.report else arguments.seeds):
        for name in arguments.tables:
            max_rows = N_TRAIN if name in PLANTED else arguments.max_rows
            for path in arguments.paths:
                key = (name, max_rows, path, seed)
                if key in finished:
                    continue
                row = dict(zip(KEY, key, strict=True)) | measure(*key)
                pd.DataFrame([row]).to_csv(out, mode="a", header=not out.exists(), index=False)
                print(row, flush=True)
    print(report(pd.read_csv(out)))


if __name__ == "__main__":
    main()
