"""Small fitted models of every estimator, with the tables that they predict."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import skmtl
from skmtl.datasets import make_ratings, make_survival
from skmtl.tables import HashedCategories
from skmtl.tasks import Binary, Composition, Count, Funnel, Ordinal, Quantile, Regression

CORPUS = Path(__file__).parent / "corpus"

NETWORK = {
    "n_bags": 1, "max_epochs": 2, "row_size": 4, "n_members": 2, "embedding_size": 4,
    "n_heads": 2, "tower_size": 4, "feedforward_size": 4, "n_bins": 4, "random_state": 0,
    "device": "cpu",
}  # fmt: skip
BOOSTING = {"n_bags": 1, "n_rounds": 3, "num_leaves": 3, "learning_rate": 0.2, "random_state": 0}
LINEAR = {"alpha": 2.0, "early_stopping": False}


class Case(NamedTuple):
    model: Any
    X: Any


def table(n: int = 80) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Numbers with gaps, a boolean, categories and text; labels of five kinds with gaps."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "age": pd.Series(rng.integers(0, 90, n)).astype("Int64").mask(rng.random(n) < 0.1),
            "new": rng.random(n) < 0.5,
            "colour": pd.Categorical(rng.choice(["red", "green", "blue"], n)),
            "city": rng.choice(["Bern", "Łódź", "Oslo"], n),
        }
    )
    signal = X["size"] + X["new"] + (X["city"] == "Bern")
    Y = pd.DataFrame(
        {
            "price": 100 + 20 * signal,
            "visits": rng.poisson(np.exp(signal / 4)),
            "sold": np.where(signal > 1, "yes", "no"),
            "grade": pd.Categorical(np.digitize(signal, [0, 1])),
            "risk": np.digitize(signal, [-0.5, 0.5, 1.5]),
            "delay": signal**2,
        }
    )
    X["city"] = X["city"].mask(rng.random(n) < 0.1)
    return X, Y.mask(rng.random(Y.shape) < 0.2)


KINDS = {
    "price": Regression("huber"),
    "visits": Count(),
    "risk": Ordinal(order=(0, 1, 2, 3)),
    "delay": Quantile((0.25, 0.75)),
}


def long_table(n: int = 120) -> tuple[pd.DataFrame, pd.Series]:
    """Rows of shops whose numbers are the ids."""
    rng = np.random.default_rng(1)
    X = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "shop": rng.integers(3, 7, n),
            "city": rng.choice(["B", "O"], n),
        }
    )
    return X, X["size"].where(X["shop"] < 6, -X["size"]).rename("price")


def mixed_network(**parameters: Any) -> Case:
    X, Y = table()
    return Case(skmtl.MultiTab(tasks=KINDS, **NETWORK | parameters).fit(X, Y), X)


def regressor_network(**parameters: Any) -> Case:
    X, Y = table()
    model = skmtl.MultiTabRegressor(**NETWORK | parameters)
    return Case(model.fit(X[["size", "age"]].to_numpy(float, na_value=np.nan), Y["price"]),
                X[["size", "age"]].to_numpy(float, na_value=np.nan))  # fmt: skip


def long_network(**parameters: Any) -> Case:
    X, y = long_table()
    model = skmtl.MultiTabRegressor(task_column="shop", **NETWORK | parameters)
    return Case(model.fit(X, y), X.assign(shop=X["shop"] + 1))


def classifier_network(**parameters: Any) -> Case:
    X, Y = table()
    model = skmtl.MultiTabClassifier(**NETWORK | parameters)
    return Case(model.fit(X, Y[["sold", "grade"]]), X)


def survival_network(kind: str, **parameters: Any) -> Case:
    X, y = make_survival(80, kind=kind, random_state=0)
    return Case(skmtl.MultiTabSurvival(cuts=3, **NETWORK | parameters).fit(X, y), X)


def mixed_boosting(**parameters: Any) -> Case:
    X, Y = table()
    return Case(skmtl.RMTGB(tasks=KINDS, **BOOSTING | parameters).fit(X, Y), X)


def with_funnel(estimator: Callable[..., Any], **parameters: Any) -> Case:
    """Steps beside a number; the last ones of some rows are unknown."""
    X, Y = table()
    grade = Y["grade"].astype(float)
    steps = pd.DataFrame({"seen": grade >= 1, "bought": grade >= 2}).astype("Int64")
    labels = steps.mask(grade.isna()).assign(price=Y["price"])
    labels.loc[::7, "bought"] = pd.NA
    labels.loc[grade == 0, "bought"] = 0
    kinds = {"shop": Funnel(("seen", "bought"))}
    return Case(estimator(tasks=kinds, **parameters).fit(X, labels), X)


def with_shares(estimator: Callable[..., Any], **parameters: Any) -> Case:
    """Shares beside a number; those of some rows are unknown."""
    X, Y = table()
    amounts = np.exp(np.column_stack([X["size"].fillna(0), X["new"], np.zeros(len(X))]))
    shares = pd.DataFrame(
        amounts / amounts.sum(axis=1, keepdims=True), columns=["us", "eu", "row"]
    )
    shares.loc[::7, ["us", "eu"]] = np.nan
    kinds = {"sales": Composition(("us", "eu", "row"))}
    labels = shares.assign(price=Y["price"])
    return Case(estimator(tasks=kinds, **parameters).fit(X, labels), X)


def polars_boosting(**parameters: Any) -> Case:
    import polars as pl

    X, Y = table()
    cells = X[["size", "age", "new", "city"]].astype(object)
    X = pl.DataFrame(cells.where(cells.notna(), None).to_dict("list"))
    model = skmtl.RMTGBRegressor(**BOOSTING | parameters)
    return Case(model.fit(X, pl.DataFrame({"price": Y["price"].to_numpy()})), X)


def long_boosting(**parameters: Any) -> Case:
    X, y = long_table()
    model = skmtl.RMTGBRegressor(task_column="shop", **BOOSTING | parameters)
    return Case(model.fit(X, y), X.assign(shop=X["shop"] + 1))


def classifier_boosting(**parameters: Any) -> Case:
    X, Y = table()
    model = skmtl.RMTGBClassifier(**BOOSTING | parameters)
    return Case(model.fit(X, Y[["sold", "grade"]]), X)


def grouped_boosting() -> Case:
    """Groups that "auto" has chosen, of targets of three kinds."""
    X, Y = table()
    within = skmtl.RMTGB(blocks=("shared",), **BOOSTING)
    model = skmtl.GroupedTasks(within, cv=2, random_state=0)
    return Case(model.fit(X, Y[["price", "visits", "sold"]]), X)


def grouped_long_network() -> Case:
    """Groups of shops that the user gives."""
    X, y = long_table()
    within = skmtl.MultiTabRegressor(task_column="shop", **NETWORK)
    model = skmtl.GroupedTasks(within, groups=[[3, 4, 5], [6]])
    return Case(model.fit(X, y), X.assign(shop=X["shop"] + 1))


def adjusted_boosting(adjusted: Callable[..., Any], **parameters: Any) -> Case:
    """Thresholds or calibrations, beside a target of one value and one on another scale."""
    X, Y = table()
    kinds = {"price": Regression(transform="yeo-johnson"), "sold": Binary("balanced")}
    within = skmtl.RMTGB(tasks=kinds, blocks=("shared",), **BOOSTING)
    labels = Y[["price", "sold", "grade"]].assign(never="no")
    return Case(adjusted(within, cv=2, **parameters).fit(X, labels), X)


def survival_boosting(kind: str, **parameters: Any) -> Case:
    X, y = make_survival(80, kind=kind, random_state=0)
    return Case(skmtl.RMTGBSurvival(**BOOSTING | parameters).fit(X, y), X)


def mixed_linear(**parameters: Any) -> Case:
    X, Y = table()
    return Case(skmtl.MultiTaskLinear(tasks=KINDS, **LINEAR | parameters).fit(X, Y), X)


def long_linear() -> Case:
    X, y = long_table()
    settings = {"task_column": "shop", "penalty": "shared", "similarity": 0.5}
    model = skmtl.MultiTaskLinearRegressor(**LINEAR | settings)
    return Case(model.fit(X, y), X.assign(shop=X["shop"] + 1))


def classifier_linear() -> Case:
    X, Y = table()
    return Case(skmtl.MultiTaskLinearClassifier(**LINEAR).fit(X, Y[["sold", "grade"]]), X)


def survival_linear(kind: str, **parameters: Any) -> Case:
    X, y = make_survival(80, kind=kind, random_state=0)
    return Case(skmtl.MultiTaskLinearSurvival(**LINEAR | parameters).fit(X, y), X)


def rasch(**parameters: Any) -> Case:
    X, Y = make_ratings(20, 2, n_raters=4, n_questions=2, n_levels=3, random_state=0)
    model = skmtl.FacetedRasch(**parameters)
    return Case(model.fit(X, Y), X.assign(item=X["item"] + 2))


def stacked() -> Case:
    """All three engines, and a member without weight is none."""
    X, Y = table()
    engines = {
        "linear": skmtl.MultiTaskLinear(tasks=KINDS, **LINEAR),
        "rmtgb": skmtl.RMTGB(tasks=KINDS, **BOOSTING),
        "multitab": skmtl.MultiTab(tasks=KINDS, **NETWORK),
    }
    # Held-out rows decide the weights.
    members = [(name, each.set_params(early_stopping=True)) for name, each in engines.items()]
    return Case(skmtl.StackedTasks(estimators=members, n_bags=2, random_state=0).fit(X, Y), X)


LONG_BLOCKS = {"blocks": ("shared", "signature", "partition", "task")}
CASES: dict[str, Callable[[], Case]] = {
    "multitab": mixed_network,
    "multitab-hashed": lambda: mixed_network(
        hashed_categories=HashedCategories(n_rows=16, columns=("city",))
    ),
    "multitab-sources": lambda: mixed_network(sources={"person": ["age"], "place": ["city"]}),
    "multitab-memory": lambda: mixed_network(sample_context="memory", context_size=8),
    "multitab-prototypes": lambda: mixed_network(sample_context="prototypes", n_bags=2),
    "multitab-periodic": lambda: mixed_network(numeric_embedding="periodic", task_token="single"),
    "multitab-regressor": regressor_network,
    "multitab-long": long_network,
    "multitab-classifier": classifier_network,
    "survival": lambda: survival_network("single"),
    "survival-competing": lambda: survival_network("competing", horizons=[2.0, 6.0]),
    "survival-several": lambda: survival_network("several", interpolation="density"),
    "survival-proportional": lambda: survival_network("single", head="proportional_hazards"),
    "rmtgb": mixed_boosting,
    "rmtgb-auto": lambda: mixed_boosting(n_bags=2, n_rounds={"task": 2}),
    "rmtgb-polars": polars_boosting,
    "rmtgb-long": lambda: long_boosting(**LONG_BLOCKS),
    "rmtgb-funnel": lambda: with_funnel(skmtl.RMTGB, **BOOSTING),
    "rmtgb-composition": lambda: with_shares(skmtl.RMTGB, **BOOSTING),
    "rmtgb-classifier": classifier_boosting,
    "grouped-rmtgb": grouped_boosting,
    "grouped-multitab-long": grouped_long_network,
    "stacked": stacked,
    "tuned-rmtgb": lambda: adjusted_boosting(skmtl.TunedThresholds, thresholds=9),
    "calibrated-rmtgb": lambda: adjusted_boosting(skmtl.CalibratedTasks, method="isotonic"),
    "rmtgb-survival": lambda: survival_boosting("single", horizons=[2.0, 6.0]),
    "rmtgb-competing": lambda: survival_boosting("competing", cuts=7),
    "rmtgb-several": lambda: survival_boosting("several", blocks=("shared", "task")),
    "linear": mixed_linear,
    "linear-auto": lambda: mixed_linear(alpha="auto", early_stopping=True, random_state=0),
    "linear-long": long_linear,
    "linear-classifier": classifier_linear,
    "linear-survival": lambda: survival_linear("single"),
    "rasch": lambda: rasch(item_column="item"),
    "linear-competing": lambda: survival_linear("competing", horizons=[2.0, 6.0]),
}


@cache
def fitted(name: str) -> Case:
    """A case, fitted once in each process; tests leave it as it is."""
    return CASES[name]()


def answers(case: Case) -> dict[str, Any]:
    """Return all predictions of a model, by method."""
    found = {}
    asked = ("predict", "predict_proba", "predict_quantiles", "predict_steps")
    for name in (*asked, "predict_survival_function"):
        if hasattr(case.model, name):
            times = ([0.0, 1.0, 2.0],) if name == "predict_survival_function" else ()
            found[name] = getattr(case.model, name)(case.X, *times)
    return found


def plain(answer: Any) -> Any:
    """Convert an answer to JSON."""
    if isinstance(answer, dict):
        return {str(key): plain(value) for key, value in answer.items()}
    if isinstance(answer, list):
        return [plain(item) for item in answer]
    return np.asarray(answer).tolist()
