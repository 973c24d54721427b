"""Hazard kinds, compared with Kaplan-Meier, Aalen-Johansen and a naive likelihood."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose

from skmtl.datasets import make_survival
from skmtl.tasks import CompetingRisks, EventTimes, Survival

CUTS = [1, 4, 20, [1.0, 3.0, 5.0, 9.0]]


def draw(n_causes, n, *, late=False, decimals=None):
    """Create labels and weights, with censoring after the last event."""
    rng = np.random.default_rng(n_causes)
    kind = "single" if n_causes == 1 else "competing"
    shapes = [0.7, 1.5, 3.0][:n_causes]
    _, y = make_survival(n, kind=kind, n_events=n_causes, shape=shapes, random_state=1)
    time = y["duration"].to_numpy()
    if decimals is not None:
        time = np.maximum(np.round(time, decimals), 0.1)
    event = y["event"].to_numpy(copy=True)
    event[time >= time.max()] = 0
    entry = np.where(rng.random(n) < 0.5, time * rng.random(n) / 2, 0.0) if late else None
    return EventTimes(event, time, entry), rng.integers(1, 4, n).astype(float)


def naive_curves(labels, weight, at):
    """Return Kaplan-Meier survival and Aalen-Johansen incidences at one time, by definition."""
    alive, incidence = 1.0, np.zeros(labels.event.max())
    for time in np.unique(labels.time[labels.event > 0]):
        if time > at:
            break
        at_risk = weight[(labels.time >= time) & (labels.entry < time)].sum()
        for cause in range(1, len(incidence) + 1):
            failed = weight[(labels.time == time) & (labels.event == cause)].sum()
            incidence[cause - 1] += alive * failed / at_risk
        failed = weight[(labels.time == time) & (labels.event > 0)].sum()
        alive *= 1 - failed / at_risk
    return alive, incidence


def fit(labels, weight, cuts):
    kind = Survival(cuts) if labels.event.max() == 1 else CompetingRisks(cuts)
    column = pd.Series(labels)
    head = kind.fit(column, task="death", weight=weight)
    return head, head.encode(column)


@pytest.mark.parametrize("n_causes", [1, 2, 3])
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("decimals", [None, 0])
@pytest.mark.parametrize("cuts", CUTS, ids=str)
def test_the_best_constant_is_kaplan_meier_and_aalen_johansen_at_the_cuts(
    n_causes, late, decimals, cuts
):
    labels, weight = draw(n_causes, 150, late=late, decimals=decimals)
    head, target = fit(labels, weight, cuts)
    curves = head.curves(head.initial_scores(target, weight)[None])
    edges = head.grid_.edges[1:]
    expected = [naive_curves(labels, weight, at) for at in edges]
    assert_allclose(curves.survival(edges)[0], [alive for alive, _ in expected], atol=1e-12)
    # A cause without an event in a bin has a share of one in a million there.
    assert_allclose(curves.incidence(edges)[0], [each for _, each in expected], atol=2e-6)


def person_period(scores, labels, cuts):
    """Return the negative log-likelihood of a row with times at the cuts, by a loop over bins."""
    loss = 0.0
    for b, cut in enumerate(cuts):
        odds = np.exp(scores[b])
        if cut <= labels.entry[0] or cut > labels.time[0]:
            continue
        happened = labels.event[0] > 0 and cut == labels.time[0]
        chosen = odds[labels.event[0] - 1] if happened else 1.0
        loss -= np.log(chosen / (1 + odds.sum()))
    return loss


@pytest.mark.parametrize("n_causes", [1, 2])
def test_the_loss_is_the_person_period_likelihood(n_causes):
    rng = np.random.default_rng(0)
    cuts = [1.0, 2.0, 3.0, 4.0]
    labels = EventTimes(
        rng.integers(n_causes + 1, size=200),
        rng.integers(2, 6, size=200),
        rng.integers(0, 2, size=200),
    )
    head, target = fit(labels, np.ones(200), cuts)
    scores = rng.normal(size=(200, head.n_scores))
    found = head.loss(torch.tensor(scores), torch.tensor(target)).numpy()
    by_bin = scores.reshape(200, len(cuts), n_causes)
    expected = [person_period(by_bin[i], labels[[i]], cuts) for i in range(200)]
    assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("interpolation", ["hazard", "density"])
@pytest.mark.parametrize("n_causes", [1, 3])
def test_incidences_and_survival_sum_to_one_and_are_monotone(interpolation, n_causes):
    labels, _ = draw(n_causes, 150)
    kind = Survival if n_causes == 1 else CompetingRisks
    head = kind(7, interpolation=interpolation).fit(pd.Series(labels), task="death")
    scores = np.random.default_rng(0).normal(size=(40, head.n_scores))
    times = np.linspace(0, head.grid_.horizon, 301)
    curves = head.curves(scores)
    survival, incidence = curves.survival(times), curves.incidence(times)
    assert_allclose(survival + incidence.sum(axis=2), 1.0, atol=1e-12)
    assert_allclose(survival[:, 0], 1.0)
    assert (np.diff(survival, axis=1) <= 1e-12).all()
    assert (np.diff(incidence, axis=1) >= -1e-12).all()
    assert_allclose(np.exp(-curves.cumulative_hazard(times)), survival, rtol=1e-9, atol=1e-12)
    # Curves are constant between the jumps.
    jumps = curves.jumps[curves.jumps < head.grid_.horizon]
    assert_allclose(curves.survival(np.nextafter(jumps, 0))[:, 1:], curves.survival(jumps)[:, :-1])


def one_row(interpolation="hazard"):
    """Hazards 1/2 in (0, 2], 3/4 in (2, 4]; followed up to 6.

    Of five rows, one fails at each of 1, 2, 3 and 4, and Kaplan-Meier falls by 1/5 each time.
    """
    labels = pd.Series(EventTimes([1, 1, 1, 1, 0], [1.0, 2.0, 3.0, 4.0, 6.0]))
    head = Survival([2, 4], interpolation=interpolation).fit(labels, task="death")
    return head.curves(np.log([[1.0, 3.0]]))


def test_curves_known_answers():
    curves = one_row()
    first = 0.5 ** (np.log(4 / 5) / np.log(3 / 5))
    third = 0.5 * 0.25 ** (np.log(2 / 3) / np.log(1 / 3))
    expected = [1, 1, first, first, 0.5, third, 0.125, 0.125]
    assert_allclose(curves.survival([0, 0.9, 1, 1.9, 2, 3.5, 4, 6])[0], expected)
    assert_allclose(one_row("density").survival([1, 2.5, 3])[0], [0.75, 0.5, 0.3125])
    assert_allclose(curves.risk(), [[(0.5 + 0.875) / 2]])


def test_quantiles_known_answers():
    assert one_row().quantile(0.5).tolist() == [2.0]
    assert one_row().quantile(0.3).tolist() == [3.0]  # .5 * .25 ** .369 is .2998
    assert one_row("density").quantile(0.3).tolist() == [4.0]
    assert one_row("density").quantile(0.3125).tolist() == [3.0]
    assert one_row().quantile(0.1).tolist() == [np.inf]


@pytest.mark.parametrize("interpolation", ["hazard", "density"])
@pytest.mark.parametrize("horizon", [1.0, 2.0, 3.3, 6.0])
def test_the_restricted_mean_is_the_area_under_the_curve(interpolation, horizon):
    curves = one_row(interpolation)
    starts = np.array([0.0, 1, 2, 3, 4])
    widths = np.diff(np.minimum([*starts, 6], horizon))
    area = curves.survival(starts)[0] @ widths
    assert curves.restricted_mean(horizon) == pytest.approx([area])


def test_times_beyond_the_follow_up_are_refused():
    with pytest.raises(ValueError, match=r"times reach 7, but .* known up to 6 only"):
        one_row().survival([1.0, 7.0])
    with pytest.raises(ValueError, match="numbers from 0"):
        one_row().survival([-1.0])


def test_a_given_last_cut_ends_what_is_known():
    labels = pd.Series(EventTimes([1, 1, 1], [1.0, 2.0, 9.0]))
    head = Survival([1, 3]).fit(labels, task="death")
    assert head.grid_.horizon == 3
    target = head.encode(labels)
    assert target[:, 4].tolist() == [1, 1, 0]  # the event at 9 is not seen


def test_quantile_cuts_hold_as_many_events_each():
    labels, _ = draw(1, 600)
    head, target = fit(labels, np.ones(600), 6)
    counts = np.bincount(target[target[:, 4] > 0, 2].astype(int))
    assert counts.max() - counts.min() <= 1
    assert head.grid_.edges[-1] == labels.time[labels.event > 0].max()


@pytest.mark.parametrize(("n_events", "n_bins"), [(9, 5), (150, 12), (900, 20)])
def test_bins_grow_with_the_root_of_the_number_of_events(n_events, n_bins):
    labels = pd.Series(EventTimes(np.ones(n_events), np.arange(1.0, n_events + 1)))
    assert Survival().fit(labels, task="death").grid_.n_bins == n_bins


def test_the_grid_begins_when_the_first_row_was_watched():
    labels = pd.Series(EventTimes([1, 1, 0], [5.0, 6.0, 8.0], [3.0, 4.0, 3.0]))
    head = Survival(2).fit(labels, task="death")
    assert head.grid_.edges.tolist() == [3.0, 5.0, 6.0]
    assert head.curves(np.zeros((1, 2))).survival([2.0, 3.0, 5.0])[0].tolist() == [1, 1, 0.5]


@pytest.mark.parametrize("n_causes", [1, 2])
def test_event_times_that_fit_did_not_see_have_a_finite_loss(n_causes):
    labels, weight = draw(n_causes, 60)
    head, _ = fit(labels, weight, [1.0, 3.0, 5.0, 9.0])
    events = np.tile(np.arange(1, n_causes + 1), 50)
    other = EventTimes(events, np.random.default_rng(1).uniform(0, 20, len(events)))
    target = head.encode(pd.Series(other))
    loss = head.loss(torch.zeros(len(events), head.n_scores), torch.tensor(target).float())
    assert torch.isfinite(loss).all()
    gradient, hessian = head.gradient_hessian(np.zeros((len(events), head.n_scores)), target)
    assert np.isfinite(gradient).all() and (hessian > 0).all()


def test_events_at_time_zero_belong_to_the_first_bin():
    labels = pd.Series(EventTimes([1, 1, 0, 0], [0.0, 2.0, 2.0, 3.0]))
    head = Survival(1).fit(labels, task="death")
    target = head.encode(labels)
    survival = head.curves(head.initial_scores(target, np.ones(4))[None]).survival([2.0])
    assert_allclose(survival, [[0.75 * 2 / 3]])


def test_censoring_weights_change_nothing_without_censoring():
    labels = pd.Series(EventTimes(np.ones(30, int), np.arange(1.0, 31.0)))
    plain, weighted = (
        Survival(5, censoring_weights=weights).fit(labels, task="death")
        for weights in (False, True)
    )
    scores = np.random.default_rng(0).normal(size=(30, 5))
    for one, other in zip(
        plain.gradient_hessian(scores, plain.encode(labels)),
        weighted.gradient_hessian(scores, weighted.encode(labels)),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_censoring_weights_are_the_inverse_of_the_uncensored_share():
    # One of four left at 1.5, one of the three others at 2.5.
    labels = pd.Series(EventTimes([1, 0, 1, 0, 1], [1.0, 1.5, 2.0, 2.5, 3.0]))
    head = Survival([1, 2, 3], censoring_weights=True).fit(labels, task="death")
    assert_allclose(head.bin_weight_, [1, 1, 4 / 3])


def test_who_is_censored_at_a_cut_is_not_in_the_next_bin_but_outlived_the_events():
    # At 1 one of four is censored. The event comes first, so three rows are at risk of censoring.
    labels = pd.Series(EventTimes([1, 0, 1, 0, 1], [1.0, 1.0, 2.0, 2.0, 3.0]))
    head = Survival([1, 2, 3], censoring_weights=True).fit(labels, task="death")
    assert_allclose(head.bin_weight_, [1, 4 / 3, 8 / 3])


@pytest.mark.parametrize("n_causes", [1, 2])
def test_a_missing_label_is_encoded_as_zeros(n_causes):
    labels, weight = draw(n_causes, 50)
    head, _ = fit(labels, weight, 3)
    column = pd.Series(EventTimes([0, 1], [np.nan, 2.0]))
    target = head.encode(column)
    assert (target[0] == 0).all() and (target[1] != 0).any()


def test_constant_curves_come_close_to_the_truth():
    _, y, truth = make_survival(20_000, effect=0, random_state=0, return_truth=True)
    labels = EventTimes(y["event"], y["duration"])
    head, target = fit(labels, np.ones(len(labels)), 20)
    curves = head.curves(head.initial_scores(target, np.ones(len(labels)))[None])
    times = np.linspace(0, 15, 40)
    assert_allclose(curves.survival(times)[0], truth.survival_function(times)[0], atol=0.012)
