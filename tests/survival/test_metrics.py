"""Survival metrics: known answers, definitions written out, and scikit-survival's numbers."""

from __future__ import annotations

import time as clock
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from skmtl.datasets import make_survival
from skmtl.survival import (
    brier_score,
    censoring_distribution,
    concordance,
    concordance_incidence,
    concordance_ipcw,
    concordance_td,
    cumulative_dynamic_auc,
    d_calibration,
    integrated_brier_score,
)

TIMES = np.array([2.0, 4.0, 7.0, 9.0])


def draw(n=300, *, kind="single", decimals=None, seed=0):
    """Labels, risks with ties, and survival at TIMES that is somewhat wrong."""
    _, y, truth = make_survival(n, kind=kind, random_state=seed, return_truth=True)
    if decimals is not None:
        y["duration"] = y["duration"].round(decimals)
    risk = truth.log_rate.sum(axis=1).round(1).to_numpy()
    return y, risk, truth.survival_function(TIMES) ** 1.3


def pairs(y, risk, weight=None, other=None, cause=None):
    """Concordance by two loops."""
    event, time = np.asarray(y["event"]), np.asarray(y["duration"])
    failed = event > 0 if cause is None else event == cause
    weight = np.ones(len(time)) if weight is None else weight
    other = np.ones(len(time)) if other is None else other
    right = total = 0.0
    for i in np.flatnonzero(failed):
        for j in range(len(time)):
            if time[j] > time[i] or (time[j] == time[i] and not failed[j]):
                own = weight[i] * other[j]
                total += own
                right += own * ((risk[j] < risk[i]) + 0.5 * (risk[j] == risk[i]))
    return right / total if total else np.nan


@pytest.mark.parametrize(
    ("event", "time", "risk", "expected"),
    [
        ([1, 1, 1], [1, 2, 3], [3, 2, 1], 1.0),
        ([1, 1, 1], [1, 2, 3], [1, 2, 3], 0.0),
        ([1, 1, 1], [1, 2, 3], [1, 1, 1], 0.5),
        ([1, 0, 1], [1, 2, 3], [3, 9, 1], 0.5),
        ([1, 1], [1, 1], [1, 2], np.nan),
        ([1, 0], [1, 1], [2, 1], 1.0),
        ([0, 0], [1, 2], [2, 1], np.nan),
    ],
)
def test_concordance_known_answers(event, time, risk, expected):
    found = concordance({"event": event, "duration": time}, risk)
    assert found == pytest.approx(expected, nan_ok=True)


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(-2, 2), st.integers(0, 3)),
        min_size=2,
        max_size=40,
    )
)
@settings(max_examples=60, deadline=None)
def test_concordance_is_its_definition(rows):
    event, time, risk, weight = map(np.array, zip(*rows, strict=True))
    y = {"event": event, "duration": time + 0.5}  # times of 0 and 1 alone would look like events
    assert concordance(y, risk) == pytest.approx(pairs(y, risk), nan_ok=True)
    by_cause = concordance(y, risk, cause=2, sample_weight=weight)
    assert by_cause == pytest.approx(pairs(y, risk, weight, weight, 2), nan_ok=True)


def test_concordance_of_many_rows_is_quick():
    rng = np.random.default_rng(0)
    y = {"event": rng.integers(0, 2, 200_000), "duration": rng.exponential(size=200_000)}
    start = clock.process_time()
    assert concordance(y, rng.normal(size=200_000)) == pytest.approx(0.5, abs=0.01)
    assert clock.process_time() - start < 20  # pairs one by one would take hours


def test_uno_is_its_definition():
    y, risk, _ = draw(decimals=0)
    weight = 1 / np.maximum(censoring_distribution(y)(y["duration"]), 1e-9) ** 2
    early = y["duration"] < 9
    y["event"] = y["event"].where(early, 0)  # loops over early failures only
    found = concordance_ipcw(draw(decimals=0)[0], risk, tau=9.0)
    assert found == pytest.approx(pairs(y, risk, weight))


