"""Make the corpus: models of every estimator, and beside each what it answers.

Run by hand, for a new version of files only::

    OMP_NUM_THREADS=1 python -m tests.files.make_corpus

It adds the models that the corpus does not have yet, and for models without a record the answers
that they give by the code as it stands. What is there is never written again: it stands for what
users have saved with the version of its day. So a new version of files gets new names here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

import skmtl
from skmtl import balancing
from skmtl.datasets import make_survival
from skmtl.tasks import (
    CompetingRisks,
    Count,
    Multiclass,
    Ordinal,
    ProportionalHazards,
    Quantile,
    Regression,
    Survival,
)
from skmtl.timeseries import Forecaster
from tests.files import cases, recorded
from tests.files.cases import BOOSTING, CORPUS, KINDS, NETWORK, Case
from tests.files.corpus_panels import PANELS
from tests.files.corpus_tables import asked, every_dtype, hospital, shops

# Long strides in few epochs, so that the answers to two rows differ.
STRIDES = NETWORK | {"max_epochs": 8, "learning_rate": 0.02, "averaging": 0.5, "tower_size": 6}
ONE_EVENT = {"died": Survival(event="died", time="days", cuts=4)}
EVENTS = ONE_EVENT | {
    "exit": CompetingRisks(event="cause", time="weeks", entry="since", cuts=3),
    "stay": Regression("absolute"),
}
LONG_KINDS = {
    "price": Regression("huber", delta=1.0),
    "visits": Count(),
    "delay": Quantile((0.1, 0.5, 0.9)),
    "risk": Ordinal(),
}


def wide(make: Any, **parameters: Any) -> Case:
    """Six targets of the kinds that are no times to events."""
    X, Y = cases.table()
    return Case(make(**{"tasks": KINDS} | parameters).fit(X, Y), asked(X))


def dtypes(make: Any, **parameters: Any) -> Case:
    """Columns of every dtype."""
    X, Y = every_dtype()
    return Case(make(**parameters).fit(X, Y), asked(X))


def arrays(make: Any, targets: Any, **parameters: Any) -> Case:
    """Arrays without names; targets are columns of them, or one for a 1-D y."""
    rng = np.random.default_rng(6)
    X = rng.normal(size=(90, 3))
    number = X[:, 0] + X[:, 1] ** 2
    count, level = np.round(np.abs(number)), np.digitize(number, [0, 1])
    Y = np.column_stack([number, count, number > 1, level])
    X[rng.random(X.shape) < 0.1] = np.nan
    return Case(make(**parameters).fit(X, Y[:, targets]), asked(X))


def long(make: Any, targets: Any, task: Any = "shop", **parameters: Any) -> Case:
    """Shops with ids that are text, by name or position; one target, or a list of them."""
    X, Y = shops()
    Y = Y[targets]
    if not isinstance(targets, list):
        X, Y = X[Y.notna()], Y[Y.notna()]
    rows = asked(X, "shop", ["x", "y"] if parameters.get("unseen") != "error" else ["a", "b"])
    return Case(make(task=task, **parameters).fit(X, Y), rows)


def long_array(make: Any, task: int, **parameters: Any) -> Case:
    """An array of numbers in which a position names the ids."""
    X, y = cases.long_table()
    X = X[["size", "shop"]].assign(age=np.sqrt(np.arange(len(X)))).to_numpy()
    return Case(make(task=task, **parameters).fit(X, y), asked(X, 1, [99, 98]))


def ward(make: Any, tasks: Any, **parameters: Any) -> Case:
    """Times to events beside a number and a class."""
    X, Y = hospital()
    Y = Y.drop(columns=["left"] if tasks is EVENTS else ["cause", "left", "weeks", "since"])
    return Case(make(tasks=tasks, **parameters).fit(X, Y), asked(X))


def events(make: Any, columns: Any = None, **parameters: Any) -> Case:
    """Times to events with columns of y for each; without them to a single event."""
    X, Y = hospital()
    if columns is None:
        y = Y[["died", "days"]].set_axis(["event", "duration"], axis=1)
        return Case(make(**parameters).fit(X, y), asked(X))
    return Case(make(events=columns, **parameters).fit(X, Y), asked(X))


def weighted(make: Any, **parameters: Any) -> Case:
    """A weight column of X with some zeros; it must not be missing."""
    case = events(partial(make, weight_column="weight"), **parameters)
    rows = case.X.assign(weight=hospital()[0]["weight"].iloc[:20])
    return Case(case.model, rows)


def long_events(make: Any, kind: str, task: Any = "clinic", **parameters: Any) -> Case:
    """Times to events in three clinics."""
    X, y = make_survival(120, kind=kind, random_state=7)
    X.insert(2, "clinic", np.random.default_rng(7).choice(["north", "south", "west"], len(X)))
    return Case(make(task=task, **parameters).fit(X, y), asked(X, "clinic", ["east", "sea"]))


def classes(make: Any, targets: Any, **parameters: Any) -> Case:
    """Classes alone; one target is given as a series without missing labels."""
    X, Y = cases.table()
    Y = Y[targets]
    if not isinstance(targets, list):
        X, Y = X[Y.notna()], Y[Y.notna()]
    return Case(make(**parameters).fit(X, Y), asked(X))


def numbers(make: Any, targets: Any, **parameters: Any) -> Case:
    """Numbers alone, with a weight for each row."""
    X, Y = cases.table()
    weight = np.random.default_rng(8).uniform(0.5, 2, len(X))
    return Case(make(**parameters).fit(X, Y[targets], weight), asked(X))


def grouped(case: Callable[..., Case], within: Any, *positional: Any, **parameters: Any) -> Case:
    """Groups of tasks, by "auto" unless `groups` says otherwise."""
    keys = ("groups", "cv", "random_state")
    outer = {"cv": 2, "random_state": 0} | {k: parameters.pop(k) for k in keys if k in parameters}
    return case(lambda **inner: skmtl.GroupedTasks(within(**inner), **outer), *positional,
                **parameters)  # fmt: skip


def continued(**parameters: Any) -> Case:
    """A network that `fit` has trained twice."""
    X, Y = cases.table()
    model = skmtl.MultiTab(tasks=KINDS, warm_start=True, **parameters).fit(X, Y)
    return Case(model.fit(X, Y), asked(X))


def network(make: Any, *positional: Any, **parameters: Any) -> Callable[[], Case]:
    """A case whose model is a small network."""
    return partial(make, *positional, **STRIDES | parameters)


def boosted(make: Any, *positional: Any, **parameters: Any) -> Callable[[], Case]:
    """A case whose model has a few small trees."""
    return partial(make, *positional, **BOOSTING | parameters)


MIXED, NUMBERS, CLASSES, TIMES = (
    skmtl.MultiTab, skmtl.MultiTabRegressor, skmtl.MultiTabClassifier, skmtl.MultiTabSurvival
)  # fmt: skip
NETWORKS: dict[str, Callable[[], Case]] = {
    "multitab-row-none": network(wide, MIXED, row_mixing="none"),
    "multitab-row-linear": network(wide, MIXED, row_mixing="linear", mask="task_to_task"),
    "multitab-row-mlp": network(wide, MIXED, row_mixing="mlp", row_layers=1),
    "multitab-linear-numbers": network(
        wide, MIXED, numeric_embedding="linear", feature_attention=True, mask="feature_to_task"
    ),
    "multitab-no-blocks": network(wide, MIXED, n_blocks=0, row_layers=3),
    "multitab-two-blocks": network(
        wide, MIXED, n_blocks=2, mask="none", attention_dropout=0.2, schedule="cosine",
        averaging=0.0, early_stopping=False, task_weight={"price": 2.0},
    ),
    "multitab-single-memory": network(
        wide, MIXED, task_token="single", sample_context="memory", context_size=6, n_bags=2,
        numeric_embedding="periodic", row_mixing="mlp",
    ),
    "multitab-cagrad": network(wide, MIXED, balance=balancing.CAGrad(0.3), balance_at="trunk"),
    "multitab-gradvac": network(wide, MIXED, balance=balancing.GradVac(0.1)),
    "multitab-nash": network(wide, MIXED, balance="nash_mtl"),
    "multitab-dwa": network(wide, MIXED, balance=balancing.DynamicWeightAverage(1.5)),
    "multitab-tchebycheff": network(wide, MIXED, balance=balancing.SmoothTchebycheff(0.2)),
    "multitab-rep-mtl": network(wide, MIXED, balance=balancing.RepMTL()),
    "multitab-sharpness": network(wide, MIXED, balance=balancing.SharpnessAware(0.02)),
    "multitab-fixed-weights": network(wide, MIXED, balance={"price": 2.0, "sold": 0.5}),
    "multitab-continued": network(continued),
    "multitab-dtypes": network(dtypes, MIXED),
    "multitab-array": network(arrays, MIXED, [0, 1, 2, 3], tasks={1: "count", 3: "ordinal"}),
    "multitab-long-several": network(
        long, MIXED, ["price", "visits", "sold", "delay", "risk", "grade"], tasks=LONG_KINDS
    ),
    "multitab-long-prototypes": network(
        long, MIXED, "grade", 1, tasks=Multiclass(), sample_context="prototypes",
        context_size=4, task_token="single",
    ),
    "multitab-events": network(ward, MIXED, EVENTS),
    "multitab-proportional": network(
        ward, MIXED, {"died": ProportionalHazards(6, event="died", time="days", ties="breslow")}
    ),
    "multitab-rough-hazards": network(
        ward, MIXED, {"died": Survival((2, 5, 9), event="died", time="days", smooth=False,
                                       interpolation="density", censoring_weights=True)}
    ),
    "regressor-several": network(
        numbers, NUMBERS, ["price", "visits", "delay"],
        tasks={"price": Regression("huber"), "visits": Count()},
    ),
    "regressor-one": network(numbers, NUMBERS, "visits", tasks="count"),
    "regressor-quantiles": network(numbers, NUMBERS, ["price", "delay"], tasks="quantile"),
    "regressor-long-position": network(long_array, NUMBERS, 1),
    "regressor-long-several": network(
        long, NUMBERS, ["price", "delay"], -4, tasks={"delay": Regression("huber")}
    ),
    "classifier-one": network(classes, CLASSES, "sold"),
    "classifier-ordinal": network(
        classes, CLASSES, ["risk", "sold"], tasks={"risk": Ordinal((0, 1, 2, 3))}
    ),
    "classifier-array": network(arrays, CLASSES, [2, 3], n_bags=2),
    "classifier-long": network(long, CLASSES, "grade"),
    "times-entry": network(
        events, TIMES, {"exit": ("cause", "weeks", "since")}, cuts=[0.3, 0.9, 1.5]
    ),
    "times-several": network(
        events, TIMES, {"death": ("died", "days"), "exit": ("cause", "weeks")}, cuts=3
    ),
    "times-terms": network(
        events, TIMES, {"death": ("died", "days"), "exit": ("cause", "weeks")},
        horizons=[0.3, 0.9], cuts=2,
    ),
    "times-weighted": network(weighted, TIMES, cuts=4, censoring_weights=True),
    "times-proportional": network(
        events, TIMES, head="proportional_hazards", cuts=9, interpolation="density"
    ),
    "times-long": network(long_events, TIMES, "single", cuts=4),
    "times-long-competing": network(long_events, TIMES, "competing", 2, cuts=3, n_bags=2),
}  # fmt: skip

MIXED_TREES, NUMBER_TREES, CLASS_TREES, TIME_TREES = (
    skmtl.RMTGB, skmtl.RMTGBRegressor, skmtl.RMTGBClassifier, skmtl.RMTGBSurvival
)  # fmt: skip
TREES: dict[str, Callable[[], Case]] = {
    "rmtgb-shared": boosted(wide, MIXED_TREES, blocks=("shared",)),
    "rmtgb-partition": boosted(wide, MIXED_TREES, blocks=("partition",)),
    "rmtgb-task": boosted(wide, MIXED_TREES, blocks=("task",), early_stopping=False),
    "rmtgb-partition-task": boosted(
        wide, MIXED_TREES, blocks=("partition", "task"), n_bags=2, task_weight={"price": 2.0},
        learning_rate={"task": 0.5}, num_leaves={"partition": 4}, min_data_in_leaf=5,
    ),
    "rmtgb-dtypes": boosted(dtypes, MIXED_TREES, monotone_constraints={"half": 1, "tiny": -1}),
    "rmtgb-array": boosted(
        arrays, MIXED_TREES, [0, 1, 2, 3], tasks={1: "count", 3: "ordinal"}, n_bags=2
    ),
    "rmtgb-long-several": boosted(
        long, MIXED_TREES, ["price", "visits", "sold", "delay", "risk", "grade"],
        tasks=LONG_KINDS, blocks=("shared", "partition", "task"),
    ),
    "rmtgb-long-signature": boosted(
        long, MIXED_TREES, "sold", 1, blocks=("signature", "partition", "task"), n_bags=2
    ),
    "rmtgb-long-auto": boosted(long, MIXED_TREES, "delay", tasks="quantile", n_rounds={"task": 2}),
    "rmtgb-events": boosted(ward, MIXED_TREES, EVENTS),
    "rmtgb-rough-hazards": boosted(
        ward, MIXED_TREES, {"died": Survival(3, event="died", time="days", smooth=False)},
        blocks=("shared", "task"),
    ),
    "trees-regressor": boosted(
        numbers, NUMBER_TREES, ["price", "visits", "delay"],
        tasks={"price": Regression("absolute"), "visits": "count"},
        lightgbm_params={"lambda_l2": 1.0},
    ),
    "trees-regressor-one": boosted(numbers, NUMBER_TREES, "delay"),
    "trees-regressor-quantiles": boosted(
        numbers, NUMBER_TREES, ["price", "delay"], tasks="quantile"
    ),
    "trees-regressor-position": boosted(
        long_array, NUMBER_TREES, -2, blocks=("signature", "task"), monotone_constraints=[1, 0]
    ),
    "trees-regressor-known-ids": boosted(
        long, NUMBER_TREES, "price", unseen="error", blocks=("shared", "partition", "task")
    ),
    "trees-regressor-long": boosted(
        long, NUMBER_TREES, ["price", "visits"], tasks={"visits": "count"},
        blocks=("partition", "task"),
    ),
    "trees-classifier-one": boosted(classes, CLASS_TREES, "risk"),
    "trees-classifier-ordinal": boosted(
        classes, CLASS_TREES, ["risk", "grade"], tasks={"risk": "ordinal"}, n_bags=2
    ),
    "trees-classifier-long": boosted(long, CLASS_TREES, "grade", blocks=("shared", "task")),
    "trees-times-entry": boosted(
        events, TIME_TREES, {"exit": ("cause", "weeks", "since")}, cuts=[0.3, 0.9, 1.5]
    ),
    "trees-times-terms": boosted(
        events, TIME_TREES, {"death": ("died", "days"), "exit": ("cause", "weeks")},
        horizons=[0.3, 0.9], cuts=2, blocks=("shared", "partition", "task"),
    ),
    "trees-times-weighted": boosted(weighted, TIME_TREES, cuts=4, censoring_weights=True),
    "trees-times-long": boosted(
        long_events, TIME_TREES, "single", cuts=4, blocks=("signature", "partition", "task"),
        interpolation="density",
    ),
    "trees-times-long-competing": boosted(
        long_events, TIME_TREES, "competing", 2, cuts=3, blocks=("partition", "task"), n_bags=2
    ),
}  # fmt: skip

GROUPS: dict[str, Callable[[], Case]] = {
    "groups-auto": boosted(
        grouped, wide, MIXED_TREES, blocks=("shared",), n_bags=2,
        tasks={"risk": "multiclass", "delay": "quantile"},
    ),
    "groups-alone": boosted(grouped, numbers, NUMBER_TREES, ["price", "delay"], groups="alone"),
    "groups-classes": boosted(
        grouped, classes, CLASS_TREES, ["sold", "grade", "risk"],
        groups=[["sold", "risk"], ["grade"]],
    ),
    "groups-long": boosted(
        grouped, long, NUMBER_TREES, "price", blocks=("shared", "partition", "task")
    ),
    "groups-long-classes": boosted(
        grouped, long, CLASS_TREES, "grade", blocks=("shared",),
        groups=[["a", "c"], ["b", "d", "e"]],
    ),
    "groups-events": boosted(
        grouped, events, TIME_TREES, {"death": ("died", "days"), "leaving": ("left", "weeks")},
        blocks=("shared",), groups=[["death"], ["leaving"]],
    ),
    "groups-networks": network(
        grouped, wide, MIXED, groups=[["price", "sold", "delay"], ["visits", "grade", "risk"]]
    ),
}  # fmt: skip


def first_ones() -> dict[str, Callable[[], Case]]:
    """The cases of the tests, with rows of another kind to ask about."""

    def with_rows(make: Callable[[], Case]) -> Case:
        model, X = make()
        if not isinstance(X, pd.DataFrame | np.ndarray):
            X = pd.DataFrame(X.to_dict(as_series=False))
        return Case(model, asked(X, "shop", [98, 99]) if "shop" in X else asked(X))

    return {name: partial(with_rows, make) for name, make in cases.CASES.items()}


CASES: dict[str, Callable[[], Case]] = first_ones() | NETWORKS | TREES | GROUPS | PANELS


ADJUSTED = (skmtl.TunedThresholds, skmtl.CalibratedTasks)


def extend_corpus() -> None:
    """Save the models that the corpus does not have yet, with what they answer."""
    for name, make in CASES.items():
        path = CORPUS / f"{name}.skmtl"
        if path.with_suffix(".npz").exists():
            continue
        case = make()
        if not path.exists():
            case.model.save(path)
        model = skmtl.load(path)
        exported = not isinstance(model, (skmtl.GroupedTasks, Forecaster, *ADJUSTED))
        exported &= getattr(model, "hashed_categories", None) is None
        exported &= getattr(model, "sources", None) is None
        times = recorded.times_of(model)
        recorded.write(
            path.with_suffix(".npz"),
            {
                "versions": {name: version(name) for name in recorded.PACKAGES},
                "X": case.X,
                "times": times,
                "onnx": recorded.onnx_hash(model) if exported else None,
                "answers": recorded.answers(model, case.X, times),
            },
        )


if __name__ == "__main__":
    extend_corpus()
