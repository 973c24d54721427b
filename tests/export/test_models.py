"""The graph of every estimator and kind of target returns what the model returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl.datasets import make_survival
from skmtl.export import onnx_inputs
from skmtl.tasks import (
    CompetingRisks,
    Composition,
    ConstantTargetWarning,
    Count,
    ProportionalHazards,
    Quantile,
    Survival,
)
from tests.files.cases import (
    BOOSTING,
    KINDS,
    LINEAR,
    LONG_BLOCKS,
    NETWORK,
    long_table,
    table,
    with_funnel,
    with_shares,
)

pytest.importorskip("onnx", reason='needs the extra "onnx"')
pytest.importorskip("onnxruntime", reason='needs the extra "onnx"')

from tests.export.graphs import assert_equal, assert_same_outputs, new_rows, run, session_of

ROUNDS = BOOSTING | {"n_rounds": 15}


def mixed(estimator: Callable[..., Any], **parameters: Any) -> Any:
    X, Y = table()
    Y["is_new"] = X["new"]
    return estimator(tasks=KINDS, **parameters).fit(X, Y)


def numbers(estimator: Callable[..., Any], **parameters: Any) -> Any:
    X, Y = table()
    return estimator(tasks={"visits": Count()}, **parameters).fit(X, Y[["price", "visits"]])


def classes(estimator: Callable[..., Any], **parameters: Any) -> Any:
    X, Y = table()
    return estimator(**parameters).fit(X, Y[["sold", "grade"]])


def events(estimator: Callable[..., Any], **parameters: Any) -> Any:
    """Times to events beside a number."""
    X, Y = table()
    rng = np.random.default_rng(3)
    for name, most in {"death": 1, "exit": 2, "cox": 1}.items():
        Y[f"{name}_event"], Y[f"{name}_time"] = (
            rng.integers(0, most + 1, 80),
            rng.exponential(size=80),
        )
    kinds = {"death": Survival(4), "exit": CompetingRisks(3), "cox": ProportionalHazards()}
    if estimator is not skmtl.MultiTab:
        del kinds["cox"]
    columns = [f"{name}_{what}" for name in kinds for what in ("event", "time")]
    return estimator(tasks=kinds, **parameters).fit(X, Y[["price", *columns]])


def constant_shares(**parameters: Any) -> Any:
    X, Y = table()
    kinds = {"sales": Composition(("us", "eu"))}
    with pytest.warns(ConstantTargetWarning):
        return skmtl.RMTGB(tasks=kinds, **parameters).fit(X, Y[["price"]].assign(us=0.25, eu=0.75))


MIXED: dict[str, Callable[[], Any]] = {
    "MultiTab": lambda: mixed(skmtl.MultiTab, **NETWORK),
    "MultiTabRegressor": lambda: numbers(skmtl.MultiTabRegressor, **NETWORK),
    "MultiTabClassifier": lambda: classes(skmtl.MultiTabClassifier, **NETWORK),
    "MultiTab, events": lambda: events(skmtl.MultiTab, **NETWORK),
    "MultiTab, funnel": lambda: with_funnel(skmtl.MultiTab, **NETWORK).model,
    "RMTGB, funnel": lambda: with_funnel(skmtl.RMTGB, **ROUNDS).model,
    "MultiTaskLinear, funnel": lambda: with_funnel(skmtl.MultiTaskLinear, **LINEAR).model,
    "MultiTab, shares": lambda: with_shares(skmtl.MultiTab, **NETWORK).model,
    "RMTGB, constant shares": lambda: constant_shares(**ROUNDS),
    "RMTGB, shares": lambda: with_shares(skmtl.RMTGB, **ROUNDS).model,
    "MultiTaskLinear, shares": lambda: with_shares(skmtl.MultiTaskLinear, **LINEAR).model,
    "RMTGB": lambda: mixed(skmtl.RMTGB, **ROUNDS),
    "RMTGB, several bags": lambda: mixed(skmtl.RMTGB, **ROUNDS | {"n_bags": 3}),
    "RMTGB, no tree": lambda: mixed(skmtl.RMTGB, **ROUNDS | {"n_rounds": 0}),
    "RMTGBRegressor": lambda: numbers(skmtl.RMTGBRegressor, **ROUNDS),
    "RMTGBClassifier": lambda: classes(skmtl.RMTGBClassifier, **ROUNDS),
    "RMTGB, events": lambda: events(skmtl.RMTGB, **ROUNDS),
    "MultiTaskLinear": lambda: mixed(skmtl.MultiTaskLinear, **LINEAR),
    "MultiTaskLinearRegressor": lambda: numbers(skmtl.MultiTaskLinearRegressor, **LINEAR),
    "MultiTaskLinearClassifier": lambda: classes(skmtl.MultiTaskLinearClassifier, **LINEAR),
    "MultiTaskLinear, events": lambda: events(skmtl.MultiTaskLinear, **LINEAR),
}


@pytest.mark.parametrize("name", MIXED)
def test_wide_data(name):
    assert_same_outputs(MIXED[name](), new_rows())


LONG: dict[str, Callable[..., Any]] = {
    "MultiTabRegressor": lambda kinds: skmtl.MultiTabRegressor(
        tasks=kinds, task_column="shop", **NETWORK
    ),
    "RMTGBRegressor": lambda kinds: skmtl.RMTGBRegressor(
        tasks=kinds, task_column="shop", **ROUNDS, **LONG_BLOCKS
    ),
    "MultiTaskLinearRegressor": lambda kinds: skmtl.MultiTaskLinearRegressor(
        tasks=kinds, task_column="shop", **LINEAR | {"similarity": 0.5}
    ),
}


@pytest.mark.parametrize(
    "kind", [None, "count", Quantile((0.3, 0.6))], ids=["regression", "count", "quantile"]
)
@pytest.mark.parametrize("name", LONG)
def test_long_data(name, kind):
    X, y = long_table()
    model = LONG[name](kind).fit(X, y.abs() + X["shop"])
    X["shop"] += 1  # the last one was not seen
    assert_same_outputs(model, X[::-1])


SURVIVAL = {
    "one event": {},
    "proportional hazards": {"head": "proportional_hazards"},
    "terms": {"horizons": [2.0, 6.0]},
    "causes": {"kind": "competing"},
    "terms of causes": {"kind": "competing", "horizons": [1.0, 3.0, 6.0]},
    "several events": {"kind": "several", "interpolation": "density"},
}


SURVIVAL_ENGINES = {
    "network": lambda **p: skmtl.MultiTabSurvival(cuts=4, **NETWORK, **p),
    # More bins than waves, and not as many in every term.
    "boosting": lambda **p: skmtl.RMTGBSurvival(cuts=9, **ROUNDS, **p),
}
MODELS = [
    pytest.param(engine, name, id=f"{engine}, {name}")
    for engine in SURVIVAL_ENGINES
    for name in SURVIVAL
    if engine == "network" or "head" not in SURVIVAL[name]
]


def fitted_survival(engine: str, name: str) -> tuple[Any, pd.DataFrame]:
    """A model, and rows that it has not learnt from."""
    parameters = {"kind": "single", **SURVIVAL[name]}
    X, y = make_survival(200, kind=parameters.pop("kind"), random_state=0)
    model = SURVIVAL_ENGINES[engine](**parameters)
    return model.fit(X[:120], y[:120]), X[120:]


@pytest.mark.parametrize(("engine", "name"), MODELS)
def test_survival(engine, name):
    assert_same_outputs(*fitted_survival(engine, name))


@pytest.mark.parametrize(("engine", "name"), MODELS)
def test_survival_at_any_times(engine, name):
    times = [0.0, 0.3, 1.0, 2.5, 5.0]
    model, X = fitted_survival(engine, name)
    found = run(session_of(model, times=times), onnx_inputs(model, X))
    alive, incidence = model.predict_survival_function(X, times), None
    if len(model.event_names_) == 1:
        alive = {"event": alive}
        incidence = model.predict_cumulative_incidence(X, times)
    for event, expected in alive.items():
        assert_equal(found[f"{event}_survival"], expected)
    if incidence is not None and len(incidence) > 1:
        assert_equal(found["event_incidence"], np.stack(list(incidence.values()), axis=2))


LABELS = {
    "bool": [True, False],
    "text": ["no", "yes"],
    "int": [3, 8, 5],
    "float": [2.0, 4.0],
    "uint64": np.array([2**63, 2**63 + 1], dtype=np.uint64),
    "time": list(pd.to_datetime(["2026-01-01", "2026-02-01"])),
}


@pytest.mark.parametrize("kind", LABELS)
def test_classes_have_the_type_of_the_labels(kind):
    X, _ = table()
    labels = pd.Series(np.resize(np.array(LABELS[kind]), 80)).astype("category")
    model = skmtl.RMTGBClassifier(**ROUNDS).fit(X[["size"]], labels.rename("class"))
    expected = model.predict(X[["size"]])
    found = run(session_of(model), onnx_inputs(model, X[["size"]]))["class"]
    if kind in ("time", "uint64"):  # graphs write both as text
        expected = np.array([str(label) for label in expected], dtype=object)
    assert len(np.unique(found)) > 1
    assert_equal(found, expected)
