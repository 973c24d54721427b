"""The survival generator: its curves are those of the times that it draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from skmtl.datasets import make_survival

GRID = np.array([0.0, 0.5, 2.0, 8.0, 30.0, 200.0])
N_ROWS = 20_000
SHARE = 4 * 0.5 / np.sqrt(N_ROWS)  # four standard errors


def test_weibull_curve_known_answer():
    _, _, truth = make_survival(3, scale=2.0, shape=3.0, random_state=0, return_truth=True)
    rate = np.exp(truth.log_rate["event_0"].to_numpy())
    assert_allclose(truth.survival_function([1.0, 4.0]), np.exp(-np.outer(rate, [1 / 8, 8])))


def test_log_logistic_curve_known_answer():
    _, _, truth = make_survival(
        3, family="log-logistic", scale=2.0, shape=2.0, random_state=0, return_truth=True
    )
    odds = np.exp(truth.log_rate["event_0"].to_numpy())
    assert_allclose(truth.survival_function([2.0])[:, 0], 1 / (1 + odds))


@pytest.mark.parametrize("family", ["weibull", "log-logistic"])
@pytest.mark.parametrize("kind", ["single", "competing", "several"])
def test_drawn_times_follow_the_curves(family, kind):
    _, _, truth = make_survival(
        N_ROWS, kind=kind, family=family, random_state=0, return_truth=True
    )
    for name in truth.weights.index:
        later = (truth.event_time[name].to_numpy()[:, None] > GRID).mean(axis=0)
        assert_allclose(later, truth.survival_function(GRID, name).mean(axis=0), atol=SHARE)


@pytest.mark.parametrize("family", ["weibull", "log-logistic"])
@pytest.mark.parametrize("shape", [1.5, [0.5, 2.0], [0.7, 3.0]])
def test_incidences_and_survival_sum_to_one(family, shape):
    _, _, truth = make_survival(
        50, kind="competing", family=family, shape=shape, random_state=0, return_truth=True
    )
    total = sum(truth.cumulative_incidence(GRID).values()) + truth.survival_function(GRID)
    assert_allclose(total, 1.0, atol=1e-8)


def test_incidences_of_equal_shapes_are_shares_of_the_failures():
    _, _, truth = make_survival(50, kind="competing", random_state=0, return_truth=True)
    rate = np.exp(truth.log_rate)
    failed = 1 - truth.survival_function(GRID)
    for cause, incidence in truth.cumulative_incidence(GRID).items():
        share = (rate[cause] / rate.sum(axis=1)).to_numpy()
        assert_allclose(incidence, share[:, None] * failed, atol=1e-8)


def test_drawn_causes_follow_the_incidences():
    _, y, truth = make_survival(
        N_ROWS, kind="competing", shape=[0.6, 2.0], censoring=0, random_state=0, return_truth=True
    )
    drawn = [((y["event"] == 2) & (y["duration"] <= time)).mean() for time in GRID]
    assert_allclose(drawn, truth.cumulative_incidence(GRID)[2].mean(axis=0), atol=SHARE)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_the_wanted_share_is_censored(share):
    _, y = make_survival(2000, censoring=share, random_state=0)
    assert (y["event"] == 0).mean() == pytest.approx(share, abs=0.001)


def test_the_first_cause_is_what_is_seen():
    _, y, truth = make_survival(
        300, kind="competing", n_events=3, random_state=0, return_truth=True
    )
    first = truth.event_time.min(axis=1)
    seen = y["event"] > 0
    assert (seen == (first <= truth.censoring_time)).all()
    assert (truth.event_time.idxmin(axis=1)[seen] == y["event"][seen]).all()
    assert_allclose(y["duration"], np.minimum(first, truth.censoring_time))


def test_missing_pairs_are_missing_together():
    _, y = make_survival(2000, kind="several", missing=0.25, random_state=0)
    for name in ("event_0", "event_1"):
        gone = y[f"{name}_event"].isna()
        assert (gone == y[f"{name}_time"].isna()).all()
        assert gone.mean() == pytest.approx(0.25, abs=0.04)


def test_the_same_seed_gives_the_same_table_and_leaves_numpy_alone():
    before = np.random.get_state()[1].copy()
    for one, other in zip(
        make_survival(50, random_state=3), make_survival(50, random_state=3), strict=True
    ):
        pd.testing.assert_frame_equal(one, other)
    make_survival(50)
    np.testing.assert_array_equal(before, np.random.get_state()[1])


def test_curves_of_other_rows():
    X, _, truth = make_survival(40, random_state=0, return_truth=True)
    again = truth.at(X.iloc[7:9])
    assert_allclose(again.survival_function(GRID), truth.survival_function(GRID)[7:9])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kind": "one"}, "kind must be one of"),
        ({"family": "normal"}, "family must be one of"),
        ({"n_events": 2}, "kind='single' has one event"),
        ({"n_samples": 0}, "n_samples must be an integer from 1"),
        ({"shape": 0}, "shape of event_0 must be a positive number"),
        ({"scale": [1, 2]}, "scale has 2 entries"),
        (
            {"kind": "competing", "shape": [1, 2, 3.0]},
            "shape has 3 entries for n_events=2",
        ),
        ({"effect": -1}, "effect of event_0"),
        ({"censoring": 1}, r"censoring must be a number in \[0, 1\)"),
        ({"missing": 0.5}, "missing=0.5 is for kind='several'"),
        ({"kind": "several", "missing": -0.1}, "missing must be a number in"),
    ],
)
def test_bad_settings(settings, words):
    with pytest.raises(ValueError, match=words):
        make_survival(**settings)


def test_bad_questions_to_the_truth():
    _, _, several = make_survival(5, kind="several", random_state=0, return_truth=True)
    with pytest.raises(ValueError, match="Name the event"):
        several.survival_function([1.0])
    with pytest.raises(ValueError, match="Only competing causes"):
        several.cumulative_incidence([1.0])
    with pytest.raises(ValueError, match="finite numbers from 0"):
        several.survival_function([-1.0], "event_0")
