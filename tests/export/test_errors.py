"""Models that cannot be exported raise clear errors."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

import skmtl
from skmtl._storable import STORABLE
from skmtl.export import onnx_inputs, to_onnx
from skmtl.tasks import KINDS, Regression
from tests.files.cases import BOOSTING, table


@pytest.fixture
def model():
    X, Y = table()
    return skmtl.RMTGBRegressor(**BOOSTING).fit(X, Y[["price"]])


@pytest.mark.parametrize("function", [to_onnx, lambda model: onnx_inputs(model, table()[0])],
                         ids=["to_onnx", "onnx_inputs"])  # fmt: skip
@pytest.mark.parametrize(
    "estimator",
    [LinearRegression(), make_pipeline(skmtl.RMTGB())],
    ids=["another", "pipeline"],
)
def test_another_estimator(estimator, function):
    with pytest.raises(TypeError, match=f"A {type(estimator).__name__} cannot be exported"):
        function(estimator)


@pytest.mark.parametrize("function", [to_onnx, lambda model: onnx_inputs(model, table()[0])],
                         ids=["to_onnx", "onnx_inputs"])  # fmt: skip
def test_groups_of_tasks(function):
    X, Y = table()
    model = skmtl.GroupedTasks(skmtl.RMTGB(**BOOSTING), groups=[["price"], ["sold"]])
    with pytest.raises(TypeError, match="A GroupedTasks cannot be exported"):
        function(model.fit(X, Y[["price", "sold"]]))


def test_a_model_that_is_not_fitted():
    with pytest.raises(NotFittedError):
        to_onnx(skmtl.RMTGB())


@pytest.mark.parametrize("is_registered", [False, True])
def test_a_kind_of_the_users_own(is_registered, monkeypatch):
    class Cubed(Regression):
        name = "cubed"

        def predict(self, scores, *, group=None):
            return super().predict(scores, group=group) ** 3

    if is_registered:
        monkeypatch.setitem(STORABLE, "Cubed", Cubed)
        monkeypatch.setitem(KINDS, "cubed", Cubed)
    X, Y = table()
    model = skmtl.RMTGB(tasks={"price": Cubed()}, **BOOSTING).fit(X, Y[["price"]])
    pytest.importorskip("onnx")
    with pytest.raises(TypeError, match="Task 'price' has a custom kind, Cubed"):
        to_onnx(model)
    assert is_registered or "Cubed" not in STORABLE


def test_categories_and_ids_of_the_same_text():
    pytest.importorskip("onnx")
    X = pd.DataFrame({"code": pd.Categorical([1, "1"] * 30), "x": np.arange(60.0)})
    model = skmtl.RMTGBRegressor(**BOOSTING).fit(X, X["x"])
    with pytest.raises(ValueError, match="'code' has categories with the same text, '1'"):
        to_onnx(model)
    model = skmtl.RMTGBRegressor(task_column="code", **BOOSTING).fit(X, X["x"])
    with pytest.raises(ValueError, match="Task column 'code' has ids with the same text"):
        to_onnx(model)


def test_times_that_are_not_known(model):
    pytest.importorskip("onnx")
    with pytest.raises(ValueError, match="no task of the model has events"):
        to_onnx(model, times=[1.0])
    X, Y = table()
    Y["death_event"], Y["death_time"] = 1, np.arange(80.0)
    events = skmtl.RMTGB(tasks={"death": "survival"}, **BOOSTING)
    events.fit(X, Y[["death_event", "death_time"]])
    with pytest.raises(ValueError, match=r"times reach 80, but .* known up to 79 only"):
        to_onnx(events, times=[1.0, 80.0])


def test_a_table_of_other_columns(model):
    X, _ = table()
    with pytest.raises(ValueError, match="yet now missing:\n- size"):
        onnx_inputs(model, X.drop(columns="size"))
    with pytest.raises(ValueError, match=r"The columns \['size'\] of X held numbers at fit"):
        onnx_inputs(model, X.assign(size="big"))
    with pytest.raises(ValueError, match="infinity in the columns"):
        onnx_inputs(model, X.assign(size=np.inf))


def test_without_onnx_the_extra_is_named(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r'pip install "skmtl\[onnx\]"'):
        to_onnx(model)
    assert onnx_inputs(model, table()[0])["size"].shape == (80,)
