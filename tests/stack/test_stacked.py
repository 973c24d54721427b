"""StackedTasks: members fitted once, and weights from rows that they have not learnt from."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold

import skmtl
from skmtl import (
    RMTGB,
    MultiTab,
    MultiTaskLinear,
    MultiTaskLinearRegressor,
    MultiTaskLinearSurvival,
    RMTGBRegressor,
    RMTGBSurvival,
    StackedTasks,
)
from skmtl.datasets import make_outlier_tasks, make_survival
from skmtl.export import onnx_inputs, to_onnx
from skmtl.inspection import StackWeightsDisplay

LINEAR = ("linear", MultiTaskLinear())
TREES = ("rmtgb", RMTGB(n_rounds=30, blocks=("task",)))
NETWORK = ("multitab", MultiTab(max_epochs=3, row_size=16, n_members=2, n_blocks=1))


def table(n=300, seed=0):
    """A straight line, a step that no line can draw, and a class; some labels are missing."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 6)), columns=list("abcdef"))
    X["city"] = rng.choice(["Bern", "Rome"], n)
    Y = pd.DataFrame(
        {
            "line": X[list("abcdef")] @ np.arange(1.0, 7.0) + 0.1 * rng.normal(size=n),
            "step": np.sign(X["a"] * X["b"]) + 0.3 * rng.normal(size=n),
            "late": (X["a"] + rng.normal(size=n) > 0).astype(bool),
        }
    )
    Y.loc[rng.random(n) < 0.2, "line"] = np.nan
    return X, Y


@pytest.fixture(scope="module")
def data():
    return table()


@pytest.fixture(scope="module")
def stack(data):
    model = StackedTasks(estimators=[LINEAR, TREES, NETWORK], n_bags=2, random_state=0)
    return model.fit(*data)


def test_weights_are_on_the_simplex_and_go_to_the_member_that_fits(stack):
    weights = stack.weights_
    assert np.allclose(weights.sum(axis=1), 1) and (weights >= 0).all(axis=None)
    assert weights.loc["line", "linear"] > 0.95
    assert weights.loc["step", "rmtgb"] > 0.9


def test_the_prediction_is_the_weighted_mean_of_the_members(stack, data):
    X, _ = data
    for name in ("line", "step"):
        by_member = pd.DataFrame({m: e.predict(X)[name] for m, e in stack.members_.items()})
        expected = by_member @ stack.weights_.loc[name, by_member.columns]
        np.testing.assert_allclose(stack.predict(X)[name], expected, rtol=1e-9)
    log_odds = pd.DataFrame(
        {m: np.log(e.predict_proba(X)[0][:, 1] / e.predict_proba(X)[0][:, 0])
         for m, e in stack.members_.items()}
    )  # fmt: skip
    mean = log_odds @ stack.weights_.loc["late", log_odds.columns]
    np.testing.assert_allclose(stack.predict_proba(X)[0][:, 1], 1 / (1 + np.exp(-mean)), rtol=1e-6)


def test_held_out_losses_are_those_of_models_without_the_rows():
    """With one splitter, the loss of a linear member is what cross-validation by hand says."""
    X, Y = table(120)
    X, Y = X.drop(columns="city"), Y[["step"]]
    folds = [(np.arange(60), np.arange(60, 120)), (np.arange(60, 120), np.arange(60))]

    class Halves:
        def split(self, X, y=None, groups=None):
            return iter(folds)

        def get_n_splits(self, X=None, y=None, groups=None):
            return 2

    member = MultiTaskLinear(alpha=1.0, penalty="ridge")
    model = StackedTasks(estimators=[("linear", member)], validation=Halves(), random_state=0)
    model.fit(X, Y)
    from sklearn.linear_model import Ridge

    encoder = model.members_["linear"]._reader.encoder
    design, target = encoder.transform(X), Y["step"].to_numpy()
    target = (target - target.mean()) / target.std()
    held_out = np.empty(120)
    for training, test in folds:
        ridge = Ridge(alpha=1.0).fit(design[training], target[training])
        held_out[test] = ridge.predict(design[test])
    expected = np.mean((target - held_out) ** 2) / np.var(target)
    assert model.cv_scores_.loc["step", ("linear", "loss")] == pytest.approx(expected, rel=1e-6)


