"""One model per group of tasks that should be learnt together."""

from __future__ import annotations

import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal, assert_series_equal
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmtl import (
    RMTGB,
    GroupedTasks,
    MultiTabRegressor,
    MultiTabSurvival,
    RMTGBClassifier,
    RMTGBRegressor,
    RMTGBSurvival,
)
from skmtl.datasets import make_survival, make_task_groups
from skmtl.inspection import transfer_report
from skmtl.metrics import make_multitask_scorer, score_tasks
from skmtl.survival import survival_scorer
from skmtl.tasks import Quantile, Survival

QUICK = {"n_bags": 1, "n_rounds": 40, "learning_rate": 0.1, "random_state": 0}
SHARED = QUICK | {"blocks": ("shared",)}
SINGLE_ROWS = {"min_data_in_leaf": 1, "lightgbm_params": {"min_data_in_bin": 1}}
CHECKED = {"n_rounds": 20, "n_bags": 1, "random_state": 0, "early_stopping": False}
PLANTED = [["task_0", "task_1", "task_2"], ["task_3", "task_4", "task_5"]]


@parametrize_with_checks(
    [
        GroupedTasks(RMTGBRegressor(blocks=("shared",), **CHECKED, **SINGLE_ROWS)),
        GroupedTasks(
            RMTGBClassifier(blocks=("shared",), **CHECKED, **SINGLE_ROWS), groups="alone"
        ),
        GroupedTasks(RMTGB(blocks=("shared",), **CHECKED, **SINGLE_ROWS)),
    ]
)
def test_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_planted_groups_of_wide_tasks_with_other_units_and_few_labels_are_found():
    X, Y = make_task_groups(
        700,
        common_weight=0.95,
        scale=(1, 100, 1, 1, 0.01, 1),
        missing=(0.5, 0.5, 0.9, 0.5, 0.5, 0.5),
        random_state=0,
    )
    model = GroupedTasks(RMTGBRegressor(**SHARED), random_state=0).fit(X, Y)
    assert model.groups_ == PLANTED


def test_planted_groups_of_long_tasks_are_found():
    X, y = make_task_groups(
        80, common_weight=0.95, layout="long", kind="binary", noise=0.2, random_state=0
    )
    inner = RMTGBClassifier(task_column="task", **SHARED)
    model = GroupedTasks(inner, random_state=0).fit(X, y)
    assert model.groups_ == PLANTED


def test_an_adversarial_task_is_put_out():
    X, Y = make_task_groups(
        400,
        groups=(0,) * 5,
        sign=(1, 1, 1, 1, -1),
        common_weight=1,
        missing=0.6,
        random_state=0,
    )
    model = GroupedTasks(RMTGBRegressor(**SHARED), random_state=0).fit(X, Y)
    assert model.groups_ == [["task_0", "task_1", "task_2", "task_3"], ["task_4"]]
    assert (model.affinity_.loc["task_4"].drop("task_4") < 0.3).all()


@pytest.mark.parametrize(
    "planted",
    [
        {"groups": (0, 0, 0, 0), "missing": 0.7},
        {"groups": (0, 1, 2, 3), "missing": 0.7},
        {"groups": (0, 0, 1, 1), "missing": 0.7},
        # Easy tasks drown hard ones, though they are related.
        {"groups": (0, 0, 1, 1), "noise": (0.05, 1) * 2, "missing": (0, 0.7) * 2},
    ],
    ids=["one group", "strangers", "two groups", "easy and hard"],
)
def test_it_is_never_much_worse_than_the_better_of_joint_and_alone(planted):
    X, Y = make_task_groups(1500, random_state=0, **planted)
    train, test = slice(0, 400), slice(400, None)
    inner = RMTGBRegressor(**SHARED)
    scores = {
        choice: GroupedTasks(inner, groups=choice, random_state=0)
        .fit(X[train], Y[train])
        .score(X[test], Y[test])
        for choice in ("auto", "joint", "alone")
    }
    # 120 labels a task cannot tell closer ones apart; the worse choice may cost 0.5.
    assert scores["auto"] > max(scores["joint"], scores["alone"]) - 0.05


