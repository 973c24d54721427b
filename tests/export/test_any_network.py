"""Networks other than MultiTab's, whose graphs are traced by torch."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import skmtl
from skmtl.export import onnx_inputs, to_onnx
from skmtl.models.network import NetworkEstimator
from skmtl.networks import NetworkOutput
from skmtl.reading import ColumnTargets
from skmtl.tasks import Regression, mixed_kind
from tests.files.cases import KINDS, NETWORK, long_table, table

pytest.importorskip("onnxruntime", reason='needs the extra "onnx"')
pytest.importorskip("onnxscript", reason='needs the extra "onnx"')

from tests.export.graphs import assert_equal, assert_same_outputs, new_rows, run, session_of

SIZE = 6


@dataclass(frozen=True)
class Shape:
    """What a network of these tests is built from, and the description of it."""

    network: type[nn.Module]
    n_numeric: int
    cardinalities: tuple[int, ...]
    n_groups: int
    base_scores: np.ndarray

    def build(self) -> nn.Module:
        return self.network(self)


@dataclass(frozen=True)
class Settings:
    network: type[nn.Module]

    def describe(self, problem, training, base_scores, seed):
        n_numeric = training.inputs.numeric.shape[1]
        cardinalities = tuple(problem.encoder.cardinalities_)
        n_groups = len(problem.task_ids)
        return Shape(self.network, n_numeric, cardinalities, n_groups, base_scores)


def parameter(*shape):
    made = nn.Parameter(torch.empty(*shape))
    made.initial = (-0.7, 0.7)
    return made


class Plain(nn.Module):
    """Members of a perceptron with weights for missing numbers, none for a task not seen."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        n_scores = len(shape.base_scores)
        self.n_groups = shape.n_groups
        self.register_buffer("base_scores", torch.tensor(shape.base_scores, dtype=torch.float32))
        self.numbers = parameter(shape.n_numeric, SIZE)
        self.gaps = parameter(shape.n_numeric, SIZE)
        self.tables = nn.ParameterList(parameter(n, SIZE) for n in shape.cardinalities)
        self.groups = parameter(shape.n_groups, SIZE)
        self.out = parameter(3, SIZE, n_scores)

    def hidden(self, batch):
        gaps = torch.isnan(batch.numeric)
        hidden = batch.numeric.masked_fill(gaps, 0) @ self.numbers + gaps.float() @ self.gaps
        for column, codes in enumerate(self.tables):
            hidden = hidden + codes[batch.codes[:, column]]
        if batch.group is not None:
            is_known = (batch.group >= 0)[:, None]
            hidden = hidden + self.groups[batch.group.clamp(min=0)] * is_known
        return hidden

    def forward(self, batch):
        hidden = torch.tanh(self.hidden(batch))
        return self.base_scores + torch.einsum("bh,mhs->bms", hidden, self.out)


class WithLoss(Plain):
    def forward(self, batch):
        scores = super().forward(batch)
        return NetworkOutput(scores, {"size": self.out.square().mean()})


class Attention(Plain):
    """Numbers that read each other, in modules of torch."""

    def __init__(self, shape):
        super().__init__(shape)
        self.reading = nn.TransformerEncoderLayer(SIZE, 2, 8, dropout=0, batch_first=True)

    def hidden(self, batch):
        tokens = torch.nan_to_num(batch.numeric)[:, :, None] * self.numbers
        return super().hidden(batch) + self.reading(tokens).mean(dim=1)


class Counts(Plain):
    """Computes something else for one particular number of rows."""

    def forward(self, batch):
        scores = super().forward(batch)
        return scores.reshape(5, *scores.shape[1:]) if len(batch) == 5 else scores


class Looks(Plain):
    """Branches in Python on the numbers of all rows."""

    def forward(self, batch):
        scores = super().forward(batch)
        return scores if bool((batch.codes > 0).any()) else 2 * scores


class Searches(Plain):
    """Uses an operator that ONNX does not have."""

    def hidden(self, batch):
        places = torch.searchsorted(torch.tensor([-1.0, 0.0, 1.0]), batch.numeric)
        return super().hidden(batch) + places.float().mean(dim=1, keepdim=True)


class Asks(WithLoss):
    """Asks how many rows there are, and returns a loss."""

    def hidden(self, batch):
        return super().hidden(batch) + self.gaps[0].expand(len(batch), SIZE)


