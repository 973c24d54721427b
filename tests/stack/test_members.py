"""What members of a stack may be set to, and what a stack takes over from them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import cross_val_score

from skmtl import (
    RMTGB,
    MultiTab,
    MultiTaskLinear,
    MultiTaskLinearClassifier,
    MultiTaskLinearRegressor,
    MultiTaskLinearSurvival,
    RMTGBClassifier,
    RMTGBSurvival,
    StackedTasks,
)
from skmtl.datasets import make_survival

TREES = RMTGB(n_rounds=5, blocks=("task",))


def table(n=120, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc"))
    X["shop"] = rng.choice(["Bern", "Lyon"], n)
    visits = rng.poisson(np.exp(0.5 * X["a"]))
    return X, pd.DataFrame({"visits": visits.astype(float), "sales": X["b"] * 2.0})


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            [MultiTaskLinear(task_column="shop"), RMTGB(task_column="shop")],
            "member 'one' has task_column='shop', but StackedTasks uses its own task_column=None",
        ),
        (
            [MultiTaskLinear(), RMTGB(validation="time", time_column="a")],
            "member 'two' has time_column='a'",
        ),
        ([MultiTaskLinear(early_stopping=False), TREES], "has early_stopping=False"),
        ([MultiTaskLinear(), RMTGB(task_weight={"sales": 2})], "has task_weight="),
        (
            [MultiTaskLinear(), RMTGB(tasks={"visits": "count"})],
            "reads y as its first member 'one' does, which has tasks=None",
        ),
    ],
)
def test_parameters_of_members_without_effect_are_refused(members, message):
    named = list(zip(["one", "two"], members, strict=True))
    with pytest.raises(ValueError, match=message):
        StackedTasks(estimators=named).fit(*table())


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"cuts": [1.0, 2.0]}, "has cuts="),
        ({"weight_column": "x_0"}, "Pass the column as sample_weight to fit"),
    ],
)
def test_times_to_events_are_read_as_by_the_first_member(setting, message):
    members = [("one", MultiTaskLinearSurvival()), ("two", RMTGBSurvival(**setting))]
    with pytest.raises(ValueError, match=message):
        StackedTasks(estimators=members).fit(*make_survival(100, random_state=0))


def test_members_may_repeat_what_the_stack_has():
    X, Y = table()
    members = [
        ("one", MultiTaskLinear(task_column="shop", n_bags=7, random_state=5)),
        ("two", TREES),
    ]
    model = StackedTasks(estimators=members, task_column="shop", n_bags=2, random_state=0)
    assert list(model.fit(X, Y["sales"]).weights_.columns) == ["one", "two"]
    members = [(name, RMTGB(n_rounds=5, tasks={"visits": "count"})) for name in ("one", "two")]
    model = StackedTasks(estimators=members, n_bags=2, random_state=0).fit(X, Y)
    assert model.task_kinds_["visits"] == "count"


def test_names_that_cannot_be_used_are_explained():
    for name in ("fit", "my member", "one__two"):
        with pytest.raises(ValueError, match="where names are identifiers without '__'"):
            StackedTasks(estimators=[(name, MultiTaskLinear())]).fit(*table())


def test_an_error_of_a_member_names_it():
    network = MultiTab(max_epochs=1, learning_rate=1e30, row_size=16, n_members=2, n_blocks=1)
    model = StackedTasks(estimators=[("line", MultiTaskLinear()), ("net", network)], n_bags=2)
    with pytest.raises(FloatingPointError) as error:
        model.fit(*table())
    assert "member 'net'" in error.value.__notes__[0]


def test_a_stack_of_classifiers_is_a_classifier():
    X, Y = table()
    members = [
        ("line", MultiTaskLinearClassifier()),
        ("trees", RMTGBClassifier(n_rounds=5, blocks=("task",))),
    ]
    model = StackedTasks(estimators=members, n_bags=2, random_state=0)
    late = (Y["sales"] > 0).astype(int)
    assert is_classifier(model)
    assert not is_regressor(model)
    assert (cross_val_score(model, X, late, cv=2, scoring="roc_auc") > 0.9).all()
    CalibratedClassifierCV(model, cv=2).fit(X, late)
    assert is_regressor(StackedTasks(estimators=[("line", MultiTaskLinearRegressor())]))
    assert not is_classifier(StackedTasks())


def test_a_task_whose_held_out_labels_are_all_the_same_does_not_decide():
    X, Y = table(200)
    rng = np.random.default_rng(1)
    noise = rng.normal(size=200)
    Y["visits"] = X["a"] - X["b"] + 0.3 * noise
    common = StackedTasks(
        estimators=[("line", MultiTaskLinear()), ("trees", TREES)], n_bags=2, random_state=0
    )
    alone = common.fit(X, Y).weights_
    # A single positive label stays among the training rows, in every bag.
    rare = Y.assign(rare=np.arange(200) == 7)
    model = common.fit(X, rare)
    assert model.cv_scores_.loc["rare"].isna().all()
    assert model.cv_scores_.drop("rare").notna().all(axis=None)
    assert np.allclose(model.weights_.loc[["visits", "sales"]], alone, atol=0.1)
