"""Survival estimators: what they read, what they predict, and that they learn the truth."""

from __future__ import annotations

import pickle
from dataclasses import fields
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmtl import RMTGB, MultiTab, MultiTabSurvival, RMTGBSurvival, score_frame
from skmtl.datasets import make_survival
from skmtl.metrics import make_multitask_scorer
from skmtl.reading import EventTargets
from skmtl.survival import (
    aalen_johansen,
    brier_score,
    concordance,
    d_calibration,
    kaplan_meier,
    survival_scorer,
)
from skmtl.tasks import EventTimes, Survival

SMALL = {
    "n_bags": 1,
    "max_epochs": 6,
    "row_size": 16,
    "n_members": 2,
    "embedding_size": 4,
    "n_heads": 2,
    "tower_size": 32,
    "feedforward_size": 8,
    "batch_size": 64,
    "learning_rate": 0.03,
    "random_state": 0,
    "device": "cpu",
}
# Large enough to come close to a truth.
LEARNING = {"row_size": 64, "max_epochs": 12, "batch_size": 128, "learning_rate": 0.01}
TIMES = np.array([0.0, 1.0, 4.0, 8.0])


def small(**parameters):
    return MultiTabSurvival(**SMALL | parameters)


BOOSTED = {"n_bags": 1, "n_rounds": 20, "blocks": ("shared",), "random_state": 0}


class Engine(NamedTuple):
    """An estimator's class, and its settings where it learns quickly, longer and well."""

    estimator: type
    small: dict
    longer: dict
    learning: dict

    def make(self, **parameters):
        return self.estimator(**self.small | parameters)


ENGINES = {
    "network": Engine(MultiTabSurvival, SMALL, {"max_epochs": 15}, LEARNING),
    "boosting": Engine(
        RMTGBSurvival,
        BOOSTED,
        {"n_rounds": 60},
        {"n_rounds": 300, "learning_rate": 0.3, "patience": 10, "blocks": ("task",)},
    ),
}


@pytest.fixture(scope="module", params=ENGINES)
def engine(request):
    return ENGINES[request.param]


@pytest.fixture(scope="module")
def single(engine):
    X, y = make_survival(240, random_state=0)
    return X, y, engine.make().fit(X, y)


@pytest.fixture(scope="module")
def competing(engine):
    X, y = make_survival(240, kind="competing", random_state=0)
    return X, y, engine.make(**engine.longer).fit(X, y)


@pytest.fixture(scope="module")
def several(engine):
    X, y = make_survival(240, kind="several", missing=0.3, random_state=0)
    return X, y, engine.make().fit(X, y)


def structured(y):
    records = np.empty(len(y), dtype=[("seen", bool), ("days", float)])
    records["seen"], records["days"] = y["event"] > 0, y["duration"]
    return records


@pytest.mark.parametrize(
    "form",
    [
        structured,
        lambda y: y.to_dict("list"),
        lambda y: y.rename(columns={"duration": "time"}),
        lambda y: y.assign(event=y["event"].astype(bool)),
        lambda y: pd.Series(EventTimes(y["event"], y["duration"])),
        lambda y: y.assign(entry=0.0),
    ],
    ids=["structured", "dict", "time", "bool", "event times", "entry"],
)
def test_forms_of_y_give_the_same_model(engine, single, form):
    X, y, model = single
    again = engine.make().fit(X, form(y))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.score(X, form(y)) == model.score(X, y)


def test_named_pairs(engine, several):
    X, y, model = several
    names = ["died", "day", "back", "back_day"]
    events = {"event_0": ("died", "day"), "event_1": ("back", "back_day")}
    again = engine.make(events=events).fit(X, y.set_axis(names, axis=1))
    pd.testing.assert_frame_equal(again.predict(X), model.predict(X))


def test_pairs_in_a_dict_are_found_as_in_a_frame(engine, several):
    X, y, model = several
    pairs = {name: column.to_numpy() for name, column in y.items()}
    again = engine.make().fit(X, pairs)
    pd.testing.assert_frame_equal(again.predict(X), model.predict(X))
    pd.testing.assert_series_equal(again.score_tasks(X, pairs), model.score_tasks(X, y))


def test_entries_of_pairs_are_found_by_their_name(engine, several):
    X, y, model = several
    half = np.arange(len(y)) % 2  # some are watched from the start on, so that some always are
    late = y.assign(event_1_entry=0.9 * half * y["event_1_time"])
    named = {"event_0": ("event_0_event", "event_0_time")}
    named["event_1"] = ("event_1_event", "event_1_time", "event_1_entry")
    found, told = engine.make().fit(X, late), engine.make(events=named).fit(X, late)
    pd.testing.assert_frame_equal(found.predict(X), told.predict(X))
    assert not np.allclose(found.predict(X)["event_1"], model.predict(X)["event_1"], atol=0.01)


