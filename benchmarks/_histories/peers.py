"""Accuracy with the features of aeon and with ours, on the small sets that aeon ships."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl.histories import ConvolutionFeatures, Histories, IntervalQuantiles

SETS = ("gunpoint", "italy_power_demand", "arrow_head", "basic_motions")
_POOLING = ("ppv", "mpv", "mipv", "lspv")


class _Pair(NamedTuple):
    """A transformer of each package, and the classifier that its paper uses, by random state."""

    ours: Callable[[int], Any]
    theirs: Callable[[int], Any]
    classifier: Callable[[int], Any]


def accuracies(n_seeds: int) -> pd.DataFrame:
    """Mean accuracy on the test parts, by set and method."""
    rows = [row for seed in range(n_seeds) for row in _accuracies(seed)]
    return pd.DataFrame(rows).groupby(["set", "method"], sort=False).mean()


def _accuracies(seed: int) -> Iterator[dict[str, Any]]:
    from aeon import datasets

    for name in SETS:
        load = getattr(datasets, f"load_{name}")
        (X, y), (X_test, y_test) = (load(split=part) for part in ("train", "test"))
        for method, pair in _pairs().items():
            row: dict[str, Any] = {"set": name, "method": method}
            tables = [pd.DataFrame({"x": Histories.from_array(of)}) for of in (X, X_test)]
            ways = {"ours": (pair.ours, tables), "aeon": (pair.theirs, [X, X_test])}
            for way, (transformer, (train, test)) in ways.items():
                begin = time.process_time()
                features = transformer(seed).fit(train)
                model = pair.classifier(seed).fit(np.asarray(features.transform(train)), y)
                row[way] = model.score(np.asarray(features.transform(test)), y_test)
                row[f"{way}, CPU seconds"] = time.process_time() - begin
            yield row


def _pairs() -> dict[str, _Pair]:
    from aeon.transformations.collection.convolution_based import MiniRocket, MultiRocket
    from aeon.transformations.collection.interval_based import QUANTTransformer

    return {
        "MiniRocket": _Pair(
            lambda seed: ConvolutionFeatures(10_000, random_state=seed),
            lambda seed: MiniRocket(10_000, random_state=seed),
            _ridge,
        ),
        "MultiRocket": _Pair(
            lambda seed: ConvolutionFeatures(
                6250, pooling=_POOLING, differences=True, random_state=seed
            ),
            lambda seed: MultiRocket(6250, random_state=seed),
            _ridge,
        ),
        "QUANT": _Pair(
            lambda seed: IntervalQuantiles(depth=5), lambda seed: QUANTTransformer(), _trees
        ),
    }


def _ridge(seed: int) -> Any:
    return make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(-3, 3, 10)))


def _trees(seed: int) -> Any:
    return ExtraTreesClassifier(200, max_features=0.1, criterion="entropy", random_state=seed)