def test_a_task_of_few_labels_follows_the_others(data):
    X, Y = data
    few = Y.copy()
    few.loc[8:, "step"] = np.nan
    model = StackedTasks(estimators=[LINEAR, TREES], n_bags=2, random_state=0).fit(X, few)
    own = StackedTasks(estimators=[LINEAR, TREES], n_bags=2, random_state=0).fit(X, Y).weights_
    # With all labels trees have nearly all the weight, with eight it is near that of the rest.
    assert own.loc["step", "rmtgb"] > 0.9
    assert model.weights_.loc["step", "linear"] > 0.4


def test_labels_that_two_splits_hold_out_leave_something_to_learn():
    """A linear member chooses its penalty within the training rows of each split."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=60), "b": rng.normal(size=60)})
    Y = pd.DataFrame({"full": X["a"] + 0.1 * rng.normal(size=60), "few": np.nan, "rare": 0})
    Y.loc[[3, 4, 23, 24], "few"] = [1.0, 2.0, 3.0, 4.0]
    Y.loc[[5, 25], "rare"] = 1
    model = StackedTasks(estimators=[LINEAR], validation=KFold(3), n_bags=3, random_state=0)
    scores = model.fit(X, Y).cv_scores_
    assert np.isfinite(scores).all(axis=None)
    assert scores.loc["full", ("linear", "loss")] < 0.1


def test_missing_labels_have_no_influence(data):
    X, Y = data
    settings = {"estimators": [LINEAR, TREES], "n_bags": 2, "random_state": 0}
    noted = Y.assign(line=Y["line"].astype("Float64"))
    one = StackedTasks(**settings).fit(X, Y)
    two = StackedTasks(**settings).fit(X, noted)
    pd.testing.assert_frame_equal(one.weights_, two.weights_)
    assert np.array_equal(one.predict(X)["step"], two.predict(X)["step"])


def test_the_same_seed_gives_the_same_stack(stack, data):
    X, Y = data
    again = clone(stack).fit(X, Y)
    assert again.predict(X).equals(stack.predict(X))


def test_rows_are_predicted_by_themselves(stack, data):
    X, _ = data
    whole = stack.predict(X)
    np.testing.assert_allclose(stack.predict(X[7:8])["line"], whole["line"][7:8], rtol=1e-6)
    np.testing.assert_allclose(stack.predict(X[::-1])["line"], whole["line"][::-1], rtol=1e-6)


def test_files_keep_it(stack, data, tmp_path):
    X, _ = data
    stack.save(tmp_path / "stack.skmtl")
    again = skmtl.load(tmp_path / "stack.skmtl")
    assert again.predict(X).equals(stack.predict(X))
    pd.testing.assert_frame_equal(again.weights_, stack.weights_)
    pd.testing.assert_frame_equal(again.cv_scores_, stack.cv_scores_)
    assert list(again.members_) == list(stack.members_)


def test_frames_and_onnx_say_the_same(stack, data):
    X, _ = data
    frame = skmtl.score_frame(stack, X)
    session = onnxruntime.InferenceSession(to_onnx(stack).SerializeToString())
    names = ["line", "step", "late_proba"]
    line, step, late = session.run(names, onnx_inputs(stack, X))
    np.testing.assert_allclose(line, frame["line_prediction"], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(step, frame["step_prediction"], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(late[:, 1], frame["late_proba_True"], rtol=1e-5, atol=1e-6)


def test_long_data_has_tasks_of_its_own_and_takes_unseen_ones():
    X, y = make_outlier_tasks(40, random_state=0)
    members = [
        ("linear", MultiTaskLinearRegressor()),
        ("rmtgb", RMTGBRegressor(n_rounds=20, blocks=("task",))),
    ]
    model = StackedTasks(estimators=members, task_column="task", n_bags=2, random_state=0)
    model.fit(X, y)
    assert model.predict(X).shape == (len(X),)
    assert len(model.score_tasks(X, y)) == X["task"].nunique()
    assert np.isfinite(model.predict(X.head(2).assign(task="new"))).all()


def test_times_to_events_have_hazards_between_those_of_the_members():
    X, y = make_survival(200, random_state=0)
    members = [("linear", MultiTaskLinearSurvival()), ("rmtgb", RMTGBSurvival(n_rounds=20))]
    model = StackedTasks(estimators=members, n_bags=2, random_state=0).fit(X, y)

    def conditional(fitted):
        curves = fitted.predict_survival_function(X, return_array=True)[:, :-1]
        return curves[:, 1:] / curves[:, :-1]

    of_members = [conditional(member) for member in model.members_.values()]
    assert (conditional(model) <= np.max(of_members, axis=0) + 1e-9).all()
    assert (conditional(model) >= np.min(of_members, axis=0) - 1e-9).all()
    assert model.score(X, y) > 0.6


def test_an_eval_set_decides_the_weights(data):
    X, Y = data
    model = StackedTasks(estimators=[LINEAR, TREES], random_state=0)
    model.fit(X[:200], Y[:200], eval_set=(X[200:], Y[200:]))
    assert model.weights_.loc["line", "linear"] > 0.9
    assert model.weights_.loc["step", "rmtgb"] > 0.8


@pytest.mark.parametrize(
    ("is_mixed", "settings", "moves"),
    [
        (False, {}, False),
        (True, {}, True),
        (True, {"validation": "time", "time_column": "day"}, False),
        (True, {"validation": "group", "group_column": "day"}, False),
    ],
)
def test_a_gain_of_one_period_does_not_move_the_weights(is_mixed, settings, moves):
    """Trees are better, except far from the training rows, where those of one day in ten are."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=300), "day": np.arange(300) // 30})
    judged = X.assign(a=X["a"] + 9.0 * (X["day"] == 4))
    if is_mixed:
        judged = judged.sample(frac=1, random_state=0)
    X, judged = (
        (t, pd.DataFrame({"y": 2 * t["a"] + 3 * np.sign(np.sin(3 * t["a"]))})) for t in (X, judged)
    )
    if not settings:
        X, judged = ((x[["a"]], y) for x, y in (X, judged))
    members = [("linear", MultiTaskLinear(alpha=1.0, penalty="ridge")), TREES]
    model = StackedTasks(estimators=members, n_bags=1, random_state=0, **settings)
    weights = model.fit(*X, eval_set=judged).weights_
    assert (weights.loc["y", "linear"] > 0.6) == moves


