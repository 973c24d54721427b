"""The stays of `make_stays` follow the severities and hazards that it tells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl.datasets import make_stays


@pytest.fixture(scope="module")
def made():
    return make_stays(4000, 24, random_state=0, return_truth=True)


def test_shocks_come_as_often_as_their_hazards_say(made):
    """Of the hours that are begun without a shock, by tenths of the hazard, within 4 errors."""
    _, _, outcomes, truth = made
    end = outcomes["shock_time"].to_numpy()[:, None]
    exposed = np.clip(end - np.arange(24), 0, 1)
    shock = (outcomes["shock_event"].to_numpy()[:, None] > 0) & (np.floor(end) == np.arange(24))
    expected = pd.Series((truth.hazard.to_numpy() * exposed).ravel())
    tenth = pd.qcut(truth.hazard.to_numpy().ravel(), 10, labels=False)
    table = pd.DataFrame({"expected": expected, "shock": shock.ravel()}).groupby(tenth).sum()
    assert (abs(table["shock"] - table["expected"]) < 4 * np.sqrt(table["expected"])).all()


def test_severity_moves_what_is_measured(made):
    events, _, _, truth = made
    severity = truth.severity.to_numpy()[events["stay"], events["time"].astype(int)]
    for name, level, change in (
        ("heart rate", 80, 9), ("blood pressure", 120, -10), ("lactate", 1.5, 0.5),
    ):  # fmt: skip
        rows = (events["variable"] == name).to_numpy()
        line = np.polyfit(severity[rows], events["value"][rows], 1)
        np.testing.assert_allclose(line, [change, level], rtol=0.03)
    assert severity[(events["variable"] == "vasopressor").to_numpy()].min() > 1.5


def test_a_record_ends_with_the_shock_or_the_stay(made):
    events, stays, outcomes, _ = made
    last = events.groupby("stay")["time"].max()
    assert (last < outcomes["shock_time"][last.index]).all()
    censored = outcomes[outcomes["shock_event"] == 0].dropna()
    ends = np.minimum(24 * censored["days"], 24)
    np.testing.assert_allclose(censored["shock_time"], ends)
    assert outcomes["days"].isna().mean() == pytest.approx(0.1, abs=0.02)
    assert stays.index.equals(outcomes.index)


def test_a_seed_repeats_the_stays():
    for one, two in zip(*(make_stays(20, random_state=3) for _ in range(2)), strict=True):
        pd.testing.assert_frame_equal(one, two)


@pytest.mark.parametrize("sizes", [{"n_stays": 0}, {"n_hours": 2.5}])
def test_sizes_must_be_positive_integers(sizes):
    with pytest.raises(ValueError, match=next(iter(sizes))):
        make_stays(**sizes)
