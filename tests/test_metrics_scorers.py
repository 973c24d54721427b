"""Scorers of several tasks inside scikit-learn's searches, with fake and real estimators."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, r2_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl import MultiTabSurvival
from skmtl.datasets import make_survival
from skmtl.metrics import make_multitask_scorer, score_tasks, task_scorers
from skmtl.survival import concordance


class MixedLinear(BaseEstimator):
    """A linear model per task with the fitted attributes of skmtl's mixed estimator."""

    n_predict = 0

    def __init__(self, strength=1.0):
        self.strength = strength

    def fit(self, X, Y, sample_weight=None):
        self.task_names_ = list(Y.columns)
        self.task_kinds_ = {
            name: "regression" if Y[name].dtype.kind == "f" else "binary" for name in Y
        }
        self.models_ = {}
        for name, kind in self.task_kinds_.items():
            seen = Y[name].notna().to_numpy()
            model = Ridge(self.strength) if kind == "regression" else LogisticRegression()
            self.models_[name] = model.fit(np.asarray(X)[seen], Y[name][seen].to_numpy())
        return self

    def _classifiers(self):
        return [m for m in self.models_.values() if isinstance(m, LogisticRegression)]

    @property
    def classes_(self):
        return [model.classes_ for model in self._classifiers()]

    def predict(self, X):
        self.n_predict += 1
        return pd.DataFrame({name: m.predict(np.asarray(X)) for name, m in self.models_.items()})

    def predict_proba(self, X):
        return [model.predict_proba(np.asarray(X)) for model in self._classifiers()]