def test_without_held_out_rows_all_weigh_the_same(data):
    X, Y = data
    model = StackedTasks(estimators=[LINEAR, TREES], early_stopping=False, random_state=0)
    model.fit(X[:60], Y[:60])
    assert (model.weights_ == 0.5).all(axis=None)
    assert model.cv_scores_.isna().all(axis=None)


def test_time_that_is_over_leaves_the_cheap_members_and_says_so(data):
    X, Y = data
    model = StackedTasks(estimators=[LINEAR, TREES], n_bags=2, max_time=0, random_state=0)
    with pytest.warns(UserWarning, match=r"before \['rmtgb'\] could be fitted"):
        model.fit(X, Y)
    assert list(model.members_) == ["linear"]
    assert (model.weights_["linear"] == 1).all()


def test_kinds_are_those_of_all_members(data):
    X, Y = data
    visits = (Y[["step"]] > 0).astype(int) + (X[["a"]].to_numpy() > 1)
    model = StackedTasks(estimators=[LINEAR, TREES], tasks="count", n_bags=2, random_state=0)
    model.fit(X, visits)
    assert model.task_kinds_ == {"step": "count"}
    assert (model.predict(X)["step"] > 0).all()
    with pytest.raises(ValueError, match="Invalid parameter 'tasks'"):
        StackedTasks(estimators="survival", tasks="count").fit(X, visits)