def test_curves_start_at_one_and_fall(single):
    X, _, model = single
    survival = model.predict_survival_function(X, np.linspace(0, model.follow_up_, 100))
    assert (survival[:, 0] == 1).all()
    assert (np.diff(survival, axis=1) <= 0).all()
    hazard = model.predict_cumulative_hazard_function(X, TIMES)
    assert_allclose(np.exp(-hazard), model.predict_survival_function(X, TIMES))


def test_step_functions(single):
    X, _, model = single
    functions = model.predict_survival_function(X)
    array = model.predict_survival_function(X, return_array=True)
    assert array.shape == (len(X), len(model.unique_times_))
    np.testing.assert_array_equal(functions[3](model.unique_times_), array[3])
    assert functions[3](0.0) == 1
    times = np.linspace(0, model.follow_up_, 301)
    np.testing.assert_array_equal(
        [function(times) for function in functions[:9]],
        model.predict_survival_function(X[:9], times),
    )
    assert functions[3].y is functions[3].y  # drawn once
    hazards = model.predict_cumulative_hazard_function(X)
    assert hazards[3](0.0) == 0
    for function in (functions[3], hazards[3]):
        assert function(model.follow_up_) == function(model.unique_times_)[-1]
        np.testing.assert_array_equal(np.isnan(function([np.nan, 1.0])), [True, False])
        for beyond in (1e9, [np.nan, np.inf]):
            with pytest.raises(ValueError, match=r"times reach .* known up to .* only"):
                function(beyond)


def test_median_and_restricted_mean(single):
    X, _, model = single
    median = model.predict_median_time(X)
    at_median = [model.predict_survival_function(X.iloc[[i]], [median[i]])[0, 0]
                 for i in np.flatnonzero(np.isfinite(median))[:5]]  # fmt: skip
    assert (np.array(at_median) <= 0.5 + 1e-6).all()
    just_before = [model.predict_survival_function(X.iloc[[i]], [np.nextafter(median[i], 0)])[0, 0]
                   for i in np.flatnonzero(np.isfinite(median))[:5]]  # fmt: skip
    assert (np.array(just_before) > 0.5).all()
    times = np.linspace(0, 6, 6001)
    area = model.predict_survival_function(X, times[:-1]).sum(axis=1) * 0.001
    assert_allclose(model.predict_rmst(X, 6.0), area, rtol=1e-3)
    assert (model.predict_rmst(X) >= area).all()


def test_incidences_and_survival_sum_to_one(competing):
    X, _, model = competing
    incidence = model.predict_cumulative_incidence(X, TIMES)
    total = sum(incidence.values()) + model.predict_survival_function(X, TIMES)
    assert_allclose(total, 1, atol=1e-9)
    assert list(incidence) == [1, 2]


def test_risks_of_causes(competing):
    X, y, model = competing
    risk = model.predict(X)
    assert risk.columns.tolist() == [1, 2]
    scores = model.score_tasks(X, y)
    assert scores[2] == concordance(y, risk[2], cause=2)
    assert model.score(X, y) == scores.mean()


def test_answers_by_event(several):
    X, y, model = several
    assert model.event_names_ == ["event_0", "event_1"]
    assert model.predict(X).columns.tolist() == model.event_names_
    for answer in (
        model.predict_survival_function(X, TIMES),
        model.predict_median_time(X),
        model.predict_rmst(X, 3.0),
        model.unique_times_,
        model.follow_up_,
        model.predict_cumulative_incidence(X, TIMES),
    ):
        assert list(answer) == model.event_names_
    seen = y["event_1_time"].notna()
    own = {"event": y["event_1_event"][seen], "duration": y["event_1_time"][seen]}
    assert model.score_tasks(X, y)["event_1"] == concordance(
        own, model.predict(X)["event_1"][seen]
    )


def test_a_row_without_its_pair_teaches_nothing(engine, several):
    X, y, model = several
    missing = y["event_1_time"].isna()
    prediction = model.predict(X)
    other = y.copy()  # NaN stays NaN whatever its dtype
    other[["event_1_event", "event_1_time"]] = y[["event_1_event", "event_1_time"]].astype(object)
    again = engine.make().fit(X, other.where(y.notna(), None))
    pd.testing.assert_frame_equal(again.predict(X), prediction)
    assert model.read_events(y)["event_1"].isna().tolist() == missing.tolist()