class Chance(Plain):
    """Returns a different result each time, once it is trained."""

    def forward(self, batch):
        scores = super().forward(batch)
        return scores if self.training else scores + torch.rand_like(scores)


@dataclass(kw_only=True, eq=False, repr=False)
class Mine(NetworkEstimator):
    """An estimator of any network."""

    _parameter_checks: ClassVar[dict[str, Any]] = {}

    network: type[nn.Module] = Plain
    tasks: Any = None

    def _targets(self):
        return ColumnTargets(self.tasks, mixed_kind, None, type(self).__name__)

    def _architecture(self):
        return Settings(self.network)


class Strict(Mine):
    """One that refuses rows of tasks that it does not know."""

    _refuses_unseen = True


FIT = {"max_epochs": 2, "learning_rate": 0.05, "random_state": 0, "device": "cpu", "n_bags": 1}


def wide(network=Plain, **parameters):
    X, Y = table()
    return Mine(network=network, tasks=KINDS, **FIT | parameters).fit(X, Y)


def long(estimator=Mine, **parameters):
    X, y = long_table()
    model = estimator(task_column="shop", tasks={"price": Regression()}, **FIT | parameters)
    return model.fit(X, y.to_frame())


@pytest.mark.parametrize(("network", "n_bags"), [(Plain, 2), (Attention, 1), (Asks, 1)])
def test_wide_data_of_mixed_kinds(network, n_bags):
    X = new_rows(40)
    assert X.isna().any(axis=None)  # gaps reach the network
    assert_same_outputs(wide(network, n_bags=n_bags), X[:1], X)


def test_long_data_with_tasks_not_seen():
    X = long_table()[0].tail(40)
    X["shop"] += 1
    assert {6, 7} <= set(X["shop"])
    assert_same_outputs(long(n_bags=2), X.tail(1), X)


def test_a_task_not_seen_that_is_an_error():
    model = long(Strict)
    X = long_table()[0]
    session, feed = session_of(model), onnx_inputs(model, X)
    assert_equal(run(session, feed)["price"], model.predict(X)["price"])
    feed["shop"] = feed["shop"] + 1
    with pytest.raises(Exception, match="a_task_that_fit_has_not_seen"):
        run(session, feed)


@pytest.mark.parametrize("columns", [["size"], ["city", "colour"]], ids=["numbers", "categories"])
def test_columns_of_one_sort(columns):
    X, Y = table()
    model = Mine(tasks=KINDS, **FIT).fit(X[columns], Y)
    assert_same_outputs(model, new_rows()[columns])


@pytest.fixture(scope="module")
def model():
    return wide()


@pytest.fixture(scope="module")
def graph(model):
    return to_onnx(model)


def test_inputs_outputs_and_metadata_are_those_of_multitab(graph):
    X, Y = table()
    expected = to_onnx(skmtl.MultiTab(tasks=KINDS, **NETWORK).fit(X, Y))
    assert list(graph.graph.input) == list(expected.graph.input)
    assert list(graph.graph.output) == list(expected.graph.output)
    assert list(graph.metadata_props) == list(expected.metadata_props)
    assert list(graph.opset_import) == list(expected.opset_import)


def test_the_graph_does_not_tell_where_the_network_was_written(graph):
    assert b"test_any_network" not in graph.SerializeToString()


def test_the_model_stays_as_it_is(model, graph):
    fresh, X = wide(), new_rows()
    expected = fresh.predict(X)
    modes = [module.training for module in fresh.network_.modules()]
    assert to_onnx(model).SerializeToString() == graph.SerializeToString()
    assert [module.training for module in model.network_.modules()] == modes
    pd.testing.assert_frame_equal(model.predict(X), expected)


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (Counts, r"your code specialized it to be a constant \(5\)"),
        (Looks, "data-dependent"),
        (Searches, "No ONNX function found for .*searchsorted"),
        (Chance, "returns other scores"),
    ],
)
def test_what_torch_cannot_export_names_the_class_and_the_reason(network, reason):
    model = wide(network)
    with pytest.raises(TypeError, match=f"class {network.__name__} cannot be exported.*{reason}"):
        to_onnx(model)


@pytest.mark.parametrize("package", ["onnxscript", "onnxruntime"])
def test_without_a_package_the_extra_is_named(package, monkeypatch):
    model = wide()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf'needs {package}: pip install "skmtl\[onnx\]"'):
        to_onnx(model)
