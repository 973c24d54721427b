"""Thresholds and calibrated probabilities by task, from held-out rows."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import skmtl
from skmtl import (
    RMTGB,
    CalibratedTasks,
    GroupedTasks,
    MultiTab,
    RMTGBClassifier,
    TunedThresholds,
)
from skmtl.metrics import make_multitask_scorer, score_tasks
from skmtl.model_selection import cross_val_predict
from skmtl.tasks import Binary

N = 400
RNG = np.random.default_rng(0)
X = pd.DataFrame({"x": RNG.normal(size=N), "z": RNG.normal(size=N)})
Y = pd.DataFrame(
    {
        "rare": np.where(RNG.random(N) < expit(2 * X["x"] - 3), "yes", "no"),
        "common": RNG.random(N) < expit(X["z"]),
        "grade": np.digitize(X["x"] + RNG.normal(size=N), [-1, 1]).astype(str),
        "price": X["x"] + RNG.normal(size=N),
    }
)
Y["common"] = Y["common"].astype("boolean").mask(RNG.random(N) < 0.3)
INNER = RMTGB(n_rounds=8, n_bags=1, blocks=("shared",), random_state=0)
HALF = KFold(2)


@pytest.fixture(scope="module")
def held_out():
    return cross_val_predict(INNER, X, Y, method="predict_proba", cv=HALF)


@pytest.fixture(scope="module")
def tuned():
    return TunedThresholds(INNER, metric={"common": "f1"}, cv=HALF).fit(X, Y)


@pytest.fixture(scope="module")
def calibrated():
    return CalibratedTasks(INNER, method="isotonic", cv=HALF).fit(X, Y)


def test_thresholds_are_the_best_of_held_out_rows(tuned, held_out):
    assert tuned.thresholds_.index.tolist() == ["rare", "common"]
    for name, metric in {"rare": "balanced_accuracy", "common": "f1"}.items():
        classes = held_out[name].columns
        probability = held_out[name].iloc[:, 1]

        def score(threshold, name=name, metric=metric, classes=classes, probability=probability):
            predicted = pd.Series(classes[(probability >= threshold).astype(int)])
            truth = Y[[name]]
            return score_tasks(truth, {name: predicted}, metric=metric).iloc[0]

        best = tuned.best_scores_[name]
        assert best == pytest.approx(score(tuned.thresholds_[name]))
        assert best >= max(score(cut) for cut in np.linspace(0.02, 0.98, 25)) - 0.01
    assert tuned.thresholds_["rare"] < 0.4  # the rate is about 1 in 8


def test_a_tuned_model_predicts_by_its_thresholds_and_else_as_the_estimator(tuned):
    inner = INNER.__class__(**INNER.get_params()).fit(X, Y)
    predicted, plain = tuned.predict(X), inner.predict(X)
    pd.testing.assert_frame_equal(predicted[["grade", "price"]], plain[["grade", "price"]])
    for own, other in zip(tuned.predict_proba(X), inner.predict_proba(X), strict=True):
        np.testing.assert_array_equal(own, other)
    is_rare = tuned.predict_proba(X)[0][:, 1] >= tuned.thresholds_["rare"]
    np.testing.assert_array_equal(predicted["rare"] == "yes", is_rare)
    assert (predicted["rare"] == "yes").sum() > (plain["rare"] == "yes").sum()


def test_calibration_mends_shifted_probabilities():
    shifted = RMTGB(**INNER.get_params() | {"tasks": {"rare": Binary("balanced")}})
    rate = (Y["rare"] == "yes").mean()
    before = shifted.fit(X, Y).predict_proba(X)[0][:, 1]
    for method in ("sigmoid", "isotonic"):
        model = CalibratedTasks(shifted, method=method, cv=HALF).fit(X, Y)
        after = model.predict_proba(X)[0][:, 1]
        assert abs(after.mean() - rate) < 0.03 < before.mean() - rate
        assert np.all(np.diff(after[np.argsort(before)]) >= 0)


def test_calibrated_probabilities_of_all_classes_sum_to_one(calibrated):
    for probabilities in calibrated.predict_proba(X):
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)
        assert (probabilities >= 0).all()
    predicted = calibrated.predict(X)
    classes = dict(zip(["rare", "common", "grade"], calibrated.classes_, strict=True))
    best = calibrated.predict_proba(X)[2].argmax(axis=1)
    assert predicted["grade"].tolist() == classes["grade"][best].tolist()


def test_few_labels_have_a_sigmoid(calibrated):
    assert calibrated.methods_.to_dict() == {
        "rare": "isotonic" if (Y["rare"] == "yes").sum() >= 50 else "sigmoid",
        "common": "isotonic",
        "grade": "isotonic",
    }
    model = CalibratedTasks(INNER, method="isotonic", cv=HALF).fit(X[:80], Y[:80])
    assert set(model.methods_) == {"sigmoid"}


def test_the_sigmoid_is_platts_on_the_log_odds():
    from skmtl.models._adjustments import SigmoidCalibration

    log_odds = RNG.normal(size=20_000)
    truth = (RNG.random(20_000) < expit(0.5 * log_odds - 1)).astype(int)
    given = np.column_stack([expit(-log_odds), expit(log_odds)])
    fit = SigmoidCalibration.fit(given, truth, np.ones(20_000))
    assert fit.slope[0] == pytest.approx(0.5, abs=0.05)
    assert fit.intercept[0] == pytest.approx(-1, abs=0.05)


@pytest.mark.parametrize("wrapped", [TunedThresholds, CalibratedTasks])
def test_labels_of_weight_zero_have_no_part(wrapped):
    weight = pd.DataFrame(1.0, X.index, Y.columns)
    weight.loc[:99, "rare"] = 0.0
    other = Y.copy()
    other.loc[:99, "rare"] = "yes"
    one = wrapped(INNER, cv=HALF).fit(X, Y, weight)
    two = wrapped(INNER, cv=HALF).fit(X, other, weight)
    np.testing.assert_array_equal(one.predict(X), two.predict(X))
    np.testing.assert_array_equal(one.predict_proba(X)[0], two.predict_proba(X)[0])


@pytest.mark.parametrize("name", ["tuned", "calibrated"])
def test_they_are_saved_loaded_scored_and_cloned(name, request, tmp_path):
    model = copy.copy(request.getfixturevalue(name)).set_params(cv=2)  # no file keeps a splitter
    model.save(tmp_path / "model.skmtl")
    loaded = skmtl.load(tmp_path / "model.skmtl")
    pd.testing.assert_frame_equal(loaded.predict(X), model.predict(X))
    scores = skmtl.score_frame(loaded, X)
    np.testing.assert_array_equal(scores["rare_proba_yes"], model.predict_proba(X)[0][:, 1])
    np.testing.assert_array_equal(scores["rare_prediction"], model.predict(X)["rare"])
    assert model.score(X, Y) == pytest.approx(model.score_tasks(X, Y).mean())
    assert model.n_features_in_ == 2 and list(model.feature_names_in_) == ["x", "z"]
    assert list(model.task_kinds_) == list(Y)


def test_a_search_tunes_what_is_within():
    model = TunedThresholds(INNER, cv=HALF)
    search = GridSearchCV(
        model, {"estimator__n_rounds": [2, 6]}, cv=KFold(2), scoring=make_multitask_scorer()
    ).fit(X, Y)
    assert np.isfinite(search.best_score_)
    assert skmtl.score_frame(search, X)["rare_prediction"].isin(["yes", "no"]).all()


def test_they_wrap_pipelines_groups_and_each_other():
    pipeline = make_pipeline(FunctionTransformer(), INNER)
    small = X[:120], Y[["rare", "common"]][:120]
    for inner in (pipeline, CalibratedTasks(INNER, cv=HALF), GroupedTasks(INNER, groups="alone")):
        model = TunedThresholds(inner, cv=HALF, thresholds=10).fit(*small, np.ones(120))
        assert model.thresholds_.index.tolist() == ["rare", "common"]
        assert model.predict(X).columns.tolist() == ["rare", "common"]


def test_arrays_networks_and_one_target():
    inner = MultiTab(max_epochs=1, n_bags=1, random_state=0)
    tuned = TunedThresholds(inner, cv=HALF, thresholds=5).fit(X, Y[["rare"]])
    assert tuned.predict(X).shape == (N, 1)
    single = RMTGBClassifier(n_rounds=2, n_bags=1, random_state=0)
    for wrapped in (TunedThresholds, CalibratedTasks):
        model = wrapped(single, cv=HALF).fit(X, Y["rare"].to_numpy())
        assert model.predict(X).shape == (N,) and model.predict_proba(X).shape == (N, 2)


def test_long_data_have_one_threshold_for_all_ids():
    table = X.assign(shop=np.tile(["a", "b"], N // 2))
    inner = RMTGB(task_column="shop", n_rounds=4, n_bags=1, random_state=0)
    model = TunedThresholds(inner, cv=HALF).fit(table, Y["rare"].to_frame())
    assert model.thresholds_.shape == (1,)
    assert model.score_tasks(table, Y["rare"].to_frame()).index.tolist() == ["a", "b"]


def test_groups_stay_whole():
    groups = np.arange(N) // 20
    model = TunedThresholds(INNER, cv=GroupKFold(2), thresholds=5).fit(X, Y, groups=groups)
    plain = cross_val_predict(
        INNER, X, Y, method="predict_proba", cv=GroupKFold(2), groups=groups,
        params={"groups": groups},
    )["rare"]  # fmt: skip
    cuts = np.unique(plain["yes"])
    assert cuts[0] <= model.thresholds_["rare"] <= np.nextafter(1, 2)


def test_constant_tasks_are_left_alone():
    constant = Y[["rare"]].assign(never="no")
    model = TunedThresholds(INNER, cv=HALF, thresholds=5).fit(X, constant)
    assert model.thresholds_.index.tolist() == ["rare"]
    assert set(model.predict(X)["never"]) == {"no"}
    assert CalibratedTasks(INNER, cv=HALF).fit(X, constant).methods_.index.tolist() == ["rare"]


def test_what_has_no_classes_or_no_tasks_is_refused():
    from sklearn.linear_model import LogisticRegression

    with pytest.raises(ValueError, match="nothing to predict: no target has classes"):
        TunedThresholds(INNER, cv=HALF).fit(X, Y[["price"]])
    with pytest.raises(TypeError, match=r"needs an estimator of skmtl.*LogisticRegression"):
        CalibratedTasks(LogisticRegression()).fit(X, Y["rare"])
    with pytest.raises(ValueError, match="parameter method='beta'"):
        CalibratedTasks(INNER, method="beta").fit(X, Y)