def test_terms_are_tasks_whose_curves_join(engine):
    X, y = make_survival(400, random_state=0)
    model = engine.make(horizons=(3, 12), cuts=5).fit(X, y)
    assert model.task_names_ == ["event (0, 3]", "event (3, 12]"]
    assert model.follow_up_ == 12
    times = np.linspace(0, 12, 200)
    survival = model.predict_survival_function(X, times)
    assert (np.diff(survival, axis=1) <= 0).all()
    assert model.score_terms(X, y).index.tolist() == model.task_names_
    assert model.score_tasks(X, y).index.tolist() == ["event"]
    # Rows that fail early teach the later head nothing.
    early = y["duration"] <= 3
    assert (
        model.task_set_.encode(model.__skmtl_fitted__().read_labels(y)).mask[:, 1].tolist()
        == (~early).tolist()
    )


@pytest.mark.parametrize("kind", ["single", "competing"])
def test_terms_share_given_cuts(engine, kind):
    X, y = make_survival(240, kind=kind, random_state=0)
    model = engine.make(horizons=(3, 8), cuts=[1, 2, 3, 5]).fit(X, y)
    assert model.unique_times_.tolist() == [1, 2, 3, 5, 8]
    assert model.follow_up_ == 8
    survival = model.predict_survival_function(X, np.linspace(0, 8, 50))
    assert (np.diff(survival, axis=1) <= 0).all()


def test_terms_of_several_events_share_given_cuts(engine, several):
    X, y, _ = several
    model = engine.make(horizons=(3, 8), cuts=[1, 5, 8]).fit(X, y)
    for cuts in model.unique_times_.values():
        assert cuts.tolist() == [1, 3, 5, 8]


def test_constant_features_give_kaplan_meier_at_the_cuts(engine):
    _, y = make_survival(600, random_state=0)
    X = pd.DataFrame({"nothing": np.zeros(600)})
    model = engine.make(cuts=6, early_stopping=False).fit(X, y)
    cuts = model.unique_times_
    curve = model.predict_survival_function(X.iloc[:1], cuts)[0]
    assert_allclose(curve, kaplan_meier(y)(cuts), atol=0.02)


def test_constant_features_give_aalen_johansen_at_the_cuts(engine):
    _, y = make_survival(600, kind="competing", random_state=0)
    X = pd.DataFrame({"nothing": np.zeros(600)})
    model = engine.make(cuts=6, early_stopping=False).fit(X, y)
    cuts = model.unique_times_
    for cause, curve in aalen_johansen(y).items():
        found = model.predict_cumulative_incidence(X.iloc[:1], cuts)[cause][0]
        assert_allclose(found, curve(cuts), atol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["weibull", "log-logistic"])
def test_curves_come_closer_to_the_truth_with_more_rows(engine, family):
    errors = []
    for n in (150, 4000):
        X, y, truth = make_survival(
            n, 3, family=family, censoring=0.2, random_state=0, return_truth=True
        )
        model = engine.make(**engine.learning).fit(X, y)
        new = pd.DataFrame(np.random.default_rng(1).normal(size=(500, 3)), columns=X.columns)
        times = np.linspace(1, 15, 15)
        difference = model.predict_survival_function(new, times)
        errors.append(np.abs(difference - truth.at(new).survival_function(times)).mean())
    assert errors[1] < 0.5 * errors[0]
    assert errors[1] < 0.045


@pytest.mark.slow
def test_incidences_come_close_to_the_truth(engine):
    X, y, truth = make_survival(
        4000, 3, kind="competing", shape=[0.8, 2.0], random_state=0, return_truth=True
    )
    model = engine.make(**engine.learning).fit(X, y)
    found = model.predict_cumulative_incidence(X, TIMES)
    for cause, incidence in truth.cumulative_incidence(TIMES).items():
        assert np.abs(found[cause] - incidence).mean() < 0.045


@pytest.mark.slow
def test_curves_of_several_events_come_close_to_the_truth(engine):
    X, y, truth = make_survival(
        4000, 3, kind="several", scale=[5, 20], missing=0.3, random_state=0, return_truth=True
    )
    model = engine.make(**engine.learning).fit(X, y)
    for name, found in model.predict_survival_function(X, TIMES).items():
        assert np.abs(found - truth.survival_function(TIMES, name)).mean() < 0.045


