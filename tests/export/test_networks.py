"""Every switch of the network, in the graph as in torch."""

from __future__ import annotations

import numpy as np
import pytest

import skmtl
from skmtl.networks import Experts, FeatureGates, HubTokens, TaskEmbeddings, TopK
from skmtl.tasks import Residual
from tests.files.cases import KINDS, NETWORK, long_table, table

pytest.importorskip("onnx", reason='needs the extra "onnx"')
pytest.importorskip("onnxruntime", reason='needs the extra "onnx"')

from tests.export.graphs import assert_same_outputs, new_rows

# Long steps, so that two epochs carry the weights far from where they began.
PARAMETERS = NETWORK | {"learning_rate": 0.05}
SWITCHES = {
    "linear": {"numeric_embedding": "linear"},
    "periodic": {"numeric_embedding": "periodic"},
    "one bin": {"n_bins": 1},
    "no mask": {"mask": "none", "feature_attention": True},
    "features read tasks": {"mask": "task_to_task", "feature_attention": True, "n_blocks": 2},
    "tasks read tasks": {"mask": "feature_to_task", "feature_attention": True},
    "both masked": {"feature_attention": True, "n_blocks": 2},
    "hubs": {"feature_attention": HubTokens(n=3), "n_blocks": 2},
    "hubs of all tokens": {"feature_attention": HubTokens(), "mask": "none", "n_bags": 2},
    "one token": {"task_token": "single", "mask": "none"},
    "no block": {"n_blocks": 0},
    "no row path": {"row_mixing": "none"},
    "linear rows": {"row_mixing": "linear"},
    "perceptron": {"row_mixing": "mlp", "row_layers": 3},
    "one layer": {"row_layers": 1, "n_members": 3},
    "prototypes": {"sample_context": "prototypes", "context_size": 5},
    "memory": {"sample_context": "memory", "context_size": 7, "n_bags": 2},
    "memory of a perceptron": {"sample_context": "memory", "row_mixing": "mlp", "n_blocks": 2,
                               "feature_attention": True, "mask": "none"},
    "a learnt line": {"linear_path": "learnt"},
    "a line": {"linear_path": "ridge"},
    "one expert": {"row_mixing": Experts(shared=1, own=0, activation="relu")},
    "top experts": {"row_mixing": Experts(shared=3, own=0, routing=TopK(k=2))},
    "experts of levels": {"row_mixing": "home", "task_token": "single", "mask": "none",
                          "sample_context": "prototypes"},
    "experts of groups": {
        "row_mixing": Experts(
            n_levels=2, groups=[["sold", "price", "risk"], ["visits", "grade", "delay"]],
            gate="token", others="detached", task_inputs=(TaskEmbeddings(), FeatureGates()),
        ),
        "sample_context": "memory", "context_size": 7, "n_bags": 2,
    },
}  # fmt: skip


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch(switch):
    X, Y = table()
    model = skmtl.MultiTab(tasks=KINDS, **PARAMETERS | SWITCHES[switch])
    assert_same_outputs(model.fit(X, Y), new_rows())


@pytest.mark.parametrize("columns", [["size"], ["city", "colour"]], ids=["numbers", "categories"])
def test_columns_of_one_sort(columns):
    X, Y = table()
    model = skmtl.MultiTabRegressor(**PARAMETERS).fit(X[columns], Y["price"])
    assert_same_outputs(model, new_rows()[columns])


def test_columns_that_say_nothing():
    X, Y = table()
    X = X[["size"]].assign(constant=3.0, absent=np.nan, nothing=None)
    model = skmtl.MultiTabRegressor(**PARAMETERS).fit(X, Y["price"])
    assert_same_outputs(model, X.assign(constant=[3.0, 4.0] * 40, absent=1.0))


def test_hazards_that_are_not_smooth():
    X, Y = table()
    Y["death_event"], Y["death_time"] = 1, np.arange(80.0)
    kinds = {"death": skmtl.tasks.Survival(5, smooth=False)}
    model = skmtl.MultiTab(tasks=kinds, **PARAMETERS)
    assert_same_outputs(model.fit(X, Y[["death_event", "death_time"]]), new_rows())


def test_long_data_with_experts():
    X, y = long_table()
    mixing = Experts(gate="token", shared=2, own=0)
    model = skmtl.MultiTabRegressor(task_column="shop", row_mixing=mixing, **PARAMETERS).fit(X, y)
    X["shop"] += 1
    assert_same_outputs(model, X)


def test_long_data_with_memory_and_two_blocks():
    X, y = long_table()
    model = skmtl.MultiTabRegressor(
        task_column="shop", sample_context="memory", context_size=6, n_blocks=2, **PARAMETERS
    ).fit(X, y)
    X["shop"] += 1
    assert_same_outputs(model, X)


@pytest.mark.slow
def test_a_model_of_the_default_size():
    X, Y = table(600)
    model = skmtl.MultiTab(tasks=KINDS, max_epochs=3, random_state=0).fit(X[:400], Y[:400])
    assert_same_outputs(model, X[400:])


def vanishing(time, values, slopes, coefficients):
    """An equation, with which all layers are smooth."""
    return {"price": slopes["price"] + coefficients["rate"] * values["price"]}


@pytest.mark.parametrize(
    "switches",
    [{}, {"numeric_embedding": "periodic"}, {"row_mixing": "mlp", "row_layers": 3}],
    ids=str,
)
def test_smooth_layers(switches):
    X, Y = table()
    law = Residual(vanishing, time="size", coefficients={"rate": 0.1})
    model = skmtl.MultiTab(tasks={"law": law}, **PARAMETERS | switches)
    assert_same_outputs(model.fit(X, Y[["price", "sold"]]), new_rows())
