"""Equations that the targets obey in time, as a task without labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold

import skmtl
from skmtl import (
    RMTGB,
    GroupedTasks,
    MultiTab,
    MultiTabClassifier,
    MultiTabRegressor,
    MultiTaskLinear,
    StackedTasks,
)
from skmtl.files import storable
from skmtl.networks import Experts, HubTokens
from skmtl.tasks import Residual
from skmtl.timeseries import Forecaster

RATE, LAST_LABEL = 0.7, 1.5
SMALL = {
    "n_bags": 1, "n_blocks": 0, "row_size": 24, "n_members": 1, "row_layers": 2, "tower_size": 8,
    "embedding_size": 8, "n_heads": 1, "dropout": 0.0, "random_state": 0,
}  # fmt: skip
SHORT = SMALL | {"max_epochs": 2}


@storable
@dataclass(frozen=True)
class Decay:
    """Exponential decay of a target."""

    target: str = "level"

    def __call__(self, time, values, slopes, coefficients):
        return slopes[self.target] + coefficients["rate"] * values[self.target]


def law(function=None, **parameters):
    parameters = {"time": "hours", "coefficients": {"rate": 2.0}, "positive": True} | parameters
    return Residual(Decay() if function is None else function, **parameters)


def decaying(n_rows=40, n_labels=12):
    """Times up to 5, and labels up to 1.5."""
    hours = np.linspace(0, 5, n_rows)
    level = 3 * np.exp(-RATE * hours)
    early = np.flatnonzero(hours < LAST_LABEL)
    rows = early[np.linspace(0, len(early) - 1, n_labels).astype(int)]
    noise = np.random.default_rng(0).normal(size=len(rows))
    Y = pd.DataFrame({"level": np.full(n_rows, np.nan)})
    Y.iloc[rows, 0] = level[rows] + 0.02 * noise
    return pd.DataFrame({"hours": hours}), Y, level


@pytest.fixture(scope="module")
def short():
    X, Y, _ = decaying()
    return MultiTab(tasks={"law": law()}, **SHORT).fit(X, Y)


def test_a_rate_is_recovered_and_the_future_with_it():
    X, Y, level = decaying()
    late = X["hours"] > LAST_LABEL
    parameters = SMALL | {
        "row_mixing": "mlp", "learning_rate": 0.02, "averaging": 0.9, "batch_size": 40,
        "early_stopping": False, "max_epochs": 150,
    }  # fmt: skip
    errors = {}
    for name, tasks in {"with": {"law": law(coefficients={"rate": 1.5})}, "without": None}.items():
        model = MultiTab(tasks=tasks, **parameters).fit(X, Y)
        errors[name] = np.abs(model.predict(X)["level"] - level)[late].mean()
        if tasks:
            rate = model.coefficients_.loc[("law", "rate"), "value"]
            assert rate == pytest.approx(RATE, rel=0.03)
    assert errors["with"] < 0.1 * errors["without"]


def test_predictions_are_those_of_the_targets_alone(short):
    X, Y, _ = decaying()
    assert short.task_names_ == ["level"]
    assert short.predict(X).columns.tolist() == ["level"]
    assert np.isfinite(short.score(X, Y))
    assert (short.history_["auxiliary[law]"] > 0).all()
    table = short.coefficients_
    assert table.index.tolist() == [("law", "rate")]
    assert table["value"].item() > 0
    assert table["spread"].item() == 0


def test_values_and_slopes_are_in_the_units_of_the_user():
    """The function is told what `predict` says, and its derivative by the column of X."""
    X, Y, _ = decaying()
    X = pd.DataFrame({"dose": np.tile([0.0, 1.0], 20), "hours": 1e3 + 60 * X["hours"]})
    X.loc[7, "hours"] = 3_000.0  # far out, where encoded numbers are clipped
    X.loc[9, "hours"] = np.nan
    told = []

    def watched(time, values, slopes, coefficients):
        told.append([part.detach().numpy() for part in (time, values["level"], slopes["level"])])
        return slopes["level"]

    tasks = {"law": Residual(watched, time="hours")}
    model = MultiTab(tasks=tasks, **SHORT).fit(X, 50 + 10 * Y)
    network = model.network_.networks[0]
    told.clear()
    network.equation_losses(skmtl.engines.network.batch_to_score(model.__skmtl_fitted__().read(X)))
    (time, values, slopes), timed = told[0], X.dropna()
    np.testing.assert_allclose(time, timed["hours"], rtol=1e-4)
    np.testing.assert_allclose(values, model.predict(timed)["level"], rtol=1e-4)
    step = 5.0
    before, after = (model.predict(timed.assign(hours=timed["hours"] + s)) for s in (-step, step))
    expected = (after - before)["level"] / (2 * step)
    np.testing.assert_allclose(slopes, expected, rtol=0.02, atol=1e-3 * np.abs(slopes).max())


def test_the_loss_does_not_change_with_the_units():
    X, Y, _ = decaying()
    parameters = SHORT | {"tasks": {"law": law(coefficients={"rate": 1.0})}}
    hours = MultiTab(**parameters).fit(X, Y)
    parameters["tasks"] = {"law": law(coefficients={"rate": 1 / 60})}
    minutes = MultiTab(**parameters).fit(60 * X, 1000 * Y)
    assert minutes.history_["auxiliary[law]"].tolist() == pytest.approx(
        hours.history_["auxiliary[law]"].tolist(), rel=1e-3
    )
    rates = [model.coefficients_["value"].item() for model in (hours, minutes)]
    assert rates[0] == pytest.approx(60 * rates[1], rel=1e-3)


def test_rows_without_labels_have_a_part_in_it():
    X, Y, _ = decaying()
    labelled = Y["level"].notna()
    times = []

    def watched(time, values, slopes, coefficients):
        times.extend(time.tolist())
        return slopes["level"]

    tasks = {"law": Residual(watched, time="hours")}
    MultiTab(tasks=tasks, **SHORT | {"max_epochs": 1}).fit(X, Y)
    assert set(np.round(X.loc[~labelled, "hours"], 3)) <= set(np.round(times, 3))
    far = X.assign(hours=X["hours"].where(labelled, X["hours"] * 1.5))
    one, other = (MultiTab(tasks=tasks, **SHORT).fit(table, Y).predict(X) for table in (X, far))
    assert not np.allclose(one, other)


def exchange(time, values, slopes, coefficients):
    """What leaves one compartment arrives in the other."""
    flow = coefficients["rate"] * values["blood"]
    return {"blood": slopes["blood"] + flow, "tissue": slopes["tissue"] - flow}


def test_several_equations_share_coefficients():
    X, Y, level = decaying()
    Y = pd.DataFrame({"blood": Y["level"], "tissue": 3 - Y["level"], "ill": level > 1})
    model = MultiTab(tasks={"law": law(exchange)}, **SHORT).fit(X, Y)
    assert model.coefficients_.index.tolist() == [("law", "rate")]
    assert model.predict(X).columns.tolist() == ["blood", "tissue", "ill"]
    with pytest.raises(ValueError, match=r"'law' must return a mapping of targets.*'tissue'"):
        MultiTab(tasks={"law": law(Decay("blood"))}, **SHORT).fit(X, Y)


def test_a_coefficient_may_be_negative():
    X, Y, _ = decaying()
    free = law(coefficients={"rate": 0.0, "other": -3.0}, positive=False)
    values = MultiTab(tasks={"law": free}, **SHORT).fit(X, Y).coefficients_["value"]
    assert values["law", "rate"] != 0
    assert values["law", "other"] == -3.0  # which the function does not use


@pytest.mark.parametrize(
    "parameters",
    [
        {"balance": "pcgrad", "n_bags": 2},
        {"balance": "pcgrad", "balance_at": "trunk"},
        {"balance": "uncertainty", "numeric_embedding": "periodic"},
        {"balance": "rep_mtl", "row_mixing": "ple", "linear_path": "ridge"},
        {"sample_context": "memory", "n_blocks": 1, "early_stopping": False},
        {"feature_attention": HubTokens(n=2)},
    ],
    ids=str,
)
def test_with_other_settings(parameters):
    X, Y, level = decaying()
    Y["ill"] = level > 1
    model = MultiTab(tasks={"law": law()}, **SHORT | parameters).fit(X, Y)
    assert model.coefficients_["value"].item() != 2.0
    assert np.isfinite(model.predict(X)["level"]).all()


def test_dropout_has_no_part_in_residuals():
    X, Y, _ = decaying()
    told = []

    def watched(time, values, slopes, coefficients):
        told.append(values["level"].detach().numpy())
        return slopes["level"]

    parameters = SHORT | {"max_epochs": 1, "batch_size": 40, "early_stopping": False}
    for dropout in (0.0, 0.5):
        tasks = {"law": Residual(watched, time="hours")}
        MultiTab(tasks=tasks, **parameters | {"dropout": dropout}).fit(X, Y)
    (_, without), (_, with_dropout) = told[:2], told[2:]  # after what is asked before training
    np.testing.assert_allclose(with_dropout, without, rtol=1e-6)


def test_files_keep_coefficients_and_storable_functions(short, tmp_path):
    X, Y, _ = decaying()
    short.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(loaded.predict(X), short.predict(X))
    pd.testing.assert_frame_equal(loaded.coefficients_, short.coefficients_)
    assert loaded.tasks == short.tasks
    again = loaded.fit(X, Y)
    pd.testing.assert_frame_equal(again.coefficients_, short.coefficients_)


def test_files_refuse_code(tmp_path):
    X, Y, _ = decaying()
    model = MultiTab(tasks={"law": law(lambda t, y, dy, c: dy["level"])}, **SHORT).fit(X, Y)
    with pytest.raises(TypeError, match=r"\['law'\]\['function'\].*<lambda>.*no code.*storable"):
        model.save(tmp_path / "model.skmtl")
    assert not list(tmp_path.iterdir())


def test_in_a_search():
    X, Y, _ = decaying()
    X, Y = X[Y["level"].notna()], Y.dropna()
    grid = {"tasks": [{"law": law(weight=weight)} for weight in (0.1, 1.0)]}
    model = MultiTab(**SHORT)
    search = GridSearchCV(model, grid, cv=KFold(2)).fit(X, Y)
    assert search.best_estimator_.coefficients_.shape == (1, 2)
    assert clone(search.best_estimator_).tasks == search.best_params_["tasks"]


def test_a_warm_start_goes_on_with_the_coefficients(short):
    X, Y, _ = decaying()
    model = MultiTab(tasks={"law": law()}, warm_start=True, **SHORT).fit(X, Y)
    before = model.coefficients_["value"].item()
    assert before == pytest.approx(short.coefficients_["value"].item())
    assert model.fit(X, Y).coefficients_["value"].item() < before
    with pytest.raises(ValueError, match="which had tasks="):
        model.set_params(tasks={"law": law(weight=2.0)}).fit(X, Y)


def test_arrays_and_the_estimator_of_numbers():
    X, Y, _ = decaying()
    tasks = {"law": law(Decay(0), time="x0")}
    with pytest.raises(ValueError, match="'law' has time='x0', which is not a numeric feature"):
        MultiTabRegressor(tasks=tasks, **SHORT).fit(X.to_numpy(), Y.to_numpy()[:, 0])
    tasks = {"law": law(Decay(0), time=0)}
    model = MultiTabRegressor(tasks=tasks, **SHORT).fit(X.to_numpy(), Y.to_numpy()[:, 0])
    assert model.predict(X.to_numpy()).shape == (len(X),)


@pytest.mark.parametrize("model", [RMTGB(), MultiTaskLinear(), MultiTabClassifier()], ids=repr)
def test_other_estimators_refuse_it(model):
    X, Y, _ = decaying()
    with pytest.raises(ValueError, match=r"'law' is a Residual, .* only MultiTab and MultiTabR"):
        model.set_params(tasks={"law": law()}).fit(X, Y)


def within(model):
    """A network with a residual in what prepares rows and targets for it."""
    network = MultiTab(tasks={"law": law()}, **SHORT)
    if model is StackedTasks:
        return StackedTasks(estimators=[("network", network)])
    if model is Forecaster:
        return Forecaster(network, time="hours", horizon=1)
    return GroupedTasks(network, groups="joint")


@pytest.mark.parametrize("model", [StackedTasks, Forecaster, GroupedTasks])
def test_nor_is_it_lost_within_others(model):
    X, Y, level = decaying()
    with pytest.raises(ValueError, match=r"'law' is a Residual, but .* on its own"):
        within(model).fit(X.assign(hours=np.arange(len(X))), Y.assign(level=level, other=level))


def test_weights_of_labels_would_leave_rows_out():
    X, Y, _ = decaying()
    Y["ill"] = Y["level"] > 2
    model = MultiTab(tasks={"law": law()}, **SHORT)
    model.fit(X, Y, sample_weight=np.linspace(1, 2, len(X)))
    with pytest.raises(ValueError, match="'law' learns from rows without labels, which"):
        model.fit(X, Y, sample_weight=np.tile([1.0, 2.0], (len(X), 1)))


FLAT = pd.DataFrame({"hours": np.ones(40)})
FAR = decaying()[0].assign(hours=lambda X: X["hours"].mask(X["hours"] == 5, 1e4))
Y = decaying()[1]
REFUSED = {
    "no such time": (law(time="hour"), {}, "time='hour', which is not a .*Did you mean 'hours'"),
    "a flat time": (law(), {"X": FLAT}, "'hours', which is the same in all rows"),
    "a far time": (law(), {"X": FAR}, "more than 100 interquartile ranges"),
    "a target's name": (
        law(),
        {"Y": Y.rename(columns={"level": "law"})},
        "y has the column 'law'",
    ),
    "classes": (law(), {"Y": Y > 1}, "'law' needs a regression target"),
    "an unknown target": (law(Decay("lvl")), {}, "looks for 'lvl'.*'level'.*'rate'"),
    "an unknown coefficient": (law(coefficients={"k": 1.0}), {}, "looks for 'rate'"),
    "one number": (law(lambda t, y, dy, c: dy["level"].mean()), {}, r"got Tensor of shape \(\)"),
    "no derivative": (law(lambda t, y, dy, c: t), {}, "computed from `values` or `slopes`"),
    "numpy": (law(lambda t, y, dy, c: dy["level"].detach().numpy()), {}, "got ndarray"),
    "experts": (law(), {"row_mixing": Experts(activation="relu")}, "'law' needs smooth layers"),
    "attention": (law(), {"feature_attention": True}, "feature_attention=True has no second"),
    "long data": (law(), {"task_column": "id"}, "'law' needs wide data"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_learnt_is_refused(case):
    residual, parameters, words = REFUSED[case]
    X, labels = parameters.pop("X", decaying()[0]), parameters.pop("Y", Y)
    if "task_column" in parameters:
        X = X.assign(id=np.arange(len(X)) % 2)
    with pytest.raises(ValueError, match=words):
        MultiTab(tasks={"law": residual}, **SHORT | parameters).fit(X, labels)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"coefficients": {"rate": 0.0}}, "'rate' is positive, but starts at 0"),
        ({"coefficients": {"rate": np.nan}}, "starts at nan"),
        ({"positive": ("rat",)}, r"positive names \['rat'\]"),
        ({"weight": 0}, "weight must be a positive number"),
    ],
)
def test_settings_are_checked(parameters, words):
    with pytest.raises(ValueError, match=words):
        law(**parameters)


def test_a_function_that_is_not_finite_is_named():
    X, Y, _ = decaying()
    tasks = {"law": Residual(lambda t, y, dy, c: torch.log(-(dy["level"] ** 2)), time="hours")}
    with pytest.raises(FloatingPointError, match="auxiliary loss 'law' is not finite in epoch 0"):
        MultiTab(tasks=tasks, **SHORT).fit(X, Y)