def test_proportional_hazards_are_learnt_as_well():
    X, y, truth = make_survival(1000, 3, random_state=0, return_truth=True)
    model = small(head="proportional_hazards", **LEARNING).fit(X, y)
    assert model.task_kinds_ == {"event": "proportional_hazards"}
    assert model.score(X, y) > concordance(y, truth.log_rate["event_0"]) - 0.02
    found = model.predict_survival_function(X, TIMES)
    assert np.abs(found - truth.survival_function(TIMES)).mean() < 0.05
    # Curves never cross: at every time the same order.
    order = model.predict(X).argsort()
    assert (np.diff(found[order], axis=0) <= 1e-12).all()


def everywhere(y, follow_up):
    """All times at which something happens in y, and just before."""
    times = np.unique([0.0, *y["duration"], *np.linspace(0, follow_up, 50)])
    times = np.concatenate([times, np.nextafter(times, 0)])
    return np.sort(times[(times >= 0) & (times <= follow_up)])


def contracts(n, n_causes=1):
    """Most of them end at month 12; some are entered late."""
    rng = np.random.default_rng(0)
    ends = np.where(rng.random(n) < 0.6, 12, rng.integers(1, 37, n))
    left = rng.integers(1, 41, n)
    event = (ends <= left) * np.where(ends == 12, 1, rng.integers(1, n_causes + 1, n))
    last = np.minimum(ends, left)
    entry = np.where(rng.random(n) < 0.3, np.minimum(2, last - 1), 0)
    return pd.DataFrame({"event": event, "duration": last, "entry": entry})


@pytest.mark.parametrize("interpolation", ["hazard", "density"])
@pytest.mark.parametrize("n_causes", [1, 2])
@pytest.mark.parametrize(
    "more", [{}, {"cuts": 3}, {"cuts": [5, 12, 30]}, {"horizons": (9, 24)}], ids=str
)
def test_boosting_without_a_split_is_the_estimate_at_every_time(interpolation, n_causes, more):
    y = contracts(300, n_causes)
    X = pd.DataFrame({"nothing": np.zeros(len(y))})
    model = RMTGBSurvival(
        n_rounds=1, early_stopping=False, random_state=0, interpolation=interpolation, **more
    ).fit(X, y)
    times, row = everywhere(y, model.follow_up_), X.iloc[:1]
    found = model.predict_survival_function(row, times)[0]
    assert_allclose(found, kaplan_meier(y)(times), atol=1e-5)
    assert_allclose(model.predict_survival_function(row)[0](times), found, rtol=1e-12)
    incidences = model.predict_cumulative_incidence(row, times)
    for cause, curve in aalen_johansen(y).items():
        assert_allclose(incidences[cause][0], curve(times), atol=1e-5)
    scored = score_frame(model, row, times=[11.0, 12.0])
    at_horizons = scored.filter(like="survival").to_numpy(dtype=float)
    assert_allclose(at_horizons[0], kaplan_meier(y)([11.0, 12.0]), atol=1e-5)


@pytest.mark.parametrize("head", ["hazard", "proportional_hazards"])
@pytest.mark.parametrize("interpolation", ["hazard", "density"])
def test_a_network_without_features_is_close_to_the_estimate_at_every_time(head, interpolation):
    y = contracts(300)
    X = pd.DataFrame({"nothing": np.zeros(len(y))})
    model = small(
        head=head, interpolation=interpolation, cuts=4, early_stopping=False, max_epochs=15
    ).fit(X, y)
    times = everywhere(y, model.follow_up_)
    found = model.predict_survival_function(X.iloc[:1], times)[0]
    assert_allclose(found, kaplan_meier(y)(times), atol=0.02)


def test_few_events_keep_their_incidence(engine):
    """Some bags train without one of them."""
    rng = np.random.default_rng(0)
    event = np.arange(600) < 3
    y = pd.DataFrame({"event": event, "duration": np.where(event, [*range(3), *[9] * 597], 9) + 1})
    X = pd.DataFrame({"x": rng.normal(size=600)})
    slowly = {"max_epochs": 2, "learning_rate": 1e-3} if "max_epochs" in engine.small else {}
    model = engine.make(n_bags=4, **slowly)
    incidence = 1 - model.fit(X, y).predict_survival_function(X, [9.0]).mean()
    assert incidence == pytest.approx(3 / 600, rel=0.3)