@pytest.fixture
def mixed():
    """A regression and a text task, 30 % of the labels missing."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(150, 4)), columns=list("wxyz"))
    noise = rng.normal(size=(150, 2))
    Y = pd.DataFrame(
        {
            "spend": X["w"] - X["x"] + 0.3 * noise[:, 0],
            "click": np.where(X["w"] + noise[:, 1] > 0, "yes", "no"),
        }
    )
    return X, Y.mask(rng.random(Y.shape) < 0.3)


def test_one_number_is_the_mean_over_tasks(mixed):
    X, Y = mixed
    model = MixedLinear().fit(X, Y)
    expected = score_tasks(Y, model.predict(X)).mean()
    assert make_multitask_scorer()(model, X, Y) == pytest.approx(expected)
    assert make_multitask_scorer(average="min")(model, X, Y) == pytest.approx(
        score_tasks(Y, model.predict(X)).min()
    )


def test_the_task_scorer_names_the_tasks_and_adds_the_mean(mixed):
    X, Y = mixed
    model = MixedLinear().fit(X, Y)
    scores = task_scorers({"click": "roc_auc"})(model, X, Y)
    seen = Y["click"].notna().to_numpy()
    expected = roc_auc_score(Y["click"][seen], model.predict_proba(X)[0][seen, 1])
    assert list(scores) == ["spend", "click", "mean"]
    assert scores["click"] == pytest.approx(expected)
    assert scores["mean"] == pytest.approx((scores["spend"] + scores["click"]) / 2)


def test_one_task_can_be_chosen(mixed):
    X, Y = mixed
    model = MixedLinear().fit(X, Y)
    per_task = task_scorers("auto")(model, X, Y)
    assert make_multitask_scorer(task="click")(model, X, Y) == per_task["click"]
    only_spend = make_multitask_scorer({"spend": "r2"}, task="spend")
    assert only_spend(model, X, Y[["spend"]]) == per_task["spend"]


def test_the_estimator_is_asked_once(mixed):
    X, Y = mixed
    model = MixedLinear().fit(X, Y)
    model.n_predict = 0
    task_scorers({"click": "f1"})(model, X, Y)
    assert model.n_predict == 1


def test_a_task_without_labels_in_the_fold_is_left_out_of_the_mean(mixed):
    X, Y = mixed
    model = MixedLinear().fit(X, Y)
    hidden = Y.assign(click=None)
    scores = task_scorers()(model, X, hidden)
    assert np.isnan(scores["click"])
    assert scores["mean"] == scores["spend"]
    assert np.isnan(make_multitask_scorer(task="click")(model, X, hidden))


def test_grid_search_over_a_pipeline_picks_the_better_model(mixed):
    X, Y = mixed
    pipeline = make_pipeline(StandardScaler(), MixedLinear())
    grid = {"mixedlinear__strength": [1.0, 1e5]}
    copied = pickle.loads(pickle.dumps(make_multitask_scorer()))  # as for other processes
    one = GridSearchCV(pipeline, grid, scoring=copied, cv=KFold(3))
    many = GridSearchCV(pipeline, grid, scoring=task_scorers(), refit="mean", cv=KFold(3))
    assert (
        one.fit(X, Y).best_params_ == many.fit(X, Y).best_params_ == {"mixedlinear__strength": 1.0}
    )
    assert one.best_score_ == pytest.approx(many.best_score_)
    assert np.isfinite(many.cv_results_["mean_test_spend"]).all()
    assert make_multitask_scorer()(one, X, Y) == make_multitask_scorer()(one.best_estimator_, X, Y)


def test_cross_validate_reports_every_task(mixed):
    X, Y = mixed
    results = cross_validate(
        MixedLinear(), X, Y, scoring=task_scorers({"click": "neg_log_loss"}), cv=KFold(4)
    )
    assert (results["test_click"] < 0).all()
    assert results["test_mean"] == pytest.approx(
        (results["test_click"] + results["test_spend"]) / 2
    )


def test_arrays_are_scored_by_position_of_the_models_tasks(mixed):
    X, Y = mixed
    model = MixedLinear().fit(X, Y)
    assert task_scorers()(model, X, Y.to_numpy(dtype=object)) == task_scorers()(model, X, Y)


def test_plain_multi_output_regressors_are_scored():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(60, 3)), rng.normal(size=(60, 2))
    model = RandomForestRegressor(n_estimators=5, random_state=0).fit(X, Y)
    predicted = model.predict(X)
    hidden = Y.copy()
    hidden[:10, 0] = np.nan
    named = pd.DataFrame(hidden, columns=["a", "b"])
    scores = task_scorers()(model, X, named)
    assert scores["a"] == r2_score(Y[10:, 0], predicted[10:, 0])
    assert scores["b"] == r2_score(Y[:, 1], predicted[:, 1])
    assert list(task_scorers()(model, X, hidden)) == ["0", "1", "mean"]
    assert make_multitask_scorer()(model, X, Y) == pytest.approx(r2_score(Y, predicted))


def test_whole_numbers_are_what_the_estimator_says_they_are():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 3)), rng.integers(0, 2, 50)
    regressor = Ridge().fit(X, y)
    assert make_multitask_scorer()(regressor, X, y) == regressor.score(X, y)
    classifier = LogisticRegression().fit(X, y)
    assert make_multitask_scorer()(classifier, X, y) == classifier.score(X, y)


def test_plain_multi_output_classifiers_are_scored():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    Y = pd.DataFrame({"a": rng.integers(0, 3, 80), "b": rng.integers(0, 2, 80)})
    model = RandomForestClassifier(n_estimators=5, random_state=0).fit(X, Y)
    proba = model.predict_proba(X)
    scores = task_scorers("roc_auc_ovr")(model, X, Y)
    assert scores["a"] == pytest.approx(roc_auc_score(Y["a"], proba[0], multi_class="ovr"))
    assert scores["b"] == roc_auc_score(Y["b"], proba[1][:, 1])
    assert task_scorers()(model, X, Y)["a"] == accuracy_score(Y["a"], model.predict(X)[:, 0])


def test_classifiers_with_one_column_of_probabilities_per_label_are_scored():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(60, 3)), rng.integers(0, 2, (60, 3))
    model = MLPClassifier(hidden_layer_sizes=(3,), max_iter=5, random_state=0)
    with pytest.warns(sklearn.exceptions.ConvergenceWarning):
        model.fit(X, Y)
    scores = task_scorers("neg_log_loss")(model, X, Y)
    assert scores["1"] == pytest.approx(-log_loss(Y[:, 1], model.predict_proba(X)[:, 1]))


def test_a_class_missing_from_the_fold_is_no_error():
    X, y = np.zeros((6, 1)), np.array(["a", "b", "c", "a", "b", "c"])
    model = DummyClassifier(strategy="uniform").fit(X, y)
    scorer = make_multitask_scorer("roc_auc_ovr")
    assert scorer(model, X[:2], y[:2]) == 0.5
    assert make_multitask_scorer("neg_log_loss")(model, X[:2], y[:2]) == pytest.approx(
        np.log(1 / 3)
    )


@pytest.mark.parametrize("routing", [False, True])
def test_sample_weight_is_used(mixed, routing):
    X, Y = mixed
    weight = np.random.default_rng(1).uniform(size=len(X))
    scorer = make_multitask_scorer()
    if not routing:
        model = MixedLinear().fit(X, Y)
        expected = score_tasks(Y, model.predict(X), sample_weight=weight).mean()
        assert scorer(model, X, Y, sample_weight=weight) == pytest.approx(expected)
        return
    with sklearn.config_context(enable_metadata_routing=True):
        scorer.set_score_request(sample_weight=True)
        model = MixedLinear().set_fit_request(sample_weight=False)
        cv, params = KFold(2), {"sample_weight": weight}
        got = cross_validate(model, X, Y, scoring=scorer, cv=cv, params=params)["test_score"]
    train, test = next(cv.split(X))
    model = MixedLinear().fit(X.iloc[train], Y.iloc[train])
    assert got[0] == pytest.approx(scorer(model, X.iloc[test], Y.iloc[test], weight[test]))


@pytest.mark.parametrize("scorer", [make_multitask_scorer("r2", task="a"), task_scorers("r2")])
def test_scorers_can_be_copied(scorer):
    assert repr(pickle.loads(pickle.dumps(scorer))) == repr(scorer)
    assert repr(copy.deepcopy(scorer)) == repr(scorer)
    search = GridSearchCV(Ridge(), {"alpha": [1]}, scoring=scorer)
    assert repr(clone(search).scoring) == repr(scorer)


@pytest.mark.parametrize(
    ("scorer", "text"),
    [
        (make_multitask_scorer(), "make_multitask_scorer()"),
        (
            make_multitask_scorer("r2", average="min"),
            "make_multitask_scorer(metric='r2', average='min')",
        ),
        (make_multitask_scorer(task=0), "make_multitask_scorer(task=0)"),
        (task_scorers(r2_score), "task_scorers(metric=r2_score)"),
    ],
)
def test_repr_is_the_call(scorer, text):
    assert repr(scorer) == text


def test_settings_are_checked_when_the_scorer_is_made():
    with pytest.raises(ValueError, match=r"Unknown metric 'acuracy'. Did you mean 'accuracy'"):
        make_multitask_scorer({"a": "acuracy"})
    with pytest.raises(ValueError, match=r"Unknown average 'max'.*'min'"):
        task_scorers(average="max")


def test_mistakes_are_named(mixed):
    X, Y = mixed
    model = MixedLinear().fit(X, Y)
    with pytest.raises(ValueError, match=r"no task 'z'; its tasks are \['spend', 'click'\]"):
        make_multitask_scorer(task="z")(model, X, Y)
    with pytest.raises(ValueError, match=r"tasks \['other'\].*was not fitted on"):
        make_multitask_scorer()(model, X, Y.rename(columns={"click": "other"}))
    with pytest.raises(ValueError, match="1 columns, but the model was fitted on the 2 tasks"):
        make_multitask_scorer()(model, X, Y.to_numpy()[:, :1])
    with pytest.raises(ValueError, match=r"'roc_auc' of task 'spend'.*'regression'.*no classes"):
        make_multitask_scorer("roc_auc")(model, X, Y)
    with pytest.raises(ValueError, match="A task is called 'mean'"):
        task_scorers()(Ridge().fit(X, X["w"]), X, pd.DataFrame({"mean": X["w"]}))
    with pytest.raises(ValueError, match=r"kind 'regression'.*no classes"):
        make_multitask_scorer("neg_log_loss")(Ridge().fit(X, X["w"]), X, X["w"])
    with pytest.raises(ValueError, match="no row"):
        make_multitask_scorer()(model, X[:0], Y[:0])


@pytest.mark.parametrize("kind", ["competing", "several"])
@pytest.mark.parametrize("horizons", [None, (2.0, 6.0)])
def test_survival_models_are_scored_by_event_and_cause(kind, horizons):
    X, y = make_survival(200, kind=kind, random_state=0)
    model = MultiTabSurvival(n_bags=1, max_epochs=2, horizons=horizons, random_state=0).fit(X, y)
    by_risk = model.score_tasks(X, y)
    assert len(by_risk) == 2
    scores = task_scorers()(model, X, y)
    assert scores == {str(risk): score for risk, score in by_risk.items()} | {
        "mean": by_risk.mean()
    }
    assert make_multitask_scorer("concordance")(model, X, y) == pytest.approx(by_risk.mean())


def test_a_cause_is_scored_alone():
    X, y = make_survival(200, kind="competing", random_state=0)
    model = MultiTabSurvival(n_bags=1, max_epochs=2, random_state=0).fit(X, y)
    scorer = make_multitask_scorer(task=2, average="min")
    expected = concordance(y, model.predict(X)[2], cause=2)
    assert scorer(model, X, y) == pytest.approx(expected)