def test_a_network_ends_when_the_time_is_over(data):
    X, Y = data
    endless = ("multitab", MultiTab(max_epochs=10**6, patience=10**6, row_size=16, n_members=2))
    model = StackedTasks(estimators=[endless], n_bags=2, max_time=1, random_state=0)
    with pytest.warns(UserWarning, match="before the fit of 'multitab' was complete"):
        model.fit(X, Y)
    assert model._fitted.members[0].epochs[0][-1].number < 10**4


@pytest.mark.parametrize("blocks", ["auto", ("shared", "task")])
def test_boosting_ends_when_the_time_is_over(data, blocks):
    X, Y = data
    endless = RMTGB(n_rounds=10**6, learning_rate=1e-5, blocks=blocks)
    model = StackedTasks(estimators=[("rmtgb", endless)], n_bags=2, max_time=1, random_state=0)
    with pytest.warns(UserWarning, match="before the fit of 'rmtgb' was complete"):
        model.fit(X, Y)
    assert model.fit_time_ < 30  # all rounds would take hours
    assert np.isfinite(model.predict(X)[["line", "step"]]).all(axis=None)
    assert model.cv_scores_.isna().all(axis=None)  # nothing else has to be compared with it
    pair = [("linear", MultiTaskLinear(alpha=1e9, penalty="ridge")), ("rmtgb", endless)]
    model = StackedTasks(estimators=pair, n_bags=2, max_time=1, random_state=0)
    with pytest.warns(UserWarning, match="before the fit of 'rmtgb' was complete"):
        model.fit(X, Y)
    assert model.cv_scores_.notna().all(axis=None)


def test_parameters_of_members_can_be_searched(data):
    X, Y = data
    model = StackedTasks(estimators=[LINEAR, TREES], n_bags=2, random_state=0)
    search = GridSearchCV(model, {"rmtgb__n_rounds": [1, 20], "linear__penalty": ["ridge"]}, cv=2)
    search.fit(X[["a", "b"]], Y[["step"]])
    assert search.best_params_["rmtgb__n_rounds"] == 20
    assert dict(model.estimators)["rmtgb"].n_rounds == 30  # it is cloned
    model.set_params(linear=MultiTaskLinear(alpha=2.0))
    assert model.get_params()["linear__alpha"] == 2.0


@pytest.mark.parametrize(
    "estimators",
    [
        "best",
        [],
        [("one", MultiTaskLinear()), ("one", RMTGB())],
        [("a__b", MultiTaskLinear())],
        [("tasks", MultiTaskLinear())],
        [("linear", object())],
        [("stack", StackedTasks())],
        [MultiTaskLinear()],
    ],
)
def test_members_that_cannot_be_used_are_refused(estimators, data):
    with pytest.raises(ValueError, match="must be one of 'auto', 'survival' or a list of pairs"):
        StackedTasks(estimators=estimators).fit(*data)


def test_a_bad_parameter_of_a_member_is_named_before_any_work(data):
    with pytest.raises(ValueError, match="n_rounds=-1 of RMTGB"):
        StackedTasks(estimators=[LINEAR, ("rmtgb", RMTGB(n_rounds=-1))]).fit(*data)


def test_tables_on_disk_are_refused(data, tmp_path):
    X, Y = data
    X.join(Y).to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(ValueError, match="tables in memory"):
        StackedTasks(estimators=[LINEAR]).fit(str(tmp_path / "rows.parquet"), ["step"])


def test_the_picture_shows_the_weights(stack):
    pytest.importorskip("matplotlib").use("Agg")
    display = StackWeightsDisplay.from_estimator(stack)
    drawn = pd.DataFrame({m: [bar.get_width() for bar in b] for m, b in display.bars_.items()})
    assert np.allclose(drawn, stack.weights_)
    with pytest.raises(TypeError, match="which MultiTaskLinear lacks"):
        StackWeightsDisplay.from_estimator(stack.members_["linear"])