def test_boosting_without_a_split_is_the_estimate_exactly():
    """Also where rows of several events are missing, which share trees."""
    _, y = make_survival(300, kind="several", missing=0.3, censoring=0.3, random_state=0)
    model = RMTGBSurvival(cuts=6, n_rounds=5, early_stopping=False, random_state=0)
    model.fit(pd.DataFrame({"nothing": np.zeros(300)}), y)
    for name, cuts in model.unique_times_.items():
        seen = y[f"{name}_time"].notna()
        own = {"event": y[f"{name}_event"][seen], "duration": y[f"{name}_time"][seen]}
        curve = model.predict_survival_function(pd.DataFrame({"nothing": [0.0]}), cuts[:-1])
        assert_allclose(curve[name][0], kaplan_meier(own)(cuts[:-1]), atol=1e-6)


def test_late_entry_is_corrected_for(engine):
    """Rows enter at random; who failed before is not in the table."""
    _, _, truth = make_survival(3000, effect=0, censoring=0, random_state=0, return_truth=True)
    rng = np.random.default_rng(0)
    time, entry = truth.event_time["event_0"].to_numpy(), rng.uniform(0, 10, 3000)
    kept = time > entry
    y = pd.DataFrame({"event": 1, "duration": time[kept], "entry": entry[kept]})
    X = pd.DataFrame({"nothing": np.zeros(kept.sum())})
    model = engine.make().fit(X, y)
    found = model.predict_survival_function(X.iloc[:1], [5.0, 10.0])[0]
    assert_allclose(found, truth.survival_function([5.0, 10.0])[0], atol=0.04)
    naive = engine.make().fit(X, y.drop(columns="entry"))
    wrong = naive.predict_survival_function(X.iloc[:1], [5.0, 10.0])[0]
    assert (wrong > found + 0.1).all()


def test_censoring_weights_without_censoring_change_nothing(engine):
    X, y = make_survival(150, censoring=0, random_state=0)
    plain, weighted = (engine.make(censoring_weights=w).fit(X, y) for w in (False, True))
    np.testing.assert_array_equal(plain.predict(X), weighted.predict(X))


def test_censoring_weights_change_something_with_censoring(engine, single):
    X, y, model = single
    assert (engine.make(censoring_weights=True).fit(X, y).predict(X) != model.predict(X)).any()


def test_a_column_weighs_the_loss_like_sample_weight(engine, single):
    X, y, _ = single
    clicks = np.random.default_rng(0).integers(0, 3, len(X)).astype(float)
    X = X.assign(clicks=clicks)
    by_column = engine.make(weight_column="clicks").fit(X, y)
    by_hand = engine.make().fit(X, y, sample_weight=clicks)
    np.testing.assert_array_equal(by_column.predict(X), by_hand.predict(X))
    by_position = engine.make(weight_column=X.shape[1] - 1).fit(X, y)
    np.testing.assert_array_equal(by_position.predict(X), by_hand.predict(X))


def test_rows_are_predicted_by_themselves(several):
    X, _, model = several
    whole = model.predict_survival_function(X, TIMES)["event_1"]
    alone = model.predict_survival_function(X.iloc[[5]], TIMES)["event_1"]
    np.testing.assert_allclose(alone[0], whole[5], rtol=1e-6)


@pytest.mark.parametrize("kind", ["single", "competing", "several"])
def test_boosting_answers_no_rows_with_none(kind):
    X, y = make_survival(100, kind=kind, random_state=0)
    curves = ENGINES["boosting"].make().fit(X, y).predict_survival_function(X[:0], [1.0])
    for curve in curves.values() if isinstance(curves, dict) else [curves]:
        assert curve.shape == (0, 1)


def test_pickle_and_clone(competing):
    X, y, model = competing
    loaded = pickle.loads(pickle.dumps(model))
    pd.testing.assert_frame_equal(loaded.predict(X), model.predict(X))
    assert clone(model).get_params() == model.get_params()
    pd.testing.assert_frame_equal(clone(model).fit(X, y).predict(X), model.predict(X))


def test_long_data_are_scored_by_task_id(engine, single):
    X, y, _ = single
    X = X.assign(clinic=np.where(np.arange(len(X)) % 3, "north", "south"))
    model = engine.make(task_column="clinic").fit(X, y)
    assert model.score_tasks(X, y).index.tolist() == ["north", "south"]


@pytest.mark.parametrize("form", [structured, lambda y: y], ids=["structured", "frame"])
@pytest.mark.parametrize("scoring", [None, survival_scorer(), survival_scorer("auc")], ids=str)
def test_grid_search_over_a_pipeline(engine, single, form, scoring):
    X, y, _ = single
    pipeline = Pipeline([("scaler", StandardScaler()), ("model", engine.make())])
    search = GridSearchCV(
        pipeline, {"model__cuts": [4, 8]}, scoring=scoring, cv=2, error_score="raise"
    )
    search.fit(X, form(y))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(X).shape == (len(X),)