def test_units_have_no_part_in_the_choice():
    X, Y = make_task_groups(100, groups=(0, 1, 1), common_weight=1, random_state=0)
    model = GroupedTasks(RMTGBRegressor(**SHARED), random_state=0)
    errors, affinity = model.fit(X, Y).errors_, model.affinity_
    for unit in (1e-12, 1e12):
        model.fit(X, Y * [unit, 1, unit])
        assert_allclose(model.errors_, errors, rtol=1e-6)
        assert_allclose(model.affinity_, affinity, atol=1e-6)


def test_a_constant_target_has_no_say():
    X, Y = make_task_groups(150, groups=(0, 1), common_weight=1, random_state=0)
    model = GroupedTasks(RMTGBRegressor(**SHARED), random_state=0)
    model.fit(X, Y.assign(constant=0.1))
    assert_allclose(model.errors_.loc["constant"], 1)
    assert model.groups_ == [["task_0"], ["task_1"], ["constant"]]


def test_joint_is_the_estimator_itself_and_alone_is_one_for_each_task():
    X, Y = make_task_groups(200, groups=(0, 0, 1), random_state=0)
    inner = RMTGBRegressor(**SHARED)
    joint = GroupedTasks(inner, groups="joint").fit(X, Y)
    assert_allclose(joint.predict(X), clone(inner).fit(X, Y).predict(X))
    alone = GroupedTasks(inner, groups="alone").fit(X, Y)
    for i, name in enumerate(Y):
        assert_allclose(alone.predict(X)[:, i], clone(inner).fit(X, Y[name]).predict(X))
    assert joint.selection_ is None


def test_given_groups_have_a_model_each_in_their_order():
    X, Y = make_task_groups(200, groups=(0, 1, 0), random_state=0)
    inner = RMTGBRegressor(**SHARED)
    groups = [["task_2", "task_0"], ["task_1"]]
    model = GroupedTasks(inner, groups=groups).fit(X, Y)
    pair = clone(inner).fit(X, Y[["task_2", "task_0"]]).predict(X)
    assert_allclose(model.predict(X)[:, [2, 0]], pair)
    assert model.task_names_ == ["task_0", "task_1", "task_2"]
    assert len(model.models_) == 2


def mixed_table():
    rng = np.random.default_rng(0)
    n = 200
    X = pd.DataFrame(
        {"x": rng.normal(size=n), "city": rng.choice(["Bern", "Rome"], n)}, index=range(10, n + 10)
    )
    signal = X["x"] + (X["city"] == "Rome")
    Y = pd.DataFrame(
        {
            "spend": signal + 0.2 * rng.normal(size=n),
            "sold": np.where(signal + 0.2 * rng.normal(size=n) > 0, "yes", "no"),
            "visits": rng.poisson(np.exp(signal)),
            "grade": pd.Categorical(np.digitize(signal, [0, 1]), ordered=True),
        },
        index=X.index,
    ).mask(rng.random((n, 4)) < 0.2)
    return X, Y


def test_mixed_kinds_give_frames_and_lists_as_the_estimator_within():
    X, Y = mixed_table()
    inner = RMTGB(tasks={"visits": "count"}, task_weight={"sold": 2.0}, **SHARED)
    groups = [["grade", "spend"], ["sold"], ["visits"]]
    model = GroupedTasks(inner, groups=groups).fit(X, Y, np.ones(len(X)))
    joint = clone(inner).fit(X, Y)
    prediction, expected = model.predict(X), joint.predict(X)
    assert prediction.columns.tolist() == list(Y)
    assert_array_equal(prediction.index, X.index)
    assert prediction.dtypes.tolist() == expected.dtypes.tolist()
    assert model.task_kinds_ == joint.task_kinds_
    for own, other in zip(model.classes_, joint.classes_, strict=True):
        assert_array_equal(own, other)
    shapes = [each.shape for each in model.predict_proba(X)]
    assert shapes == [(200, 2), (200, 3)]
    assert_series_equal(
        model.score_tasks(X, Y),
        score_tasks(Y, prediction, kinds=model.task_kinds_),
        check_names=False,
    )
    assert model.score(X, Y) == pytest.approx(model.score_tasks(X, Y).mean())
    assert GroupedTasks(inner, random_state=0).fit(X, Y).score(X, Y) > 0.7