@pytest.mark.parametrize("decimals", [None, 0])
def test_concordance_of_incidences_is_its_definition(decimals):
    y, risk, _ = draw(120, kind="competing", decimals=decimals)
    y["duration"] = y["duration"].clip(lower=0.5)
    uncensored = censoring_distribution(y)
    event, time = y["event"].to_numpy(), y["duration"].to_numpy()
    right = total = 0.0
    for i in np.flatnonzero((event == 1) & (time < 9)):
        for j in range(len(time)):
            if time[j] > time[i] or (time[j] == time[i] and event[j] == 0):
                weight = 1 / (uncensored.before(time[i]) * uncensored(time[i]))
            elif event[j] == 2 and time[j] <= time[i]:
                weight = 1 / (uncensored.before(time[i]) * uncensored.before(time[j]))
            else:
                continue
            total += weight
            right += weight * ((risk[j] < risk[i]) + 0.5 * (risk[j] == risk[i]))
    found = concordance_incidence(y, risk, 1, tau=9.0)
    assert found == pytest.approx(right / total)


def test_concordance_of_incidences_ends_with_tau():
    """Failures of another cause after tau, or after the last one of the cause, do not matter."""
    y = {"event": [1, 2, 1, 0, 2, 1], "duration": [1.0, 2.0, 3.0, 4.0, 8.0, 9.0]}
    known = {"event": [1, 0, 0, 0], "duration": [1.0, 3.5, 4.0, 5.0]}  # all censored by 5
    risk = [5.0, 1.0, 4.0, 2.0, 0.0, 3.0]
    found = concordance_incidence(y, risk, 1, censoring=known, tau=4.0)
    shorter = y | {"event": [1, 2, 1, 0, 0, 0]}
    assert found == concordance_incidence(shorter, risk, 1, censoring=known)
    assert found == 1.0
    with pytest.raises(ValueError, match=r"is observed at the time 9.*\(tau, times\)"):
        concordance_incidence(y, risk, 1, censoring=known)


def test_scores_at_times_may_be_negative():
    y, risk, _ = draw()
    by_row = cumulative_dynamic_auc(y, risk - 10, TIMES)[0]
    by_time = np.tile(risk[:, None] - 10, len(TIMES))
    assert_allclose(cumulative_dynamic_auc(y, by_time, TIMES)[0], by_row)


@pytest.mark.parametrize("cause", [None, 1])
def test_without_censoring_the_weights_change_nothing(cause):
    _, y, truth = make_survival(
        200, kind="competing", censoring=0, random_state=0, return_truth=True
    )
    risk = truth.log_rate[1]
    assert concordance_ipcw(y, risk, cause=cause) == pytest.approx(
        concordance(y, risk, cause=cause)
    )
    survival = truth.survival_function(TIMES)
    plain = ((y["duration"].to_numpy()[:, None] > TIMES) - survival) ** 2
    assert_allclose(brier_score(y, survival, TIMES), plain.mean(axis=0))


def test_time_dependent_concordance_of_curves_that_do_not_cross_is_harrells():
    y, risk, _ = draw(100, decimals=1)
    times = np.unique(y["duration"])
    survival = np.exp(-np.outer(np.exp(risk), times))
    assert concordance_td(y, survival, times) == pytest.approx(concordance(y, risk))


def test_time_dependent_concordance_looks_at_the_time_of_the_event():
    y = {"event": [1, 1, 0], "duration": [1, 2, 3]}
    # The first row is lowest at 1, the second at 2 higher than the third.
    curves = [[0.2, 0.2], [0.5, 0.4], [0.9, 0.3]]
    assert concordance_td(y, curves, [1, 2]) == pytest.approx(2 / 3)


@pytest.mark.parametrize("cause", [None, 2])
@pytest.mark.parametrize("width", [0.01, 2.0])  # of time, so that few or many fail together
def test_time_dependent_concordance_is_its_definition(cause, width):
    rng = np.random.default_rng(0)
    y = make_survival(150, kind="competing", random_state=0)[1]
    time = np.ceil(y["duration"] / width).to_numpy() * width
    failed = (y["event"] > 0 if cause is None else y["event"] == cause).to_numpy()
    grid = np.array([1.0, 3.0, 8.0])
    curves = np.tile(np.sort(rng.random((75, 3)))[:, ::-1], (2, 1))  # each twice, for ties
    right = total = 0.0
    for i in np.flatnonzero(failed):
        at = [np.interp(time[i], [0, *grid], [1, *curve]) for curve in curves]
        for j in range(150):
            if time[j] > time[i] or (time[j] == time[i] and not failed[j]):
                total += 1
                right += (at[i] < at[j]) + 0.5 * (at[i] == at[j])
    found = concordance_td({"event": y["event"], "duration": time}, curves, grid, cause=cause)
    assert found == pytest.approx(right / total, abs=1e-12)