@pytest.mark.parametrize(
    "metric",
    [
        *("concordance", "concordance_ipcw", "concordance_td", "auc"),
        *("neg_integrated_brier_score", "neg_brier_score"),
    ],
)
@pytest.mark.parametrize("kind", ["single", "competing", "several"])
def test_scorers_of_every_kind(single, competing, several, metric, kind):
    X, y, model = {"single": single, "competing": competing, "several": several}[kind]
    low = -0.25 if metric.startswith("neg") else 0.5
    assert low < survival_scorer(metric)(model, X, y) < 1


def test_the_scorer_chooses_events_and_causes(competing, several):
    X, y, model = competing
    scores = [survival_scorer(cause=k)(model, X, y) for k in (1, 2)]
    assert survival_scorer()(model, X, y) == pytest.approx(np.mean(scores))
    X, y, model = several
    scores = [survival_scorer(event=name)(model, X, y) for name in model.event_names_]
    assert survival_scorer()(model, X, y) == pytest.approx(np.mean(scores))


def test_events_that_end_at_other_times_are_scored(engine, several):
    X, y, _ = several
    late = y.assign(event_1_time=y["event_1_time"] * 100)
    model = engine.make().fit(X, late)
    for metric in ("neg_integrated_brier_score", "neg_d_calibration"):
        scores = [survival_scorer(metric, event=e)(model, X, late) for e in model.event_names_]
        assert survival_scorer(metric)(model, X, late) == pytest.approx(np.mean(scores))


def test_the_brier_score_at_one_time(competing):
    X, y, model = competing
    found = survival_scorer("neg_brier_score", times=4.0, cause=2)(model, X, y)
    incidence = model.predict_cumulative_incidence(X, [4.0])[2]
    assert found == -brier_score(y, incidence, [4.0], cause=2)[0]


@pytest.mark.parametrize("kind", ["single", "competing", "several"])
def test_calibration_is_scored_at_the_own_time_of_each_row(single, competing, several, kind):
    X, y, model = {"single": single, "competing": competing, "several": several}[kind]
    expected = []
    for name, column in model.read_events(y).items():
        end = model.follow_up_[name] if kind == "several" else model.follow_up_
        rows = np.flatnonzero(column.notna())
        labels = column.array[rows]
        time = np.minimum(labels.time, end)
        curves = [
            model.predict_survival_function(X.iloc[[i]], {name: [at]})
            for i, at in zip(rows, time, strict=True)
        ]
        own = [(curve[name] if kind == "several" else curve).item() for curve in curves]
        seen = {"event": np.where(labels.time > end, 0, labels.event), "duration": time}
        expected.append(-d_calibration(seen, own).statistic)
    found = survival_scorer("neg_d_calibration")(model, X, y)
    assert found == pytest.approx(np.mean(expected))


def test_calibration_counts_rows_beyond_the_curves_as_censored(engine, single):
    X, y, _ = single
    model = engine.make(cuts=[1.0, 2.0, 4.0]).fit(X, y)
    ended = {"event": (y["duration"] <= 4) * y["event"], "duration": y["duration"].clip(upper=4)}
    scorer = survival_scorer("neg_d_calibration")
    assert scorer(model, X, y) == scorer(model, X, ended)


@pytest.mark.parametrize("kind", ["single", "competing", "several"])
def test_rows_of_time_0_are_scored(engine, kind):
    X, y = make_survival(120, kind=kind, random_state=0)
    times = [name for name in y if name == "duration" or name.endswith("_time")]
    y.loc[3, times] = 0.0
    model = engine.make().fit(X, y)
    assert 0 <= model.score(X, y) <= 1
    assert np.isfinite(model.score_tasks(X, y)).all()
    assert survival_scorer("concordance")(model, X, y) > 0
    if kind == "single":
        assert model.score(X, y) == concordance(y, model.predict(X))
        assert model.score(X, y.assign(entry=0.0)) == model.score(X, y)


def test_causes_that_fit_did_not_see_are_not_scored(single, competing):
    (X, y, model), (_, both, of_causes) = single, competing
    third = both.assign(event=both["event"].where(both.index > 0, 3))
    for fitted, strange, words in ((model, both, "event 2"), (of_causes, third, "event 3")):
        for score in (fitted.score, fitted.score_tasks, fitted.score_terms):
            with pytest.raises(ValueError, match=f"{words}, which was not seen in fit"):
                score(X, strange)
        for metric in ("auc", "neg_d_calibration"):
            with pytest.raises(ValueError, match=f"{words}, which was not seen in fit"):
                survival_scorer(metric)(fitted, X, strange)
    with pytest.raises(ValueError, match=r"no cause 2; there are \[1\]"):
        survival_scorer(cause=2)(model, X, y)
    assert survival_scorer(cause=1)(model, X, y) == survival_scorer()(model, X, y)


