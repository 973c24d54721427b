"""Columns of y that several tasks read: as when each task had a copy of the column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl import RMTGB, GroupedTasks, MultiTab, MultiTaskLinear, StackedTasks
from skmtl.export import onnx_inputs, to_onnx
from skmtl.model_selection import cross_val_predict
from skmtl.scoring import score_frame
from skmtl.tasks import Binary, CompetingRisks, Composition, Funnel, Regression, Survival

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

NETWORK = {"n_bags": 1, "max_epochs": 2, "row_size": 8, "n_members": 2, "random_state": 0}
TREES = {"n_bags": 1, "n_rounds": 5, "blocks": ("shared",), "random_state": 0}
ENGINES = {
    "network": lambda **options: MultiTab(**NETWORK, **options),
    "boosting": lambda **options: RMTGB(**TREES, **options),
    "linear": lambda **options: MultiTaskLinear(alpha=1.0, early_stopping=False, **options),
}
MEMBERS = [("linear", MultiTaskLinear(alpha=1.0)), ("trees", RMTGB(**TREES))]
SHOP = Funnel(("click", "cart", "buy"))
SHORT = Funnel(("click", "buy"))


def table(n=200):
    """Nested steps, one of them partly unknown; times of two causes; two shares."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc"))
    steps = np.cumprod(X.to_numpy() + rng.normal(size=(n, 3)) > -1, axis=1).astype(float)
    Y = pd.DataFrame(steps, columns=["click", "cart", "buy"])
    Y["buy"] = Y["buy"].mask(rng.random(n) < 0.1)
    Y["exit_event"] = rng.integers(0, 3, n)
    Y["exit_time"] = rng.integers(1, 9, n).astype(float)
    Y["rent"] = rng.uniform(0.1, 0.9, n)
    return X, Y.assign(rest=1 - Y["rent"], size=X["a"] + rng.normal(size=n))


# Tasks, the columns that two of them read, and the same tasks with copies of these columns.
CASES = {
    "a step that is a target": (
        {"shop": SHOP, "buy": Binary()},
        {"shop": Funnel(("click", "cart", "bought")), "buy": Binary()},
        {"click": "click", "cart": "cart", "bought": "buy", "buy": "buy", "size": "size"},
    ),
    "a first step that is a target": (
        {"click": Binary(), "shop": SHORT},
        {"click": Binary(), "shop": Funnel(("seen", "buy"))},
        {"seen": "click", "buy": "buy", "click": "click"},
    ),
    "two funnels": (
        {"shop": SHOP, "quick": SHORT},
        {
            "shop": Funnel(("click", "cart", "bought")),
            "quick": Funnel(("clicked", "buy")),
        },
        {"click": "click", "clicked": "click", "cart": "cart", "bought": "buy", "buy": "buy"},
    ),
    "a funnel with the name of a step": (
        {"buy": SHOP, "click": Binary()},
        {"buy": Funnel(("clicked", "cart", "buy")), "click": Binary()},
        {"clicked": "click", "click": "click", "cart": "cart", "buy": "buy"},
    ),
    "a time that is a target": (
        {"exit": CompetingRisks(), "exit_time": Regression(), "exit_event": "multiclass"},
        {
            "exit": CompetingRisks(event="cause", time="left"),
            "exit_time": Regression(),
            "exit_event": "multiclass",
        },
        {"cause": "exit_event", "left": "exit_time", "exit_event": "exit_event"}
        | {"exit_time": "exit_time"},
    ),
    "two events with the same times": (
        {
            "click": Survival(event="click", time="exit_time"),
            "buy": Survival(event="buy", time="exit_time"),
        },
        {
            "click": Survival(event="click", time="exit_time"),
            "buy": Survival(event="buy", time="left"),
        },
        {"click": "click", "exit_time": "exit_time", "buy": "buy", "left": "exit_time"},
    ),
}


def read(Y, columns):
    return pd.DataFrame({name: Y[column] for name, column in columns.items()})


def numbers(model, X):
    """All scores but the predicted classes, whose names are those of the columns."""
    return score_frame(model, X).select_dtypes("number")


def fitted_twice(make, case):
    """A model of shared columns and one of copies, with their labels."""
    X, Y = table()
    if "events" in case:
        Y["buy"] = Y["buy"].fillna(0)
    kinds, copied_kinds, columns = CASES[case]
    shared = Y[list(dict.fromkeys(columns.values()))]
    copies = read(Y, columns)
    return X, (make(kinds).fit(X, shared), shared), (make(copied_kinds).fit(X, copies), copies)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_shared_column_is_as_good_as_copies(engine, case, tmp_path):
    make = lambda kinds: ENGINES[engine](tasks=kinds)  # noqa: E731
    X, (model, Y), (expected, copies) = fitted_twice(make, case)
    assert model.task_kinds_ == expected.task_kinds_
    scores = score_frame(model, X)
    np.testing.assert_array_equal(numbers(model, X), numbers(expected, X))
    found, wanted = model.score_tasks(X, Y), expected.score_tasks(X, copies)
    np.testing.assert_array_equal(found, wanted)
    model.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(score_frame(loaded, X), scores)
    pd.testing.assert_series_equal(loaded.score_tasks(X, Y), found)