def test_brier_score_of_incidences_is_its_definition():
    y, _, _ = draw(kind="competing")
    incidence = np.random.default_rng(0).uniform(size=(len(y), len(TIMES)))
    uncensored = censoring_distribution(y)
    expected = []
    for j, time in enumerate(TIMES):
        errors = 0.0
        for i, (event, end) in enumerate(zip(y["event"], y["duration"], strict=True)):
            if end > time:
                errors += incidence[i, j] ** 2 / uncensored(time)
            elif event > 0:
                errors += ((event == 2) - incidence[i, j]) ** 2 / uncensored(end)
        expected.append(errors / len(y))
    assert_allclose(brier_score(y, incidence, TIMES, cause=2), expected)


@pytest.mark.parametrize("cause", [None, 1, 2])
def test_a_weight_is_a_number_of_rows(cause):
    rng = np.random.default_rng(0)
    y = make_survival(100, kind="competing", random_state=0)[1]
    y["duration"] = np.ceil(y["duration"])
    times, risk = [1.5, 3.0, 6.0], rng.normal(size=100).round(1)
    curves, weight = rng.uniform(0.2, 0.4, size=(100, 3)), rng.integers(0, 4, 100)
    rows = np.repeat(np.arange(100), weight)
    for values, metric in (
        (risk, concordance),
        (curves, partial(brier_score, times=times)),
        (curves, partial(integrated_brier_score, times=times)),
    ):
        weighted = metric(y, values, cause=cause, sample_weight=weight)
        repeated = metric(y.iloc[rows], values[rows], cause=cause)
        np.testing.assert_allclose(weighted, repeated, rtol=1e-9)


def test_true_incidences_have_a_lower_brier_score_than_wrong_ones():
    _, y, truth = make_survival(4000, kind="competing", random_state=0, return_truth=True)
    right = truth.cumulative_incidence(TIMES)
    for cause in (1, 2):
        scores = [
            integrated_brier_score(y, curves, TIMES, cause=cause)
            for curves in (right[cause], right[3 - cause], np.clip(right[cause] * 1.3, 0, 1))
        ]
        assert scores[0] == min(scores)


def test_auc_known_answer():
    y = {"event": [1, 1, 0, 0], "duration": [1, 2, 3, 4]}
    auc, mean = cumulative_dynamic_auc(y, [1.0, 4.0, 2.0, 1.0], [0.5, 1, 2.5])
    assert_allclose(auc, [np.nan, 0.5 / 3, 0.625])
    assert mean == pytest.approx((0.5 / 3 + 0.625) / 2)


def test_true_curves_are_calibrated_and_wrong_ones_are_not():
    _, y, truth = make_survival(2000, random_state=0, return_truth=True)
    survival = np.array([truth.at(X).survival_function([t])[0, 0] for X, t in _rows(y)])
    assert d_calibration(y, survival).p_value > 0.05
    assert d_calibration(y, survival**2).p_value < 1e-6
    assert d_calibration(y, survival).share.sum() == pytest.approx(1)


def _rows(y):
    X, _ = make_survival(2000, random_state=0)
    return ((X.iloc[[i]], t) for i, t in enumerate(y["duration"]))


def test_d_calibration_spreads_censored_rows():
    y = {"event": [0], "duration": [1.0]}
    assert_allclose(d_calibration(y, [0.4], n_bins=4).share, [0.625, 0.375, 0, 0])