def test_the_scorer_takes_scikit_survivals_models(single):
    forests = pytest.importorskip("sksurv.ensemble")
    X, y, _ = single
    forest = forests.RandomSurvivalForest(5, random_state=0)
    scores = cross_val_score(forest, X, structured(y), scoring=survival_scorer(), cv=2)
    assert (scores > -0.25).all()
    calibration = survival_scorer("neg_d_calibration")
    assert (cross_val_score(forest, X, structured(y), scoring=calibration, cv=2) < 0).all()


def test_fixed_times_past_the_follow_up_of_a_fold(engine):
    X, y = make_survival(60, random_state=0)
    order = y["duration"].argsort()
    X, y = X.iloc[order], y.iloc[order]
    late = survival_scorer(times=[1.0, float(y["duration"].max()) - 0.1])
    first_half = [(np.arange(30), np.arange(30, 60))]
    with pytest.raises(ValueError, match="training rows of this fold were followed up to"):
        cross_val_score(engine.make(), X, y, scoring=late, cv=first_half, error_score="raise")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"metric": "r2"}, "Unknown metric"),
        ({"event": "x"}, "no event 'x'"),
        ({"cause": 3}, "no cause 3"),
        ({"times": []}, "times must be finite numbers"),
        ({"times": "x"}, "times must be finite numbers"),
        ({"times": [2.0, 1.0]}, "strictly increasing"),
        ({"times": [1.0]}, "at least two times"),
        ({"metric": "neg_d_calibration", "times": [1.0]}, "remove times and cause"),
        ({"metric": "neg_d_calibration", "cause": 1}, "remove times and cause"),
    ],
    ids=str,
)
def test_bad_scorers(competing, settings, words):
    X, y, model = competing
    with pytest.raises(ValueError, match=words):
        survival_scorer(**settings)(model, X, y)


def test_boosting_says_where_its_curves_come_from():
    X, y = make_survival(200, kind="several", missing=0.3, random_state=0)
    model = RMTGBSurvival(**BOOSTED | {"blocks": ("shared", "task")}).fit(X, y)
    *_, last = model.staged_predict(X)
    pd.testing.assert_frame_equal(last, model.predict(X))
    blocks, features = model.contributions(X), model.shap_values(X)
    assert set(blocks.columns.get_level_values("part")) == {"intercept", "shared", "task"}
    both = (each.T.groupby(level=["target", "score"]).sum() for each in (blocks, features))
    np.testing.assert_allclose(*both, atol=1e-9)


@pytest.mark.parametrize("mixed", [MultiTab(**SMALL), RMTGB(**BOOSTED)], ids=lambda m: str(m)[:6])
def test_survival_beside_other_kinds(mixed):
    X, y = make_survival(240, random_state=0)
    Y = pd.DataFrame(
        {
            "spend": 3 * X["x_0"] + 1,
            "died": y["event"].astype("Int64").mask(X.index % 5 == 0),
            "days": y["duration"].mask(X.index % 5 == 0),
            "large": X["x_1"] > 0,
        }
    )
    kinds = {"death": Survival(5, event="died", time="days")}
    model = mixed.set_params(tasks=kinds).fit(X, Y)
    assert model.task_kinds_ == {"spend": "regression", "death": "survival", "large": "binary"}
    assert model.predict(X).columns.tolist() == ["spend", "death", "large"]
    seen = Y["days"].notna()
    own = {"event": y["event"][seen], "duration": y["duration"][seen]}
    found = model.score_tasks(X, Y)["death"]
    assert found == concordance(own, model.predict(X)["death"][seen])
    assert make_multitask_scorer(task="death")(model, X, Y) == found
    # Tasks may be scored without the others.
    assert model.score_tasks(X, Y[["died", "days"]])["death"] == found
    at_once = Y.assign(days=Y["days"].where(Y.index != 1, 0.0))
    assert np.isfinite(model.score_tasks(X, at_once)["death"])
    of_death = partial(make_multitask_scorer(task="death"), model)
    for score in (model.score, model.score_tasks, of_death):
        with pytest.raises(ValueError, match="'death' has the event 2, which was not seen"):
            score(X, Y.assign(died=2 * Y["died"]))