@pytest.mark.parametrize(
    "make",
    [
        lambda kinds: StackedTasks(tasks=kinds, estimators=MEMBERS, n_bags=2, random_state=0),
        lambda kinds: GroupedTasks(
            ENGINES["linear"](tasks=kinds), groups=[["shop", "buy"], ["size"]]
        ),
        lambda kinds: GroupedTasks(
            ENGINES["linear"](tasks=kinds), groups=[["shop", "size"], ["buy"]]
        ),
    ],
    ids=["stack", "one group", "two groups"],
)
def test_models_of_models(make):
    X, (model, Y), (expected, copies) = fitted_twice(make, "a step that is a target")
    np.testing.assert_array_equal(numbers(model, X), numbers(expected, X))
    np.testing.assert_array_equal(model.score_tasks(X, Y), expected.score_tasks(X, copies))


def test_held_out_predictions_weights_and_an_eval_set():
    X, Y = table()
    kinds, _, columns = CASES["a step that is a target"]
    copied = {"shop": SHOP, "copy": Binary()}
    copies = Y[["click", "cart"]].assign(copy=Y["buy"], buy=Y["buy"], size=Y["size"])
    Y = Y[list(dict.fromkeys(columns.values()))]
    answers = cross_val_predict(ENGINES["linear"](tasks=kinds), X, Y, cv=2)
    expected = cross_val_predict(ENGINES["linear"](tasks=copied), X, copies, cv=2)
    pd.testing.assert_frame_equal(answers, expected.rename(columns={"copy": "buy"}))
    weight = pd.DataFrame({"shop": 1.0, "buy": np.arange(len(X)) % 2, "size": 1.0})
    model, other = (
        ENGINES["boosting"](tasks=of).fit(
            X, y, sample_weight=w, eval_set=(X[:50], y[:50], w[:50])
        )
        for of, y, w in (
            (kinds, Y, weight), (copied, copies, weight.rename(columns={"buy": "copy"}))
        )
    )  # fmt: skip
    np.testing.assert_array_equal(numbers(model, X), numbers(other, X))
    found, wanted = (
        model.score_tasks(X, Y, weight),
        other.score_tasks(X, copies, weight.rename(columns={"buy": "copy"})),
    )
    np.testing.assert_array_equal(found, wanted)


def test_tables_on_disk(tmp_path):
    X, Y = table()
    kinds, _, columns = CASES["a step that is a target"]
    Y = Y[list(dict.fromkeys(columns.values()))]
    X.join(Y).to_parquet(tmp_path / "rows.parquet")
    for engine in ("network", "boosting"):
        model = ENGINES[engine](tasks=kinds)
        stored = ENGINES[engine](tasks=kinds).fit(tmp_path / "rows.parquet", list(Y))
        np.testing.assert_array_equal(numbers(stored, X), numbers(model.fit(X, Y), X))


def test_a_graph_has_the_outputs_of_both_tasks():
    onnxruntime = pytest.importorskip("onnxruntime")
    X, Y = table()
    model = ENGINES["linear"](tasks=CASES["a step that is a target"][0])
    model.fit(X, Y[["click", "cart", "buy"]])
    session = onnxruntime.InferenceSession(to_onnx(model).SerializeToString())
    names = [output.name for output in session.get_outputs()]
    answers = dict(zip(names, session.run(None, onnx_inputs(model, X)), strict=True))
    for task, expected in zip(("shop", "buy"), model.predict_proba(X), strict=True):
        np.testing.assert_allclose(answers[f"{task}_proba"], expected, atol=1e-5)


def test_a_part_that_is_a_target_would_be_predicted_twice():
    X, Y = table(60)
    for estimator in (MultiTab, RMTGB, MultiTaskLinear, skmtl.MultiTaskLinearRegressor):
        model = estimator(tasks={"budget": Composition(("rent", "rest")), "rent": Regression()})
        with pytest.raises(ValueError, match="'budget' and 'rent' would both"):
            model.fit(X, Y[["rent", "rest"]])


def test_a_column_with_the_name_of_a_funnel_is_not_lost():
    X, Y = table(60)
    with pytest.raises(ValueError, match="Use another name for the task"):
        MultiTaskLinear(tasks={"shop": SHOP}).fit(X, Y[["click", "cart", "buy"]].assign(shop=1))
