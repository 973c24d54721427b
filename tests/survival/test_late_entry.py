"""Scores where rows enter late, or where follow-ups come in several rows."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from skmtl import RMTGBSurvival
from skmtl.metrics import make_multitask_scorer, score_model
from skmtl.survival import (
    SurvivalCalibrationDisplay,
    SurvivalCurvesDisplay,
    brier_score,
    concordance,
    concordance_incidence,
    concordance_ipcw,
    concordance_td,
    cumulative_dynamic_auc,
    d_calibration,
    integrated_brier_score,
    kaplan_meier,
    survival_scorer,
)
from skmtl.tasks import EventTimes, event_times

pyplot = pytest.importorskip("matplotlib.pyplot")

TIMES = np.array([1.5, 3.0, 4.5])


def truncated(n, *, first=0.0, seed=0):
    """Labels and log rates of those of n rows that had not failed when they would have entered."""
    rng = np.random.default_rng(seed)
    rate = rng.normal(size=n)
    event = 10 * (rng.exponential(size=n) / np.exp(rate)) ** (1 / 1.5)
    entry = rng.uniform(first, first + 12, n)
    end = entry + rng.exponential(25, n)
    late = event > entry
    labels = EventTimes(event <= end, np.minimum(event, end), entry)[late]
    return labels, rate[late]


def true_survival(rate, times):
    return np.exp(-np.exp(rate)[:, None] * (np.asarray(times) / 10) ** 1.5)


def without_entry(labels):
    return EventTimes(labels.event, labels.time)


def split(labels, cuts):
    """Each row in two where its cut lies within: the labels, and the row that each comes from."""
    inside = np.flatnonzero((labels.entry < cuts) & (cuts < labels.time))
    first = EventTimes(0 * inside, cuts[inside], labels.entry[inside])
    entry = labels.entry.copy()
    entry[inside] = cuts[inside]
    rest = EventTimes(labels.event, labels.time, entry)
    rows = np.concatenate([inside, np.arange(len(labels))])
    return EventTimes._concat_same_type([first, rest]), rows


@pytest.mark.parametrize("first", [0.0, 2.0])
def test_true_curves_beat_those_that_ignore_entry(first):
    labels, rate = truncated(6000, first=first)
    times = np.concatenate([[labels.entry.min()], np.linspace(first + 1, first + 11, 20)])
    right = true_survival(rate, times)
    ignoring = kaplan_meier(without_entry(labels))(times)
    wrong = np.tile(ignoring, (len(rate), 1))
    assert integrated_brier_score(labels, right, times) < integrated_brier_score(
        labels, wrong, times
    )
    # And those that are wrong by a factor.
    for power in (0.5, 0.8, 1.25, 2):
        assert integrated_brier_score(labels, right, times) < integrated_brier_score(
            labels, right**power, times
        )


def test_scores_under_late_entry_are_those_of_all_rows():
    """What only those say that had not failed before is what all would have said."""
    labels, rate = truncated(40_000)
    rng = np.random.default_rng(1)
    rate_of_all = rng.normal(size=40_000)
    event = 10 * (rng.exponential(size=40_000) / np.exp(rate_of_all)) ** (1 / 1.5)
    everybody = EventTimes(np.ones(40_000), event)
    times = [2.0, 5.0, 9.0]
    assert_allclose(
        brier_score(labels, true_survival(rate, times), times),
        brier_score(everybody, true_survival(rate_of_all, times), times),
        atol=0.01,
    )
    assert_allclose(
        cumulative_dynamic_auc(labels, rate, times)[0],
        cumulative_dynamic_auc(everybody, rate_of_all, times)[0],
        atol=0.02,
    )
    assert concordance_ipcw(labels, rate, tau=9.0) == pytest.approx(
        concordance_ipcw(everybody, rate_of_all, tau=9.0), abs=0.02
    )


def test_the_truth_is_calibrated_and_what_ignores_entry_is_not():
    labels, rate = truncated(3000)
    end, entry = (np.exp(-np.exp(rate) * (at / 10) ** 1.5) for at in (labels.time, labels.entry))
    assert d_calibration(labels, end, survival_at_entry=entry).p_value > 0.05
    assert d_calibration(without_entry(labels), end).p_value < 1e-6
    assert d_calibration(labels, end**2, survival_at_entry=entry**2).p_value < 1e-3
    assert d_calibration(labels, end**0.5, survival_at_entry=entry**0.5).p_value < 1e-3
    with pytest.raises(ValueError, match=r"rows of y entered late: .*Pass survival_at_entry"):
        d_calibration(labels, end)


def test_d_calibration_of_late_rows_by_hand():
    y = {"event": [1, 0], "duration": [3, 4], "entry": [0, 2]}
    found = d_calibration(y, [0.3, 0.2], n_bins=4, survival_at_entry=[1, 0.5])
    # In bin 0.25..0.5 the first row; the second one below 0.2 instead of below 0.5.
    assert_allclose(found.share, (np.array([0, 1, 0, 0]) + [1 - 0.5, -0.5, 0, 0] + 0.25) / 2)


ROWS = st.lists(
    st.tuples(
        st.integers(0, 2),  # event
        st.integers(1, 6),  # time
        st.integers(0, 5),  # entry
        st.integers(-2, 2),  # risk
        st.integers(0, 12),  # cut, in halves
        st.integers(1, 3),  # weight
    ),
    min_size=4,
    max_size=25,
)


def scores(labels, risk, weight):
    """All scores of curves with proportional hazards; the words of those that are refused."""
    hazard = np.exp(risk / 2)[:, None] / 8
    curves = np.exp(-hazard * TIMES)
    at_end = np.exp(-hazard[:, 0] * labels.time)
    at_entry = np.exp(-hazard[:, 0] * labels.entry)
    by_name = {
        "concordance": partial(concordance, labels, risk),
        "weighted": partial(concordance, labels, risk, sample_weight=weight, cause=1),
        "ipcw": partial(concordance_ipcw, labels, risk, tau=5.5),
        "incidence": partial(concordance_incidence, labels, risk, 1, tau=5.5),
        "td": partial(concordance_td, labels, curves, TIMES),
        "auc": lambda: np.array(cumulative_dynamic_auc(labels, risk, TIMES)[0]),
        "auc of curves": lambda: cumulative_dynamic_auc(labels, 1 - curves, TIMES, cause=1)[1],
        "brier": partial(brier_score, labels, curves, TIMES, sample_weight=weight),
        "brier of a cause": partial(brier_score, labels, (1 - curves) / 2, TIMES, cause=1),
        "calibration": lambda: d_calibration(labels, at_end, 4, survival_at_entry=at_entry).share,
        "p": lambda: d_calibration(labels, at_end, 4, survival_at_entry=at_entry).p_value,
    }
    found = {}
    for name, score in by_name.items():
        try:
            found[name] = score()
        except ValueError as error:
            found[name] = str(error)
    return found


@given(rows=ROWS)
@settings(max_examples=60, deadline=None)
def test_splitting_rows_changes_no_score(rows):
    event, time, entry, risk, cut, weight = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    labels = EventTimes(event, time, np.where(entry < time, entry, 0))
    parts, source = split(labels, cut / 2)
    whole = scores(labels, risk.astype(float), weight)
    in_parts = scores(parts, risk[source].astype(float), weight[source])
    for name, score in whole.items():
        if isinstance(score, str):
            assert in_parts[name] == score, name
        else:
            assert_allclose(in_parts[name], score, rtol=1e-9, atol=1e-12, err_msg=name)


@given(rows=ROWS)
@settings(max_examples=50, deadline=None)
def test_concordance_compares_with_the_rows_at_risk(rows):
    event, time, entry, risk, _, weight = (np.array(column) for column in zip(*rows, strict=True))
    entry = np.where(entry < time, entry, 0)
    right = total = 0.0
    for i in np.flatnonzero(event):
        for j in range(len(rows)):
            outlives = time[j] > time[i] or (time[j] == time[i] and not event[j])
            if outlives and (entry[j] < time[i]):
                total += weight[i] * weight[j]
                right += weight[i] * weight[j] * (np.sign(risk[i] - risk[j]) + 1) / 2
    found = concordance(EventTimes(event, time, entry), risk, sample_weight=weight)
    assert found == pytest.approx(right / total if total else np.nan, nan_ok=True)


def test_the_score_is_of_what_happens_after_the_first_entry():
    labels, rate = truncated(2000, first=5.0)
    start = labels.entry.min()
    times = np.array([start, 6.0, 8.0, 10.0])
    whole = true_survival(rate, times)
    given_start = whole / whole[:, :1]
    expected = brier_score(labels, given_start, times)
    assert_allclose(brier_score(labels, whole, times), expected)
    assert expected[0] == pytest.approx(0)
    words = r"first entry, at 5\.\d+, .* by 6, .* Let times start there"
    with pytest.raises(ValueError, match=words):
        brier_score(labels, whole[:, 1:], times[1:])
    with pytest.raises(ValueError, match=r"F\(t\) - F\(s\)"):
        brier_score(labels, 1 - whole, times, cause=1)
    assert_allclose(brier_score(labels, 1 - given_start, times, cause=1), expected)
    with pytest.raises(ValueError, match="observed at 1, one of the times; the first one enters"):
        brier_score(labels, whole, [1.0, 6.0, 8.0, 10.0])


def test_where_all_failed_before_others_entered_nothing_can_be_said():
    y = EventTimes([1, 1, 0, 1], [1, 4, 5, 6], [0, 2, 2, 3])
    with pytest.raises(
        ValueError, match=r"observed at the time 1 failed then, and others entered"
    ):
        brier_score(y, np.full((4, 1), 0.5), [3.5])
    with pytest.raises(ValueError, match=r"No row of y is observed at 1\.5"):
        cumulative_dynamic_auc(y, [4.0, 3, 2, 1], [1.5])


def test_the_weights_come_from_rows_that_enter_alike():
    labels, rate = truncated(500)
    plain = without_entry(labels)
    curves = true_survival(rate, TIMES)
    for y, known in ((labels, plain), (plain, labels)):
        with pytest.raises(ValueError, match=r"enter late either in y or .*Remove `censoring`"):
            brier_score(y, curves, TIMES, censoring=known)
        with pytest.raises(ValueError, match=r"enter late either"):
            concordance_ipcw(y, rate, censoring=known)
    parts, rows = split(labels, np.full(len(labels), 3.0))
    assert_allclose(
        brier_score(labels, curves, TIMES, censoring=parts), brier_score(labels, curves, TIMES)
    )
    assert_allclose(
        brier_score(parts, curves[rows], TIMES, censoring=labels),
        brier_score(labels, curves, TIMES),
    )


class Truth:
    """The true curves as a model of one event, of the kind that scikit-survival has."""

    unique_times_ = np.array([60.0])

    def __init__(self, power=1.0):
        self.power = power

    def predict_survival_function(self, X):
        return [
            lambda times, rate=rate: true_survival(np.array([rate]), times)[0] ** self.power
            for rate in X["rate"]
        ]


SCORERS = [
    *("neg_integrated_brier_score", "neg_brier_score", "concordance", "concordance_ipcw"),
    *("concordance_td", "auc", "neg_d_calibration"),
]


@pytest.mark.parametrize("first", [0.0, 3.0])
def test_scorers_prefer_the_truth(first):
    labels, rate = truncated(1500, first=first)
    X = pd.DataFrame({"rate": rate})
    y = pd.DataFrame({"event": labels.event, "duration": labels.time, "entry": labels.entry})
    for metric in ("neg_integrated_brier_score", "neg_brier_score", "neg_d_calibration"):
        score = survival_scorer(metric)
        assert score(Truth(), X, y) > max(score(Truth(power), X, y) for power in (0.6, 1.6))


@pytest.fixture(scope="module", params=["late", "from the start", "competing"])
def fitted(request):
    labels, rate = truncated(250)
    if request.param == "from the start":
        labels = without_entry(labels)
    event = labels.event
    if request.param == "competing":
        event = event * (1 + (np.arange(len(event)) % 3 == 0))
    X = pd.DataFrame({"rate": rate, "noise": np.random.default_rng(0).normal(size=len(rate))})
    y = pd.DataFrame(
        {"event": event, "duration": labels.time.round(1), "entry": labels.entry.round(1) - 0.05}
    )
    y["entry"] = y["entry"].clip(lower=0).where(labels.entry > 0, 0)
    model = RMTGBSurvival(n_bags=1, n_rounds=15, cuts=6, random_state=0)
    return X, y, model.fit(X, y)


def in_parts(X, y, cuts):
    labels, rows = split(event_times(y), cuts)
    frame = {"event": labels.event, "duration": labels.time, "entry": labels.entry}
    return X.iloc[rows].reset_index(drop=True), pd.DataFrame(frame)


@given(seed=st.integers(0, 2**32 - 1), decimals=st.integers(0, 2))
@settings(max_examples=2, deadline=None, suppress_health_check=[*HealthCheck])
def test_models_score_and_draw_split_rows_as_before(fitted, seed, decimals):
    X, y, model = fitted
    cuts = np.random.default_rng(seed).uniform(0, 15, len(y)).round(decimals)
    X_parts, y_parts = in_parts(X, y, cuts)
    assert model.score(X_parts, y_parts) == pytest.approx(model.score(X, y))
    assert_allclose(score_model(model, X_parts, y_parts), score_model(model, X, y))
    for metric in SCORERS:
        scorer = survival_scorer(metric)
        assert scorer(model, X_parts, y_parts) == pytest.approx(scorer(model, X, y)), metric
    assert make_multitask_scorer()(model, X_parts, y_parts) == pytest.approx(
        make_multitask_scorer()(model, X, y)
    )
    curves, parts = (
        SurvivalCurvesDisplay.from_estimator(model, *table)
        for table in ((X, y), (X_parts, y_parts))
    )
    for group, curve in curves.predicted.items():
        assert_allclose(parts.predicted[group], curve)
        assert_allclose(parts.observed[group](curves.times), curves.observed[group](curves.times))
    for cause in (None, 1):
        whole, parts = (
            SurvivalCalibrationDisplay.from_estimator(model, *table, 4.0, n_bins=3, cause=cause)
            for table in ((X, y), (X_parts, y_parts))
        )
        for what in ("predicted", "observed", "low", "high"):
            assert_allclose(getattr(parts, what), getattr(whole, what), rtol=1e-6)
    pyplot.close("all")


def test_pictures_of_the_truth_show_it():
    labels, rate = truncated(20_000)
    X = pd.DataFrame({"rate": rate})
    y = pd.DataFrame({"event": labels.event, "duration": labels.time, "entry": labels.entry})
    display = SurvivalCurvesDisplay.from_estimator(Truth(), X, y)
    for group, curve in display.predicted.items():
        within = (display.times > 1) & (display.times < 12)
        observed = display.observed[group](display.times)
        assert_allclose(curve[within], observed[within], atol=0.06, err_msg=group)
    display = SurvivalCalibrationDisplay.from_estimator(Truth(), X, y, 6.0)
    inside = (display.low <= display.predicted) & (display.predicted <= display.high)
    assert inside.mean() >= 0.8
    pyplot.close("all")
