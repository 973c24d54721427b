"""Items judged by raters of different severity: what recovers their measures.

::

    python -m benchmarks.raters
    python -m benchmarks.raters --explained 1 --selection 1 --seeds 0 1 2

`make_ratings` plants measures and severities, in logits. "faceted" is `FacetedRasch` with the
items named, "features" the same without, and "no raters" with severities held at zero. The others
are models of the ordinal questions: `MultiTaskLinear` with the rater as a category or as the task
of long data, and "linear", "boosting" and "network" with `rater_column`. Their measure is the mean
level that they expect over the questions and, of the former two, all raters. The best straight
line maps it to the truth, which the first three do without.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from skmtl import RMTGB, FacetedRasch, MultiTab, MultiTaskLinear
from skmtl.datasets import RatingsTruth, make_ratings


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--ratings", type=int, default=3, help="raters by item; default: 3")
    parser.add_argument("--explained", type=float, default=0.8)
    parser.add_argument("--selection", type=float, default=0.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    return parser.parse_args()


Answer = tuple[np.ndarray, "pd.Series | None"]
"""Measures of the items, and severities by rater where there are any."""


def faceted(X: pd.DataFrame, Y: pd.DataFrame, truth: RatingsTruth) -> Answer:
    model = FacetedRasch(item_column="item").fit(X, Y)
    return _measures(model, X), model.severity_["severity"]


def features(X: pd.DataFrame, Y: pd.DataFrame, truth: RatingsTruth) -> Answer:
    X = X.set_index("item", drop=False)
    model = FacetedRasch().fit(X.drop(columns="item"), Y.set_axis(X.index))
    items = X.drop_duplicates("item").drop(columns=["item", "rater"])
    return model.measure(items)["measure"].to_numpy(), model.severity_["severity"]


def no_raters(X: pd.DataFrame, Y: pd.DataFrame, truth: RatingsTruth) -> Answer:
    return _measures(FacetedRasch(item_column="item", severity_scale=1e-3).fit(X, Y), X), None


def category(X: pd.DataFrame, Y: pd.DataFrame, truth: RatingsTruth) -> Answer:
    return _expected(X, Y, truth), None


def task(X: pd.DataFrame, Y: pd.DataFrame, truth: RatingsTruth) -> Answer:
    return _expected(X, Y, truth, task_column="rater"), None


def rated(cls: type) -> Callable[[pd.DataFrame, pd.DataFrame, RatingsTruth], Answer]:
    """A model that takes severities out of the labels."""

    def answer(X: pd.DataFrame, Y: pd.DataFrame, truth: RatingsTruth) -> Answer:
        model = cls(
            tasks="ordinal", rater_column="rater", validation="group", group_column="item",
            random_state=0,
        ).fit(X, Y)  # fmt: skip
        levels = _levels(model, X.drop_duplicates("item").drop(columns="rater"))
        severity = model.severity_.xs("severity", axis=1, level=1).mean(axis=1)
        return _mapped(levels, truth), severity

    return answer


MODELS: dict[str, Callable[[pd.DataFrame, pd.DataFrame, RatingsTruth], Answer]] = {
    "faceted": faceted,
    "features": features,
    "no raters": no_raters,
    "rater as category": category,
    "rater as task": task,
    "linear": rated(MultiTaskLinear),
    "boosting": rated(RMTGB),
    "network": rated(MultiTab),
}


def _measures(model: FacetedRasch, X: pd.DataFrame) -> np.ndarray:
    return model.measure(X.drop_duplicates("item"))["measure"].to_numpy()


def _expected(X: pd.DataFrame, Y: pd.DataFrame, truth: RatingsTruth, **parameters) -> np.ndarray:
    items = X.drop_duplicates("item").drop(columns="item")
    X = X.drop(columns="item").astype({"rater": "str"})
    model = MultiTaskLinear(tasks="ordinal", random_state=0, **parameters).fit(X, Y)
    levels = [_levels(model, items.assign(rater=rater)) for rater in X["rater"].unique()]
    return _mapped(np.mean(levels, axis=0), truth)


def _levels(model: Any, items: pd.DataFrame) -> np.ndarray:
    """Sum over the questions of the level that is expected of each item."""
    return sum(p @ np.arange(p.shape[1]) for p in model.predict_proba(items))


def _mapped(levels: np.ndarray, truth: RatingsTruth) -> np.ndarray:
    """Levels as measures, by the best straight line."""
    return np.polyval(np.polyfit(levels, truth.measure, 1), levels)


def _error(estimate: np.ndarray, planted: np.ndarray) -> float:
    """Root mean squared difference of both, centred."""
    return float(np.std(estimate - planted))


def main() -> None:
    arguments = parse()
    warnings.simplefilter("ignore")
    results = []
    for seed in arguments.seeds:
        X, Y, truth = make_ratings(
            arguments.items,
            ratings_per_item=arguments.ratings,
            explained=arguments.explained,
            selection=arguments.selection,
            random_state=seed,
            return_truth=True,
        )
        for name in arguments.models:
            measures, severity = MODELS[name](X, Y, truth)
            row = {"model": name, "measure": _error(measures, truth.measure.to_numpy())}
            if severity is not None:
                row["severity"] = _error(severity.to_numpy(), truth.severity.to_numpy())
                row["correlation"] = severity.corr(truth.severity)
            results.append(row)
    print(pd.DataFrame(results).groupby("model", sort=False).mean().round(3).to_string())


if __name__ == "__main__":
    main()