@pytest.mark.parametrize("decimals", [None, 0])
def test_scikit_survival_agrees(decimals):
    sksurv = pytest.importorskip("sksurv.metrics")
    surv = pytest.importorskip("sksurv.util").Surv
    train, _, _ = draw(400, decimals=decimals, seed=1)
    y, risk, survival = draw(decimals=decimals)
    # Within the follow-up of both parts, as scikit-survival wants it.
    y["duration"] = y["duration"].clip(upper=train["duration"].max() - 1)
    own, known = (
        surv.from_arrays(part["event"].astype(bool), part["duration"]) for part in (y, train)
    )
    assert concordance(own, risk) == pytest.approx(
        sksurv.concordance_index_censored(own["event"], own["time"], risk)[0], abs=1e-9
    )
    assert concordance_ipcw(own, risk, censoring=known, tau=9.0) == pytest.approx(
        sksurv.concordance_index_ipcw(known, own, risk, tau=9.0)[0], abs=1e-9
    )
    assert_allclose(
        brier_score(own, survival, TIMES, censoring=known),
        sksurv.brier_score(known, own, survival, TIMES)[1],
        atol=1e-9,
    )
    assert integrated_brier_score(own, survival, TIMES, censoring=known) == pytest.approx(
        sksurv.integrated_brier_score(known, own, survival, TIMES), abs=1e-9
    )
    for scores in (risk, 1 - survival):
        auc, mean = cumulative_dynamic_auc(own, scores, TIMES, censoring=known)
        expected, expected_mean = sksurv.cumulative_dynamic_auc(known, own, scores, TIMES)
        assert_allclose(auc, expected, atol=1e-9)
        assert mean == pytest.approx(expected_mean, abs=1e-9)


GOOD = {"event": [1, 0, 1], "duration": [1.0, 2.0, 3.0]}
HALF = np.full((3, 2), 0.5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: concordance(GOOD, [1, 2]), r"risk must have the shape \(3,\)"),
        (lambda: concordance(GOOD, [1, 2, np.nan]), "risk has 1 missing"),
        (lambda: concordance(GOOD, [1, 2, 3], cause=0), "cause must be the number"),
        (
            lambda: concordance(GOOD, [1, 2, 3], sample_weight=[1, 2]),
            "sample_weight must have the shape",
        ),
        (lambda: concordance(GOOD, [1, 2, 3], sample_weight=[1, -1, 1]), "not negative"),
        (
            lambda: concordance({"event": [None], "duration": [None]}, [1.0]),
            "no observed label",
        ),
        (
            lambda: concordance_ipcw(GOOD, [1, 2, 3], censoring={"event": [0], "duration": [1.5]}),
            "all censored by the time 3",
        ),
        (lambda: brier_score(GOOD, HALF, [1, 2], cause=0), "cause must be the number"),
        (lambda: brier_score(GOOD, HALF, [1, 3]), "times reach 3, but .* up to 3 only"),
        (lambda: brier_score(GOOD, HALF, [2, 1]), "strictly increasing"),
        (lambda: brier_score(GOOD, HALF, [-1, 1]), "finite numbers from 0"),
        (lambda: brier_score(GOOD, HALF[:2], [1, 2]), r"survival must have the shape \(3, 2\)"),
        (lambda: brier_score(GOOD, HALF * 3, [1, 2]), "probabilities from 0 to 1"),
        (lambda: brier_score(GOOD, HALF * np.nan, [1, 2]), "6 missing values"),
        (
            lambda: brier_score(GOOD, HALF, [1, 2], censoring={"event": [0], "duration": [1.5]}),
            "all censored by the time 2",
        ),
        (lambda: integrated_brier_score(GOOD, HALF, [1]), "at least two times"),
        (lambda: cumulative_dynamic_auc(GOOD, [1, 2], [1, 2]), "risk must have the shape"),
        (lambda: cumulative_dynamic_auc(GOOD, [1, 2, 3], [5]), "times reach 5"),
        (lambda: concordance_td(GOOD, HALF, [2, 1]), "strictly increasing"),
        (lambda: concordance_td(GOOD, HALF[:, :0], []), "finite numbers from 0"),
        (lambda: d_calibration(GOOD, [0.5, 0.5, 1.5]), "must hold probabilities"),
        (lambda: d_calibration(GOOD, [0.5, 0.5, 0.5], n_bins=1), "n_bins must be"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