def test_quantiles_of_each_group_stand_in_the_order_of_the_targets():
    X, Y = mixed_table()
    tasks = {"visits": "quantile", "spend": Quantile((0.3, 0.7))}
    groups = [["visits"], ["sold", "grade"], ["spend"]]
    model = GroupedTasks(RMTGB(tasks=tasks, **SHARED), groups=groups).fit(X, Y)
    quantiles = model.predict_quantiles(X)
    expected = [("spend", 0.3), ("spend", 0.7), *(("visits", level) for level in (0.1, 0.5, 0.9))]
    assert quantiles.columns.tolist() == expected
    assert quantiles.index.equals(X.index)
    assert_frame_equal(quantiles[["spend"]], model.models_[2].predict_quantiles(X))
    classes = GroupedTasks(RMTGBClassifier(**SHARED), groups="alone").fit(X, Y[["sold", "grade"]])
    assert not hasattr(classes, "predict_quantiles")


def test_quantiles_of_long_rows_come_back_in_place():
    X, y = make_task_groups(60, groups=(0, 1), layout="long", random_state=0)
    X = X.set_axis(range(5, len(X) + 5))
    inner = RMTGBRegressor(tasks="quantile", task_column="task", **SHARED)
    model = GroupedTasks(inner, groups="alone").fit(X, y)
    X = X.iloc[np.random.default_rng(0).permutation(len(X))]
    quantiles = model.predict_quantiles(X)
    assert quantiles.index.equals(X.index)
    own = X["task"] == "task_1"
    assert_frame_equal(quantiles[own], model.models_[1].predict_quantiles(X[own]))


@pytest.mark.parametrize("estimator", [RMTGBRegressor, MultiTabRegressor])
def test_long_rows_may_all_belong_to_one_group(estimator):
    X, y = make_task_groups(40, groups=(0, 0, 1), layout="long", random_state=0)
    settings = SHARED if estimator is RMTGBRegressor else {"max_epochs": 1, "row_size": 8}
    model = GroupedTasks(
        estimator(task_column="task", **settings | {"n_bags": 1, "random_state": 0}),
        groups=[["task_0", "task_1"], ["task_2"]],
    ).fit(X, y)
    expected = model.predict(X)
    for row in (0, 119):
        assert_allclose(model.predict(X.iloc[[row]]), expected[[row]], rtol=1e-6)


def test_long_rows_come_back_in_place_whatever_their_order():
    X, y = make_task_groups(100, groups=(0, 0, 1), layout="long", random_state=0)
    order = np.random.default_rng(0).permutation(len(X))
    inner = RMTGBRegressor(task_column="task", **SHARED)
    groups = [["task_0", "task_1"], ["task_2"]]
    model = GroupedTasks(inner, groups=groups).fit(X, y)
    assert_allclose(model.predict(X.iloc[order]), model.predict(X)[order])
    own = X["task"] == "task_2"
    alone = clone(inner).fit(X[own], y[own])
    assert_allclose(model.predict(X)[own], alone.predict(X[own]))
    scores = model.score_tasks(X, y)
    assert scores.index.tolist() == ["task_0", "task_1", "task_2"]
    assert scores["task_2"] == pytest.approx(alone.score(X[own], y[own]))
    unseen = X.head(5).assign(task="task_9")
    assert_allclose(model.predict(unseen), model.models_[0].predict(unseen))


