"""Custom kinds: their names, and files that contain them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import skmtl
from skmtl import RMTGB, MultiTab
from skmtl._storable import STORABLE
from skmtl.files import ModelFileError
from skmtl.tasks import KINDS, Binary, Count, Kind, Quantile, Survival, TaskSet, register_kind
from tests.tasks.gamma import Gamma

ROOT = Path(__file__).parents[2]
BOOSTING = {"n_rounds": 3, "n_bags": 1, "blocks": ("shared",), "random_state": 0}
NETWORK = {"max_epochs": 2, "row_size": 4, "n_members": 1, "random_state": 0}


@pytest.fixture
def registered():
    """Restore the registry after a test."""

    kept = dict(KINDS), dict(STORABLE)
    yield
    for registry, before in zip((KINDS, STORABLE), kept, strict=True):
        registry.clear()
        registry.update(before)


def table(n=120):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=n)})
    amount = rng.gamma(5.0, np.exp(X["a"]) / 5.0)
    return X, pd.DataFrame({"amount": amount, "size": X["b"]})


class Unregistered(Gamma):
    name = "unregistered"


@pytest.mark.parametrize(("estimator", "settings"), [(MultiTab, NETWORK), (RMTGB, BOOSTING)])
@pytest.mark.parametrize("kind", ["gamma", Gamma(), Unregistered()])
def test_models_learn_a_kind_of_ones_own(estimator, settings, kind):
    X, Y = table()
    model = estimator(tasks={"amount": kind}, **settings).fit(X, Y)
    assert model.task_kinds_ == {
        "amount": kind if isinstance(kind, str) else kind.name,
        "size": "regression",
    }
    predictions = model.predict(X)["amount"]
    assert (predictions > 0).all()
    assert predictions.nunique() > 1


@pytest.mark.parametrize(("estimator", "settings"), [(MultiTab, NETWORK), (RMTGB, BOOSTING)])
def test_files_hold_a_registered_kind(estimator, settings, tmp_path):
    X, Y = table()
    model = estimator(tasks={"amount": Gamma()}, **settings).fit(X, Y)
    model.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(loaded.predict(X), model.predict(X))
    assert isinstance(loaded.task_set_.heads[0], Gamma)


def test_another_process_loads_the_file_once_the_kind_is_registered(tmp_path):
    X, Y = table()
    path = tmp_path / "model.skmtl"
    RMTGB(tasks={"amount": "gamma"}, **BOOSTING).fit(X, Y).save(path)
    load = f"import skmtl; skmtl.load({str(path)!r})"

    def run(code):
        return subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
        )

    unknown = run(load)
    assert unknown.returncode == 1
    error = unknown.stderr.splitlines()[-1]
    assert error.startswith("skmtl.files._errors.ModelFileError")
    assert "'Gamma' is none of those that a file may hold" in error
    assert "first import what registers it with skmtl.tasks.register_kind" in error
    known = run("import tests.tasks.gamma; " + load)
    assert known.returncode == 0, known.stderr


@pytest.mark.parametrize("kind", [Unregistered(), Unregistered])
@pytest.mark.parametrize("remembered", [True, False])
def test_saving_an_unregistered_kind_says_what_to_do(kind, remembered, tmp_path):
    X, Y = table()
    model = RMTGB(tasks={"amount": kind}, **BOOSTING).fit(X, Y)
    if not remembered:
        model.set_params(tasks=None)
    with pytest.raises(TypeError, match=r"Unregistered, which cannot be saved yet\. Dec") as e:
        model.save(tmp_path / "model.skmtl")
    assert "skmtl.tasks.register_kind" in str(e.value)
    assert "set it to something plain" not in str(e.value)
    assert not list(tmp_path.iterdir())


def test_a_file_of_an_unknown_class_is_refused_with_both_reasons(tmp_path, registered):
    X, Y = table()
    register_kind(Unregistered)
    RMTGB(tasks={"amount": "unregistered"}, **BOOSTING).fit(X, Y).save(tmp_path / "model.skmtl")

    del STORABLE["Unregistered"]
    with pytest.raises(ModelFileError, match=r"of your own.*another version of skmtl"):
        skmtl.load(tmp_path / "model.skmtl")


def test_a_notebooks_cell_may_run_again(registered, tmp_path):
    def cell(word):  # the class is from the same place each time
        @register_kind
        class Trips(Count):
            name = word

        return Trips

    first = cell("trips")
    X, Y = table()
    model = RMTGB(tasks={"amount": first()}, **BOOSTING).fit(X, Y)
    second = cell("trips")
    assert KINDS["trips"] is second is not first
    model.save(tmp_path / "model.skmtl")
    assert isinstance(skmtl.load(tmp_path / "model.skmtl").task_set_.heads[0], second)
    third = cell("tours")
    assert KINDS["tours"] is third
    assert "trips" not in KINDS
    assert register_kind(third) is third


class Lacking(Kind):
    name = "lacking"


class Nameless(Gamma):
    name = ""


@pytest.mark.parametrize(
    ("thing", "error", "words"),
    [
        (int, TypeError, "takes a subclass of skmtl.tasks.Kind, got <class 'int'>"),
        (Gamma(), TypeError, r"takes a subclass of skmtl.tasks.Kind, got Gamma\(\)"),
        (Lacking, TypeError, "Lacking lacks .*encode, gradient_hessian, .*losses, .*default_metr"),
        (Nameless, TypeError, "`name` of Nameless must be a word, got ''"),
        (type("Mine", (Count,), {}), ValueError, "'count' is already skmtl.tasks._count.Count"),
        (type("Count", (Count,), {"name": "mine"}), ValueError, "name of two classes.*rename one"),
        (type("TaskSet", (Count,), {"name": "mine"}), ValueError, "name of two classes"),
    ],
)
def test_what_cannot_be_registered_is_refused(registered, thing, error, words):
    before = dict(KINDS)
    with pytest.raises(error, match=words):
        register_kind(thing)
    assert before == KINDS


def test_kinds_say_what_they_can_do():
    Y = pd.DataFrame({"amount": [1.0, 2.0, 3.0]})
    scores = np.zeros((3, 1))
    for head in (Gamma().fit(Y["amount"], task="amount"), Count().fit(Y["amount"], task="n")):
        assert not head.is_classification
        assert not head.has_curves
        assert head.has_numbers
        assert head.quantile_levels == ()
        assert head.n_causes == 0
        for method in (head.predict_proba, head.predict_quantiles, head.curves):
            with pytest.raises(NotImplementedError, match=f"Kind '{head.name}' has no"):
                method(scores)
    assert Quantile((0.2, 0.6)).quantile_levels == (0.2, 0.6)
    assert Survival.has_curves
    assert not Survival.has_numbers
    ordered = [name for name, kind in KINDS.items() if kind.is_ordered]
    assert ordered == ["ordinal"]
    assert [name for name, kind in KINDS.items() if not kind.has_numbers] == [
        "binary",
        "multiclass",
        "ordinal",
        "funnel",
        "survival",
        "competing_risks",
        "proportional_hazards",
    ]


def test_probabilities_are_those_of_all_kinds_that_say_to_have_classes():
    class Sure(Gamma):
        is_classification = True

        def predict_proba(self, scores):
            return np.ones((len(scores), 1))

    Y = pd.DataFrame({"x": [1.0, 2.0], "y": [True, False]})
    tasks = TaskSet.fit(Y, infer=lambda labels: Binary(), tasks={"x": Sure()})
    sure, binary = tasks.predict_proba(np.zeros((2, 2)))
    assert sure.shape == (2, 1)
    assert binary.shape == (2, 2)


def test_a_metric_may_be_a_function():
    def metric(y_true, y_pred):
        return len(y_true)

    class Measured(Gamma):
        default_metric = metric

    assert Measured.default_metric([1, 2], []) == 2
    assert Measured().default_metric([1, 2], []) == 2