class NumbersAsEvents(EventTargets):
    """Takes the numbers of scikit-learn's checks for times, the smallest ones for censored."""

    def read_events(self, y):
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        y = np.asarray(y)
        if y.dtype.kind == "f" and not np.isfinite(y).all():
            raise ValueError("Input y contains NaN or infinity")
        if y.ndim > 2 or y.dtype.kind == "c":
            raise ValueError("Complex data not supported, or bad input shape")
        values = pd.Series(y.ravel()).astype("category").cat.codes
        return pd.DataFrame({"event": pd.Series(EventTimes(values > 0, values + 1.0))})

    def events(self, y, tasks):
        return self.read_events(y)


class FromNumbers:
    def _targets(self):
        targets = super()._targets()
        settings = {field.name: getattr(targets, field.name) for field in fields(targets)}
        return NumbersAsEvents(**settings)


class NumbersToNetwork(FromNumbers, MultiTabSurvival):
    pass


class NumbersToBoosting(FromNumbers, RMTGBSurvival):
    pass


EXPECTED_FAILURES = {
    NumbersToNetwork: "rows of weight 2 are in one mini-batch",
    NumbersToBoosting: "which rows are held out depends on how many there are, not on weights",
}


def expected_failed_checks(estimator):
    reason = EXPECTED_FAILURES[type(estimator)]
    return {"check_sample_weight_equivalence_on_dense_data": reason}


@parametrize_with_checks(
    [NumbersToNetwork(**SMALL, cuts=3), NumbersToBoosting(**BOOSTED, cuts=3)],
    expected_failed_checks=expected_failed_checks,
)
def test_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_past_given_cuts_the_curves_end_and_not_the_follow_up(engine):
    X, y = make_survival(100, random_state=0)
    model = engine.make(cuts=[3, 7, 12]).fit(X, y)
    assert y["duration"].max() > 20
    with pytest.raises(ValueError, match=r"known up to 12 only, .* or the last cut"):
        model.predict_survival_function(X, [20.0])


def test_times_by_event(several):
    X, _, model = several
    short, long = sorted(model.event_names_, key=model.follow_up_.get)
    late = model.follow_up_[long]
    asked = {short: [1.0], long: [2.0, late]}
    for ask in (
        model.predict_survival_function,
        model.predict_cumulative_hazard_function,
        lambda X, times: {
            k: v[1] for k, v in model.predict_cumulative_incidence(X, times).items()
        },
    ):
        found = ask(X, asked)
        assert_allclose(found[short], ask(X, [1.0])[short])
        assert found[long].shape == (len(X), 2)
        assert_allclose(found[long][:, :1], ask(X, [2.0])[long])
        assert list(ask(X, {long: [late]})) == [long]
    areas = model.predict_rmst(X, {short: 1.0, long: late})
    assert_allclose(areas[short], model.predict_rmst(X, 1.0)[short])
    fine = np.linspace(0, late, 20_001)
    curves = model.predict_survival_function(X[:5], {long: fine})[long]
    assert_allclose(areas[long][:5], np.trapezoid(curves, fine), rtol=1e-4)


def test_errors_about_times_name_the_event(several):
    X, _, model = several
    short, long = sorted(model.event_names_, key=model.follow_up_.get)
    late = model.follow_up_[long]
    assert model.follow_up_[short] < late
    with pytest.raises(ValueError, match=f"times of event '{short}' reach"):
        model.predict_survival_function(X, [late])
    with pytest.raises(ValueError, match=f"horizon of event '{short}' reaches"):
        model.predict_rmst(X, late)
    with pytest.raises(ValueError, match=r"for the events \['relapse'\], not \['event_0'"):
        model.predict_survival_function(X, {"relapse": [1.0]})


def test_bad_questions(engine, single, several):
    X, y, model = single
    with pytest.raises(ValueError, match=r"times reach .* known up to"):
        model.predict_survival_function(X, [1e6])
    with pytest.raises(ValueError, match=r"horizon reaches .* known up to"):
        model.predict_rmst(X, 1e6)
    for horizon in ("a", [5.0], -1.0, np.nan):
        with pytest.raises(ValueError, match="horizon must be a number from 0"):
            model.predict_rmst(X, horizon)
    for times in ("a", 5.0, [np.nan]):
        with pytest.raises(ValueError, match="times must be numbers from 0"):
            model.predict_survival_function(X, times)
    with pytest.raises(ValueError, match="times must be numbers from 0"):
        model.predict_cumulative_incidence(X, [[1.0]])
    with pytest.raises(ValueError, match="the event 2, which was not seen in fit"):
        engine.make().fit(X, y, eval_set=(X, y.assign(event=2)))