def test_classes_that_only_one_id_has_are_columns_for_all():
    X, y = make_task_groups(80, groups=(0, 1), layout="long", random_state=0)
    labels = pd.Series(np.where(y > 0, "b", "a"), name="y")
    labels[(X["task"] == "task_1") & (y > 1)] = "c"
    inner = RMTGBClassifier(task_column="task", **SHARED)
    model = GroupedTasks(inner, groups="alone").fit(X, labels)
    assert_array_equal(model.classes_, ["a", "b", "c"])
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (160, 3)
    assert_allclose(probabilities.sum(axis=1), 1)
    assert (probabilities[(X["task"] == "task_0").to_numpy(), 2] == 0).all()
    assert GroupedTasks(inner, random_state=0).fit(X, labels).score(X, labels) > 0.8


def test_it_goes_into_searches_pipelines_and_pickles():
    X, Y = make_task_groups(120, groups=(0, 1), random_state=0)
    inner = make_pipeline(
        StandardScaler().set_output(transform="pandas"), RMTGBRegressor(**SHARED)
    )
    search = GridSearchCV(
        GroupedTasks(inner, random_state=0),
        {"groups": ["joint", "alone", [["task_0"], ["task_1"]]]},
        cv=2,
    ).fit(X, Y)
    assert search.best_params_["groups"] == "alone"
    copy = pickle.loads(pickle.dumps(search))
    assert_allclose(copy.predict(X), search.predict(X))
    report = transfer_report(search.best_estimator_, X, Y, cv=2, n_repeats=1, lightgbm=False)
    assert_allclose(report.table["difference"], 0, atol=1e-9)


def test_estimators_of_scikit_learn_and_networks_can_be_grouped():
    X, Y = make_task_groups(100, groups=(0, 1), random_state=0)
    linear = GroupedTasks(LinearRegression(), random_state=0).fit(X, Y)
    assert_allclose(linear.predict(X), LinearRegression().fit(X, Y).predict(X))
    network = MultiTabRegressor(n_bags=1, max_epochs=2, row_size=8, random_state=0)
    assert GroupedTasks(network, groups="alone").fit(X, Y).predict(X).shape == (100, 2)


def test_a_group_has_its_weights_of_the_balance():
    X, Y = make_task_groups(100, groups=(0, 1, 0), random_state=0)
    network = MultiTabRegressor(
        balance={"task_2": 2.0}, n_bags=1, max_epochs=2, row_size=8, random_state=0
    )
    groups = [["task_1"], ["task_2", "task_0"]]
    model = GroupedTasks(network, groups=groups).fit(X, Y)
    pair = clone(network).fit(X, Y[["task_2", "task_0"]]).predict(X)
    assert_allclose(model.predict(X)[:, [2, 0]], pair)


def test_events_can_be_grouped_by_hand():
    X, y = make_survival(80, kind="several", random_state=0)
    inner = MultiTabSurvival(n_bags=1, max_epochs=2, row_size=8, random_state=0)
    model = GroupedTasks(inner, groups="alone").fit(X, y)
    assert model.score_tasks(X, y).index.tolist() == ["event_0", "event_1"]
    with pytest.raises(ValueError, match=r"'event_0' has kind 'survival'.*Pass the groups"):
        GroupedTasks(inner).fit(X, y)
    strange = y.assign(event_1_event=2 * y["event_1_event"])
    for score in (model.score, model.score_tasks, partial(make_multitask_scorer(), model)):
        with pytest.raises(ValueError, match="'event_1' has the event 2, which was not seen in"):
            score(X, strange)
    with pytest.raises(ValueError, match="Event 'event_1' has several causes"):
        GroupedTasks(inner, groups="alone").fit(X, strange)
    with pytest.raises(TypeError, match="survival curves, which GroupedTasks does not have"):
        survival_scorer()(model, X, y)


