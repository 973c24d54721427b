"""Curves at all times agree with Kaplan-Meier and Aalen-Johansen, also between the cuts."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from skmtl.survival import aalen_johansen, kaplan_meier
from skmtl.tasks import CompetingRisks, Curves, EventTimes, ProportionalHazards, Survival

# Bins without events, bins in which all rows fail and unseen causes have an error of 1e-6.
CLOSE = 1e-5


@st.composite
def tables(draw):
    """Create labels with ties, frequent times and late entry, some with competing causes."""
    n = draw(st.integers(4, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    time = rng.exponential(8, n) + 1e-3
    if draw(st.booleans()):
        time = np.ceil(time)
    heavy = draw(st.sampled_from([0.0, 0.5, 0.9]))
    time = np.where(rng.random(n) < heavy, 12.0, time)
    event = np.where(rng.random(n) < draw(st.sampled_from([0.3, 0.8, 1.0])), 1, 0)
    event[0] = 1
    n_causes = draw(st.integers(1, 3))
    if n_causes > 1:
        event *= rng.integers(1, n_causes + 1, n)
        event[:n_causes] = np.arange(1, n_causes + 1)
    entry = np.zeros(n)
    if draw(st.booleans()):
        late = np.floor(time * rng.random(n))
        entry = np.where(late < time, late, 0.0)
    weight = rng.integers(1, 4, n) if draw(st.booleans()) else np.ones(n)
    labels = pd.DataFrame({"event": event, "duration": time, "entry": entry})
    return labels, weight.astype(float)


def cuts_of(draw, labels):
    chosen = draw(st.sampled_from(["auto", 1, 2, 5, 40, "given"]))
    if chosen != "given":
        return chosen
    first, last = labels["duration"][labels["event"] > 0].min(), labels["duration"].max()
    return sorted({*np.linspace(first, last, draw(st.integers(2, 7))).tolist(), first, last})


def fitted(kind, labels, weight, score=0.0):
    column = pd.Series(EventTimes(labels["event"], labels["duration"], labels["entry"]))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Task 'death' has a time", UserWarning)
        head = kind.fit(column, task="death", weight=weight)
    target = head.encode(column)
    constant = head.initial_scores(target, weight) + score
    if isinstance(head, ProportionalHazards):
        head.finish(np.tile(constant, (len(target), 1)), target, weight)
    return head, head.curves(constant[None])


@settings(max_examples=60, deadline=None)
@given(st.data(), tables(), st.sampled_from(["hazard", "density"]))
def test_equal_rows_have_the_nonparametric_curves_everywhere(data, table, interpolation):
    labels, weight = table
    several = labels["event"].max() > 1
    kind = (
        CompetingRisks if several else data.draw(st.sampled_from([Survival, ProportionalHazards]))
    )
    cuts = cuts_of(data.draw, labels)
    score = 0.4 if kind is ProportionalHazards else 0.0  # the baseline takes it up
    _, curves = fitted(kind(cuts, interpolation=interpolation), labels, weight, score)

    alive = kaplan_meier(labels, weight)
    times = np.unique([0.0, *labels["duration"], *np.linspace(0, curves.horizon, 40)])
    times = np.concatenate([times, np.nextafter(times, 0)])
    times = times[times <= curves.horizon]
    assert_allclose(curves.survival(times)[0], alive(times), atol=CLOSE)
    for cause, expected in aalen_johansen(labels, weight).items():
        assert_allclose(curves.incidence(times)[0, :, cause - 1], expected(times), atol=CLOSE)

    halved = alive.x[alive.y <= 0.5 + 1e-9]
    assert curves.quantile(0.5).tolist() == [halved[0] if len(halved) else np.inf]
    starts = np.unique([0.0, *alive.x[alive.x < curves.horizon]])
    area = alive(starts) @ np.diff(starts, append=curves.horizon)
    assert_allclose(curves.restricted_mean(curves.horizon), area, atol=CLOSE * curves.horizon)


@settings(max_examples=40, deadline=None)
@given(st.data(), tables(), st.sampled_from(["hazard", "density"]))
def test_any_scores_give_curves(data, table, interpolation):
    labels, weight = table
    kind = Survival if labels["event"].max() == 1 else CompetingRisks
    cuts = cuts_of(data.draw, labels)
    head, _ = fitted(kind(cuts, interpolation=interpolation), labels, weight)
    scores = np.random.default_rng(0).normal(scale=5, size=(7, head.n_scores))
    curves = head.curves(scores)
    times = np.unique([*np.linspace(0, curves.horizon, 50), *curves.jumps])
    survival, incidence = curves.survival(times), curves.incidence(times)
    assert_allclose(survival + incidence.sum(axis=2), 1, atol=1e-12)
    assert (np.diff(survival, axis=1) <= 1e-12).all()
    assert (np.diff(incidence, axis=1) >= -1e-12).all()
    assert_allclose(curves.survival(curves.edges)[:, 1:], curves.at_cuts()[:, 1:], atol=1e-12)
    for row, halved in enumerate(curves.quantile(0.5)):
        if np.isfinite(halved):
            assert curves.survival([halved])[row, 0] <= 0.5 + 1e-6
            earlier = times[times < halved]
            assert (curves.survival(earlier)[row] > 0.5).all()
        else:
            assert (survival[row] > 0.5).all()


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 30))
def test_as_many_cuts_as_wanted_however_heavy_some_times_are(data, wanted):
    mass = np.array(data.draw(st.lists(st.integers(1, 200), min_size=1, max_size=40)))
    time = np.repeat(np.arange(1.0, len(mass) + 1), mass)
    labels = pd.Series(EventTimes(np.ones(len(time), int), time))
    cuts = Survival(wanted).fit(labels, task="death").grid_.edges[1:]
    assert len(cuts) == min(wanted, len(mass))
    assert cuts[-1] == len(mass)
    # Apart from its most frequent time, no bin has more events than the average bin.
    bins = np.searchsorted(cuts, np.arange(1, len(mass) + 1))
    heaviest = np.array([mass[bins == b].max() for b in range(len(cuts))])
    assert (np.bincount(bins, mass) - heaviest).max() <= mass.sum() / len(cuts)


def test_a_heavy_time_leaves_the_other_cuts_to_the_other_times():
    time = np.repeat(np.arange(1.0, 13.0), [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 100])
    labels = pd.Series(EventTimes(np.ones(len(time), int), time))
    assert Survival(4).fit(labels, task="death").grid_.edges.tolist() == [0, 4, 8, 11, 12]


def test_contracts_that_end_at_month_12():
    rng = np.random.default_rng(0)
    ends = np.where(rng.random(2000) < 0.8, 12, rng.integers(1, 37, 2000))
    left = rng.integers(1, 41, 2000)
    labels = pd.DataFrame({"event": ends <= left, "duration": np.minimum(ends, left), "entry": 0})
    head, curves = fitted(Survival(), labels, np.ones(2000))
    assert head.grid_.n_bins == 20
    months = np.arange(1.0, 37.0)
    assert_allclose(curves.survival(months)[0], kaplan_meier(labels)(months), atol=1e-6)
    assert curves.survival([11.0])[0, 0] == pytest.approx(0.93, abs=0.01)
    assert curves.restricted_mean(12.0) == pytest.approx([11.59], abs=0.005)


def test_where_everybody_fails_before_others_enter_it_is_said():
    labels = pd.Series(EventTimes([1, 1, 0, 1], [2.0, 5.0, 7.0, 8.0], [1.0, 3.0, 3.0, 3.0]))
    with pytest.warns(UserWarning, match=r"'death' has a time, 2, at which all rows .* up to 2;"):
        head = Survival(2).fit(labels, task="death")
    target = head.encode(labels)
    survival = head.curves(head.initial_scores(target, np.ones(4))[None]).survival([1.9, 2, 6])
    assert_allclose(survival, [[1, 0, 0]], atol=2e-6)
    without = labels[labels.array.time > 2]
    head = Survival(2).fit(without, task="death")
    target = head.encode(without)
    survival = head.curves(head.initial_scores(target, np.ones(3))[None]).survival([4.9, 5, 7])
    assert_allclose(survival, [[1, 2 / 3, 2 / 3]], atol=2e-6)


@pytest.mark.parametrize("n_causes", [1, 2])
def test_the_start_of_rows_that_lack_the_events_of_a_bin_is_that_of_all(n_causes):
    event = np.zeros(100, int)
    event[[0, 1, 2, 3]] = 1, n_causes, 1, n_causes
    labels = pd.DataFrame({"event": event, "duration": 9.0, "entry": 0})
    labels.loc[[0, 1, 2, 3], "duration"] = [1.0, 1.0, 2.0, 2.0]
    kind = Survival if n_causes == 1 else CompetingRisks
    head, curves = fitted(kind([1, 2]), labels, np.ones(100))
    others = head.encode(pd.Series(EventTimes(event, labels["duration"])))[4:]
    start = head.curves(head.initial_scores(others, np.ones(96))[None])
    # One event of 50 + 96 rows, where 2 of 100 are right.
    assert_allclose(start.at_cuts()[0], [1, 1 - 1 / 146, (1 - 1 / 146) ** 2], atol=2e-4)
    assert_allclose(
        start.incidence([2.0])[0], [[(1 - (1 - 1 / 146) ** 2) / n_causes] * n_causes], atol=2e-4
    )
    assert_allclose(curves.at_cuts()[0], [1, 0.98, 0.96])


def test_curves_of_old_files_halve_in_every_unit_of_calendar_time():
    hazard = np.full((2, 3), np.log(2))
    curves = Curves(np.arange(4.0), hazard, np.ones((2, 3, 1)), 3.0, "hazard")
    for horizon in (0.5, 1.0, 2.5, 3.0):
        assert_allclose(curves.restricted_mean(horizon), (1 - 0.5**horizon) / np.log(2))
    for level, time in ((0.5, 1.0), (0.75, np.log2(4 / 3)), (0.2, np.log2(5))):
        assert_allclose(curves.quantile(level), time)
