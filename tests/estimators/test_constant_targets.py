"""A target with one observed value is predicted as that, with a warning."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, KFold, cross_validate

import skmtl
from skmtl import (
    RMTGB,
    GroupedTasks,
    MultiTab,
    MultiTabClassifier,
    MultiTaskLinear,
    MultiTaskLinearClassifier,
    RMTGBClassifier,
)
from skmtl.export import onnx_inputs, to_onnx
from skmtl.inspection import transfer_report
from skmtl.metrics import make_multitask_scorer, task_scorers
from skmtl.tasks import Binary, ConstantTargetWarning, Count, Ordinal, Quantile

N = 60
X = pd.DataFrame({"size": np.arange(N) % 10.0, "shop": ["a", "b", "c"] * (N // 3)})
VARYING = pd.DataFrame({"price": X["size"] * 2, "sold": X["size"] > 4})
# A label of each kind that has one value, some of it missing.
CONSTANT = pd.DataFrame(
    {
        "fraud": np.where(np.arange(N) % 4 == 0, None, "no"),
        "rare": np.where(np.arange(N) % 5 == 0, np.nan, 0.0),
        "fee": 7.25,
        "visits": 0,
        "late": 3.5,
        "risk": pd.Categorical(["low"] * N, ["low", "mid", "high"], ordered=True),
        "seen_once": [1.5] + [np.nan] * (N - 1),
    }
)
KINDS = {"visits": Count(), "late": Quantile((0.1, 0.9)), "risk": Ordinal()}
MODELS = {
    "boosting": RMTGB(n_rounds=3, n_bags=1, random_state=0, tasks=KINDS),
    "network": MultiTab(max_epochs=2, n_bags=1, random_state=0, tasks=KINDS),
    "linear": MultiTaskLinear(n_bags=1, random_state=0, tasks=KINDS),
}
CLASSIFIERS = {
    "boosting": RMTGBClassifier,
    "network": MultiTabClassifier,
    "linear": MultiTaskLinearClassifier,
}
every_engine = pytest.mark.parametrize("engine", MODELS)


def fitted(engine, Y, **parameters):
    model = MODELS[engine]
    kinds = {name: kind for name, kind in KINDS.items() if name in Y}
    model = skmtl.__dict__[type(model).__name__](
        **model.get_params() | {"tasks": kinds} | parameters
    )
    with pytest.warns(ConstantTargetWarning):
        return model.fit(X, Y)


@pytest.fixture(scope="module", params=MODELS)
def mixed(request):
    return fitted(request.param, CONSTANT.join(VARYING))


def check_constants(model, table):
    predicted = model.predict(table)
    assert predicted["fraud"].tolist() == ["no"] * len(table)
    for name, value in {
        "rare": 0,
        "fee": 7.25,
        "visits": 0,
        "late": 3.5,
        "seen_once": 1.5,
    }.items():
        assert (predicted[name] == value).all()
    probabilities = dict(
        zip(model.__skmtl_fitted__().classes, model.predict_proba(table), strict=True)
    )
    for name in ("fraud", "rare", "risk"):
        np.testing.assert_array_equal(probabilities[name], np.ones((len(table), 1)))
    assert (model.predict_quantiles(table)["late"] == 3.5).to_numpy().all()


def test_every_kind_predicts_its_value(mixed):
    check_constants(mixed, X)
    check_constants(mixed, X[:1])
    kinds = mixed.task_kinds_
    assert kinds["fraud"] == kinds["rare"] == "binary"
    assert (
        kinds["visits"] == "count" and kinds["risk"] == "ordinal" and kinds["fee"] == "regression"
    )
    assert [classes.tolist() for classes in mixed.classes_][:2] == [["no"], [0.0]]


@every_engine
def test_the_other_targets_are_learnt_as_without_them(engine):
    whole = fitted(engine, CONSTANT[["fraud", "fee"]].join(VARYING))
    alone = type(whole)(**whole.get_params()).fit(X, VARYING)
    pd.testing.assert_frame_equal(whole.predict(X)[["price", "sold"]], alone.predict(X))


def test_scores_are_those_of_the_constant(mixed):
    Y = CONSTANT.drop(columns="seen_once").join(VARYING)  # one label has no R2
    Y.loc[:2, "fraud"] = "yes"  # never seen by fit
    scores = mixed.score_tasks(X, Y)
    assert scores["fraud"] == pytest.approx(1 - 3 / Y["fraud"].notna().sum())
    assert scores["rare"] == scores["risk"] == 1.0
    assert np.isfinite(mixed.score(X, Y))


def test_they_are_saved_and_loaded(mixed, tmp_path):
    mixed.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    check_constants(loaded, X)
    pd.testing.assert_frame_equal(loaded.predict(X), mixed.predict(X))


def test_frames_are_scored(mixed):
    scores = skmtl.score_frame(mixed, X)
    assert (scores["fraud_proba_no"] == 1).all() and (scores["fee_prediction"] == 7.25).all()


def test_graphs_have_them(mixed):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(to_onnx(mixed).SerializeToString())
    values = dict(
        zip(
            [o.name for o in session.get_outputs()],
            session.run(None, onnx_inputs(mixed, X[:4])),
            strict=True,
        )
    )
    assert values["fraud"].tolist() == ["no"] * 4 and values["fee"].tolist() == [7.25] * 4
    np.testing.assert_array_equal(values["fraud_proba"], np.ones((4, 1)))
    np.testing.assert_array_equal(values["late_quantiles"], np.full((4, 2), 3.5))
    np.testing.assert_allclose(values["price"], mixed.predict(X[:4])["price"], rtol=1e-4)


@every_engine
def test_nothing_but_constants(engine, tmp_path):
    model = fitted(engine, CONSTANT)
    check_constants(model, X)
    model.save(tmp_path / "model.skmtl")
    check_constants(skmtl.load(tmp_path / "model.skmtl"), X)
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(to_onnx(model).SerializeToString())
    assert session.run(["fee"], onnx_inputs(model, X[:3]))[0].tolist() == [7.25] * 3


@every_engine
def test_one_label_without_a_column_axis(engine):
    model = fitted(engine, CONSTANT[["fraud"]])
    single = CLASSIFIERS[engine](**{k: v for k, v in model.get_params().items() if k != "tasks"})
    with pytest.warns(ConstantTargetWarning):
        single.fit(X, np.array(["no"] * N))
    assert single.predict(X).tolist() == ["no"] * N
    assert single.predict_proba(X).shape == (N, 1) and single.classes_.tolist() == ["no"]


@every_engine
@pytest.mark.parametrize(
    ("name", "words"), [("fraud", "one class"), ("fee", "one observed value")]
)
def test_an_option_keeps_the_error(engine, name, words):
    model = type(MODELS[engine])(constant_targets="error")
    with pytest.raises(ValueError, match=f"ask '{name}' has {words} only.*Drop"):
        model.fit(X, CONSTANT[[name]].join(VARYING))


def test_the_warning_names_the_tasks_and_the_remedy():
    with pytest.warns(
        ConstantTargetWarning,
        match=r"Task 'fraud' has one class only \('no'\), task "
        "'fee' has one observed value.*add rows.*constant_targets='error'",
    ):
        MODELS["boosting"].set_params(tasks=None).fit(X, CONSTANT[["fraud", "fee"]])


def test_a_value_is_one_if_all_others_weigh_nothing():
    y = pd.DataFrame({"late": ["no"] * 50 + ["yes"] * 10})
    with pytest.warns(ConstantTargetWarning, match="'late'"):
        model = RMTGB(n_rounds=2).fit(X, y, sample_weight=np.repeat([1.0, 0.0], [50, 10]))
    assert model.classes_[0].tolist() == ["no"]


def test_validation_rows_may_have_other_labels():
    other = pd.DataFrame({"fraud": ["yes"] * N}).join(VARYING)
    with pytest.warns(ConstantTargetWarning):
        model = RMTGB(n_rounds=2).fit(X, CONSTANT[["fraud"]].join(VARYING), eval_set=(X, other))
    assert model.classes_[0].tolist() == ["no"]


def test_a_warm_start_refuses_other_labels():
    model = fitted("network", CONSTANT[["fraud"]].join(VARYING), warm_start=True)
    other = pd.DataFrame({"fraud": ["yes"] * N}).join(VARYING)
    with pytest.raises(ValueError, match=r"'fraud' has the label 'yes' here.*Add rows.*over"):
        model.fit(X, other)


VARIED = pd.DataFrame(
    {"fraud": np.where(X["size"] > 4, "yes", "no"), "fee": 3 * X["size"] + 10, "rare": X["size"]}
)


def test_a_warm_start_learns_what_had_one_value():
    order = ["fraud", "price", "fee"]
    before = CONSTANT[["fraud", "fee"]].join(VARYING)[order]
    after = VARIED.join(VARYING)[order]
    model = fitted("network", before, warm_start=True, max_epochs=10, row_size=32)
    price = model.predict(X)["price"]
    rate = model.get_params()["learning_rate"]
    model.set_params(learning_rate=1e-9, max_epochs=1).fit(X, after)
    np.testing.assert_allclose(model.predict(X)["price"], price, rtol=1e-3)  # goes on
    assert model.predict(X)["fee"].std() < 1.0  # as about its mean
    model.set_params(learning_rate=rate, max_epochs=30).fit(X, after)
    predicted = model.predict(X)
    assert predicted.columns.tolist() == order
    assert (predicted["fraud"] == after["fraud"]).mean() > 0.9
    assert r2_score(after["fee"], predicted["fee"]) > 0.8


def test_a_warm_start_of_one_target_that_had_one_value():
    model = fitted("network", CONSTANT["fraud"], warm_start=True)
    model.fit(X, VARIED["fraud"])
    assert model.predict(X).columns.tolist() == ["fraud"]
    assert list(model.classes_) == ["no", "yes"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"fraud": np.where(X["size"] > 4, "yes", "perhaps")}, "'fraud' has the label"),
        ({"rare": X["size"]}, "'rare' had one value.*'binary'.*'regression'.*`tasks`"),
    ],
)
def test_a_warm_start_refuses_what_does_not_suit_the_only_class(labels, message):
    model = fitted("network", CONSTANT[list(labels)].join(VARYING), warm_start=True)
    with pytest.raises(ValueError, match=message):
        model.fit(X, pd.DataFrame(labels).join(VARYING))


def rare_labels(n_labels):
    rng = np.random.default_rng(0)
    Y = np.zeros((N, n_labels))
    Y[rng.integers(0, N, n_labels), np.arange(n_labels)] = 1  # one row each
    return pd.DataFrame(Y, columns=[f"label_{i}" for i in range(n_labels)])


@pytest.mark.parametrize("as_classes", [False, True])
@every_engine
def test_many_rare_labels_are_cross_validated(engine, as_classes):
    n = {"boosting": 40, "network": 20, "linear": 6}[engine]
    Y = rare_labels(n).join(VARYING)
    quick = {"blocks": ("shared",)} if engine == "boosting" else {}
    model = type(MODELS[engine])(**MODELS[engine].get_params() | {"tasks": None} | quick)
    if as_classes:
        model.set_params(tasks={name: Binary() for name in Y.columns[:n]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantTargetWarning)
        results = cross_validate(
            model, X, Y, cv=KFold(3), scoring=task_scorers(), error_score="raise"
        )
        search = GridSearchCV(
            model, {"random_state": [0]}, cv=KFold(2), scoring=make_multitask_scorer()
        ).fit(X, Y)
    assert results["test_label_0"].min() >= 0.9
    assert np.isfinite(results["test_mean"]).all() and np.isfinite(search.best_score_)


def test_probabilities_are_scored_where_a_class_was_not_seen():
    Y = CONSTANT[["fraud"]].join(VARYING)
    model = fitted("boosting", Y)
    Y.loc[0:3, "fraud"] = "yes"
    scores = make_multitask_scorer("roc_auc", task="sold")(model, X, Y)
    assert np.isfinite(scores)


@pytest.mark.parametrize("groups", ["alone", "joint"])
def test_groups_of_tasks_have_them(groups, tmp_path):
    model = GroupedTasks(MODELS["boosting"], groups=groups)
    model.estimator.set_params(tasks=None)
    with pytest.warns(ConstantTargetWarning):
        model.fit(X, CONSTANT[["fraud", "fee"]].join(VARYING))
    assert set(model.predict(X)["fraud"]) == {"no"}
    assert [each.shape[1] for each in model.predict_proba(X)] == [1, 2]
    model.save(tmp_path / "model.skmtl")
    assert set(skmtl.load(tmp_path / "model.skmtl").predict(X)["fee"]) == {7.25}


@pytest.mark.filterwarnings("ignore::skmtl.tasks.ConstantTargetWarning")
def test_comparisons_of_tasks_go_through():
    Y = CONSTANT[["rare"]].join(VARYING).assign(seldom=np.arange(N) == 3)
    inner = RMTGB(blocks=("shared",), n_rounds=3, n_bags=1, random_state=0)
    assert np.isfinite(GroupedTasks(inner, random_state=0).fit(X, Y).errors_).all(axis=None)
    assert "seldom" in transfer_report(inner, X, Y, cv=2, n_repeats=1).table.index


def test_long_data_with_one_class():
    table = X.rename(columns={"shop": "task"})
    with pytest.warns(ConstantTargetWarning):
        model = RMTGBClassifier(task_column="task", n_rounds=2).fit(table, np.array(["no"] * N))
    assert model.predict(table).tolist() == ["no"] * N
    assert (model.score_tasks(table, np.array(["no"] * N)) == 1).all()


@pytest.mark.parametrize("balance", [{"sure": 5.0, "a": 2.0}, [5.0, 2.0, 1.0]])
def test_balance_may_name_a_constant_target(balance):
    rng = np.random.default_rng(0)
    x = pd.DataFrame({"x": rng.normal(size=40)})
    Y = pd.DataFrame({"sure": 1.5, "a": x["x"] + 1, "b": rng.normal(size=40)})
    network = {"max_epochs": 2, "n_bags": 1, "row_size": 4, "n_members": 2, "random_state": 0}
    with pytest.warns(ConstantTargetWarning, match="'sure'"):
        model = MultiTab(balance=balance, **network).fit(x, Y)
    plain = MultiTab(balance={"a": 2.0}, **network).fit(x, Y[["a", "b"]])
    pd.testing.assert_frame_equal(model.predict(x)[["a", "b"]], plain.predict(x))
    with pytest.raises(ValueError, match="balance names"):
        MultiTab(balance={"other": 1.0}, **network).fit(x, Y)


def test_balance_of_long_data_may_name_a_constant_target():
    rng = np.random.default_rng(0)
    x = pd.DataFrame({"x": rng.normal(size=40), "id": ["u", "v"] * 20})
    Y = pd.DataFrame({"sure": 1.5, "a": x["x"] + 1})
    network = {"max_epochs": 1, "n_bags": 1, "row_size": 4, "n_members": 2, "random_state": 0}
    weights = {("u", "a"): 2.0, ("v", "sure"): 3.0}
    with pytest.warns(ConstantTargetWarning, match="'sure'"):
        model = MultiTab(task_column="id", balance=weights, **network).fit(x, Y)
    plain = MultiTab(task_column="id", balance={"u": 2.0}, **network).fit(x, Y[["a"]])
    pd.testing.assert_frame_equal(model.predict(x)[["a"]], plain.predict(x))
