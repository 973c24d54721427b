"""Rare targets beside common ones: learnt together, alone, stacked, and by LightGBM.

::

    SKMTL_DATA=../shared/data python -m benchmarks.rare
    python -m benchmarks.rare --rows 154071 --ids --targets click long_view like profile_enter

Test AUC by target on the feed of KuaiRand (Gao et al. 2022,
https://doi.org/10.1145/3511808.3557624): 8 labels of very unlike frequency, split by day. Without
``--ids`` the features are past rates by user, video, author and tag; with it, "hashed" keeps the
ids in one table. LightGBM is stopped by the days between the training and the test rows, at which
our models do not look.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks._data import loader_of
from skmtl import MultiTabClassifier, MultiTaskLinearClassifier, StackedTasks
from skmtl.tables import HashedCategories


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--targets", nargs="+", default=["click", "long_view", "like"])
    parser.add_argument("--rows", type=int, default=20_000, help="training rows; default: 20,000")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--ids", action="store_true", help="ids of users and videos, not rates")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    return parser.parse_args()


class Feed:
    """Training rows of one seed, the days after them, and the test rows."""

    def __init__(self, targets: list[str], n_rows: int, seed: int, ids: bool) -> None:
        X, Y, split = loader_of("funnel", "funnel.py").load_kuairand(ids=ids, history=not ids)
        days = {day: np.flatnonzero(split == day) for day in ("train", "valid", "test")}
        n_rows = min(n_rows, len(days["train"]))
        days["train"] = np.random.RandomState(seed).choice(days["train"], n_rows, replace=False)
        self.X = {day: X.iloc[rows] for day, rows in days.items()}
        self.Y = {day: Y.iloc[rows][targets].astype(int) for day, rows in days.items()}


def _positive(model: Any, feed: Feed) -> dict[str, np.ndarray]:
    """The probability of each target by one model of all of them."""
    by_target = model.fit(feed.X["train"], feed.Y["train"]).predict_proba(feed.X["test"])
    return {t: p[:, 1] for t, p in zip(feed.Y["train"], by_target, strict=True)}


def together(feed: Feed, seed: int) -> dict[str, np.ndarray]:
    return _positive(MultiTabClassifier(random_state=seed, n_jobs=1), feed)


def stacked(feed: Feed, seed: int) -> dict[str, np.ndarray]:
    tasks = dict.fromkeys(feed.Y["train"], "binary")
    return _positive(StackedTasks(tasks=tasks, random_state=seed), feed)


def linear(feed: Feed, seed: int) -> dict[str, np.ndarray]:
    return _positive(MultiTaskLinearClassifier(random_state=seed), feed)


def hashed(feed: Feed, seed: int) -> dict[str, np.ndarray]:
    hashes = HashedCategories(n_rows=2**16)
    return _positive(MultiTabClassifier(hashed_categories=hashes, random_state=seed), feed)


def alone(feed: Feed, seed: int) -> dict[str, np.ndarray]:
    return {
        name: MultiTabClassifier(random_state=seed, n_jobs=1)
        .fit(feed.X["train"], labels)
        .predict_proba(feed.X["test"])[:, 1]
        for name, labels in feed.Y["train"].items()
    }


def lightgbm(feed: Feed, seed: int) -> dict[str, np.ndarray]:
    scores = {}
    for name, labels in feed.Y["train"].items():
        model = lgb.LGBMClassifier(
            n_estimators=400, learning_rate=0.1, random_state=seed, n_jobs=1, verbosity=-1
        )
        model.fit(
            feed.X["train"],
            labels,
            eval_X=feed.X["valid"],
            eval_y=feed.Y["valid"][name],
            callbacks=[lgb.early_stopping(25, verbose=False)],
        )
        scores[name] = model.predict_proba(feed.X["test"])[:, 1]
    return scores


MODELS: dict[str, Callable[[Feed, int], dict[str, np.ndarray]]] = {
    "together": together,
    "hashed": hashed,
    "alone": alone,
    "linear": linear,
    "stacked": stacked,
    "lightgbm": lightgbm,
}


def main() -> None:
    arguments = parse()
    results = []
    for seed in arguments.seeds:
        feed = Feed(arguments.targets, arguments.rows, seed, arguments.ids)
        for name in arguments.models:
            start = time.process_time()
            scores = MODELS[name](feed, seed)
            seconds = time.process_time() - start
            auc = {t: roc_auc_score(feed.Y["test"][t], scores[t]) for t in arguments.targets}
            results.append({"model": name, "seed": seed, **auc, "cpu_seconds": seconds})
            print(pd.DataFrame(results[-1:]).round(4).to_string(header=len(results) == 1),
                  flush=True)  # fmt: skip
    means = pd.DataFrame(results).drop(columns="seed").groupby("model", sort=False).mean()
    print("\nMean over the seeds:\n" + means.round(4).to_string())


if __name__ == "__main__":
    main()
