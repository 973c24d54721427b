"""Competing causes with names: whatever is returned by cause has them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import skmtl
from skmtl import RMTGB, MultiTabSurvival, MultiTaskLinearSurvival, RMTGBSurvival
from skmtl.datasets import make_survival
from skmtl.export import to_onnx
from skmtl.metrics import task_scorers
from skmtl.survival import (
    IncidenceDisplay,
    SurvivalCalibrationDisplay,
    aalen_johansen,
    concordance,
    survival_scorer,
)
from skmtl.tasks import CompetingRisks, EventTimes

WORDS = {0: "censored", 1: "relapse", 2: "death"}
MODELS = {
    "network": MultiTabSurvival(
        cuts=3, n_bags=1, n_members=2, max_epochs=2, row_size=16, tower_size=16, random_state=0
    ),
    "boosting": RMTGBSurvival(cuts=3, n_bags=1, n_rounds=5, random_state=0),
    "linear": MultiTaskLinearSurvival(cuts=3, random_state=0),
}


def in_words(y, order=("censored", "relapse", "death")):
    return y.assign(event=pd.Categorical(y["event"].map(WORDS), order))


@pytest.fixture(scope="module")
def data():
    X, y = make_survival(240, kind="competing", random_state=0)
    return X, pd.DataFrame(y)


@pytest.fixture(scope="module")
def model(data):
    X, y = data
    return clone(MODELS["boosting"]).fit(X, in_words(y))


@pytest.mark.parametrize("engine", MODELS)
def test_names_change_nothing_but_the_keys(engine, data):
    X, y = data
    numbered = clone(MODELS[engine]).fit(X, y)
    named = clone(MODELS[engine]).fit(X, in_words(y))
    for given in (None, 1.0):
        by_number = numbered.predict_cumulative_incidence(X, [2.0], given=given)
        by_name = named.predict_cumulative_incidence(X, [2.0], given=given)
        assert (list(by_number), list(by_name)) == ([1, 2], ["relapse", "death"])
        np.testing.assert_array_equal(by_name["relapse"], by_number[1])
        np.testing.assert_array_equal(by_name["death"], by_number[2])
    assert named.predict(X).columns.tolist() == ["relapse", "death"]
    assert list(named.score_tasks(X, in_words(y)).index) == ["relapse", "death"]
    assert named.score(X, in_words(y)) == numbered.score(X, y)


def test_other_orders_and_plain_text_are_the_same_labels(data, model):
    X, y = data
    expected = model.score_tasks(X, in_words(y))
    for labels in (
        in_words(y, ["death", "censored", "relapse"]),
        y.assign(event=y["event"].map(WORDS)),  # of text, "death" would be the first
    ):
        pd.testing.assert_series_equal(model.score_tasks(X, labels), expected)
        scorer = survival_scorer("auc", cause="death")
        assert scorer(model, X, labels) == scorer(model, X, in_words(y))
    text = clone(MODELS["boosting"]).fit(X, y.assign(event=y["event"].map(WORDS)))
    assert list(text.predict_cumulative_incidence(X, [2.0])) == ["death", "relapse"]


def test_some_rows_may_have_one_cause_only(data, model):
    X, y = data
    rows = y["event"] == 2  # not even one that is censored
    labels = y[rows].assign(event=y["event"][rows].map(WORDS))  # its only cause is "death"
    scores = model.score_tasks(X[rows], labels)
    risk = model.predict(X[rows])["death"]
    assert scores["death"] == concordance(y[rows], risk, cause=2)


def test_unknown_causes_and_words_are_refused(data, model):
    X, y = data
    other = y.assign(event=y["event"].map({**WORDS, 2: "transplant"}))
    with pytest.raises(ValueError, match="'transplant', which was not seen in fit; known are"):
        model.score(X, other)
    with pytest.raises(ValueError, match="none is called 'censored'"):
        clone(model).fit(X, y.assign(event=y["event"].map({**WORDS, 0: "alive"})))
    with pytest.raises(ValueError, match=r"has no event 'gone'.*remove_unused_categories"):
        clone(model).fit(X, in_words(y, [*WORDS.values(), "gone"]))
    for cause in ("gone", 1):
        with pytest.raises(ValueError, match=f"There is no cause {cause!r}"):
            survival_scorer("auc", cause=cause)(model, X, in_words(y))
    with pytest.raises(ValueError, match=r"cause must be one of \['relapse', 'death'\]"):
        concordance(in_words(y), np.ones(len(y)), cause=1)
    with pytest.raises(ValueError, match=r"the event 1, .* Use the words or the numbers of fit"):
        model.score(X, y)
    numbered = clone(MODELS["boosting"]).fit(X, y)
    with pytest.raises(ValueError, match="'relapse', which was not seen in fit"):
        numbered.score(X, in_words(y))


@pytest.mark.parametrize("word", ["Censored", "censored ", "Death", "", " ", "0", "3.5"])
def test_other_spellings_are_refused(word, data):
    X, y = data
    events = y["event"].map(WORDS)
    events.iloc[3] = word
    with pytest.raises(ValueError, match=r"another spelling|beside words"):
        clone(MODELS["boosting"]).fit(X, y.assign(event=events))
    with pytest.raises(ValueError, match=r"another spelling|beside words"):
        aalen_johansen(y.assign(event=events.astype("category")))


@pytest.mark.parametrize("word", ["alive", "None", "no event"])
def test_usual_words_for_no_event_are_warned_of(word, data):
    events = data[1]["event"].map(WORDS).replace("relapse", word)
    with pytest.warns(UserWarning, match=f"'{word}' beside 'censored'.* taken for a cause"):
        aalen_johansen(data[1].assign(event=events))


def test_the_summary_lists_the_causes(model):
    assert model.summary().tasks.loc["event", "classes"] == "relapse, death"


def test_a_single_event_may_be_a_word(data):
    X, y = data
    died = y.assign(event=(y["event"] == 2).astype(int))
    word = died.assign(event=died["event"].map({0: "censored", 1: "death"}))
    numbered, named = (clone(MODELS["boosting"]).fit(X, labels) for labels in (died, word))
    np.testing.assert_array_equal(numbered.predict(X), named.predict(X))
    assert numbered.score(X, word) == named.score(X, died)


@pytest.mark.parametrize("where", ["file", "wide", "terms"])
def test_names_are_kept(where, data, model, tmp_path):
    X, y = data
    labels, named = in_words(y), model
    if where == "file":
        model.save(tmp_path / "model.skmtl")
        named = skmtl.load(tmp_path / "model.skmtl")
    elif where == "wide":
        labels = pd.DataFrame(
            {"end": labels["event"], "days": y["duration"], "size": X.iloc[:, 0]}
        )
        tasks = {"exit": CompetingRisks(cuts=3, event="end", time="days")}
        named = RMTGB(tasks=tasks, n_bags=1, n_rounds=5, random_state=0).fit(X, labels)
    else:
        named = clone(MODELS["boosting"]).set_params(cuts=2, horizons=(2.0, 5.0)).fit(X, labels)
    if where != "wide":
        assert list(named.predict_cumulative_incidence(X, [2.0])) == ["relapse", "death"]
    event = "exit" if where == "wide" else "event"
    scored = skmtl.score_frame(named, X, times=[1.5])
    assert {f"{event}_risk_relapse", f"{event}_incidence_death_1.5"} <= set(scored)
    assert set(task_scorers()(named, X, labels)) >= ({"exit"} if where == "wide" else {"death"})


def test_estimates_and_pictures_have_names(data, model):
    X, y = data
    pytest.importorskip("matplotlib")
    labels = in_words(y)
    curves, numbered = aalen_johansen(labels), aalen_johansen(y)
    assert list(curves) == ["relapse", "death"]
    assert curves["death"](2.0) == numbered[2](2.0)
    calibration = SurvivalCalibrationDisplay.from_estimator(model, X, labels, 2.0, cause="death")
    assert calibration.ax_.get_xlabel() == "Predicted incidence of death at 2"
    assert list(IncidenceDisplay.from_estimator(model, X).incidence) == ["relapse", "death"]


def test_a_column_of_labels_keeps_names(data):
    labels = pd.Series(EventTimes([1, 0, 2], [3.0, 4.0, 5.0], causes=["relapse", "death"]))
    assert repr(labels).splitlines()[0].split() == ["0", "3:relapse"]
    for same in (labels[1:], pd.concat([labels, labels]), labels.copy(), labels.reindex([2, 9])):
        assert same.dtype.causes == ("relapse", "death")
    assert labels.dtype != pd.Series(EventTimes([1], [3.0])).dtype
    assert labels.array.only("death").event.tolist() == [0, 0, 1]


def test_onnx_says_the_names(model):
    pytest.importorskip("onnx")
    facts = {fact.key: fact.value for fact in to_onnx(model).metadata_props}
    about = {output["name"]: output for output in json.loads(facts["outputs"])}
    assert about["event_incidence"]["causes"] == ["relapse", "death"]