def test_unknown_causes_are_not_scored_beside_other_tasks_or_by_id():
    X, y = make_survival(80, random_state=0)
    Y = pd.DataFrame({"spend": X["x_0"], "died": y["event"], "days": y["duration"]})
    tasks = {"death": Survival(event="died", time="days")}
    wide = GroupedTasks(RMTGB(tasks=tasks, n_bags=1, n_rounds=2), groups="alone").fit(X, Y)
    by_ward = X.assign(ward=np.arange(80) % 2)
    inner = RMTGBSurvival(task_column="ward", n_bags=1, n_rounds=2)
    long = GroupedTasks(inner, groups="alone").fit(by_ward, y)
    for score in (wide.score, wide.score_tasks):
        with pytest.raises(ValueError, match="'death' has the event 2"):
            score(X, Y.assign(died=2 * Y["died"]))
    for score in (long.score, long.score_tasks):
        with pytest.raises(ValueError, match=r"'event' has (the event 2|several causes)"):
            score(by_ward, y.assign(event=2 * y["event"]))


def test_the_choice_is_told_and_repeatable():
    X, Y = make_task_groups(150, groups=(0, 0, 1), random_state=0)
    inner = RMTGBRegressor(**SHARED)
    first, second = (GroupedTasks(inner, random_state=1).fit(X, Y) for _ in range(2))
    assert_frame_equal(first.selection_, second.selection_)
    (chosen,) = first.selection_.loc[first.selection_["chosen"], "groups"]
    assert chosen == first.groups_
    assert first.selection_["error"].is_monotonic_increasing
    assert first.errors_.index.tolist() == list(Y)
    assert first.affinity_.shape == (3, 3)


@pytest.mark.parametrize(("common_weight", "choice"), [(1.0, "suggested"), (0.8, "alone")])
def test_other_groups_are_taken_only_if_they_are_clearly_ahead(common_weight, choice):
    X, Y = make_task_groups(400, groups=(0, 0, 1, 1), common_weight=common_weight, random_state=0)
    table = GroupedTasks(RMTGBRegressor(**SHARED), random_state=0).fit(X, Y).selection_
    plain = table.loc[["joint", "alone"], "error"].idxmin()
    assert table.loc[plain, "standard_error"] == 0
    lead = table.loc[plain, "error"] - table["error"]
    clearly = table.index[lead > table["standard_error"]]
    assert table.index[table["chosen"]].tolist() == [clearly[0] if len(clearly) else plain]
    assert table.loc[choice, "chosen"]


def test_rows_that_no_fold_holds_out_have_no_say():
    X, Y = make_task_groups(200, groups=(0, 0), random_state=0)
    Y.iloc[100:] *= np.nan
    half = list(KFold(2, shuffle=True, random_state=0).split(X[:100]))
    inner = RMTGBRegressor(**SHARED)
    few = GroupedTasks(inner, cv=half).fit(X[:100], Y[:100])
    many = GroupedTasks(inner, cv=half).fit(X, Y)
    assert_frame_equal(few.errors_, many.errors_)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"groups": "all"}, "groups must be 'auto', 'joint', 'alone' or a list"),
        ({"groups": [["task_0"]]}, r"missing \['task_1'\]"),
        ({"groups": [["task_0", "task_1"], ["task_7"]]}, r"unknown \['task_7'\]"),
        ({"groups": [["task_0", "task_1"], ["task_0"]]}, r"more than once \['task_0'\]"),
        ({"groups": ["task_0", "task_1"]}, r"list of lists of tasks, got \['task_0', 'task_1'\]"),
        ({"groups": 2}, "groups must be a list of lists of tasks, got 2"),
        ({"groups": [["task_0", "task_1"], []]}, "no empty group"),
        ({"cv": 2.5}, "cv must be a number of folds"),
        ({"cv": "five"}, "cv must be a number of folds"),
        (
            {"cv": 2 * [(np.arange(30, 60), np.arange(30))]},
            "'task_1' has no label .* test rows",
        ),
        ({"n_jobs": 0}, "parameter n_jobs=0"),
    ],
)
def test_wrong_parameters_are_refused(parameters, message):
    X, Y = make_task_groups(60, groups=(0, 1), random_state=0)
    Y.loc[:29, "task_1"] = np.nan
    with pytest.raises(ValueError, match=message):
        GroupedTasks(RMTGBRegressor(**SHARED), **parameters).fit(X, Y)
