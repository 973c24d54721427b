"""The table of `make_funnel` is drawn from the probabilities that it tells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl.datasets import make_funnel

STEPS = ("seen", "cart", "bought")


@pytest.fixture(scope="module", params=[0.0, 1.5])
def made(request):
    return request.param, *make_funnel(
        40_000, 4, steps=STEPS, rate=(0.4, 0.5, 0.3), confounding=request.param, random_state=0,
        return_truth=True,
    )  # fmt: skip


def test_rates_are_those_that_were_asked_for(made):
    *_, truth = made
    np.testing.assert_allclose(truth.if_all_reached.mean(), [0.4, 0.5, 0.3], atol=1e-8)


def test_frequencies_are_the_probabilities(made):
    """By tenths of the probability, within four standard errors."""
    _, _, Y, truth = made
    for step in STEPS:
        for chance, took in (
            (truth.reached[step], Y[step].fillna(0)),
            (truth.given_before[step][Y[step].notna()], Y[step].dropna()),
        ):
            by_tenth = pd.qcut(chance, 10, labels=False)
            error = np.sqrt(
                chance.groupby(by_tenth).var() + chance.mean() / by_tenth.value_counts()
            )
            gap = took.groupby(by_tenth).mean() - chance.groupby(by_tenth).mean()
            assert (gap.abs() < 4 * error).all()


def test_probabilities_belong_together(made):
    confounding, _, _, truth = made
    product = truth.given_before.cumprod(axis=1)
    pd.testing.assert_frame_equal(product, truth.reached)
    assert (truth.reached.diff(axis=1).iloc[:, 1:] <= 0).all(axis=None)
    gap = (truth.given_before - truth.if_all_reached).abs().mean()
    assert (gap[1:] > 0.05).all() if confounding else gap.max() < 1e-12


def test_later_steps_are_missing_where_the_step_before_was_not_taken(made):
    _, _, Y, _ = made
    assert Y["cart"].isna().equals(Y["seen"] == 0)
    assert Y["bought"].isna().equals(Y["cart"] != 1)


@pytest.mark.parametrize("relatedness", [0.0, 0.7, 1.0])
def test_relatedness_is_the_correlation_of_the_log_odds(relatedness):
    _, _, truth = make_funnel(20_000, relatedness=relatedness, random_state=1, return_truth=True)
    odds = np.log(truth.if_all_reached / (1 - truth.if_all_reached))
    assert odds.corr().iloc[0, 1] == pytest.approx(relatedness, abs=1e-6)


def test_the_same_seed_makes_the_same_table():
    for one, two in zip(*(make_funnel(50, random_state=3) for _ in range(2)), strict=True):
        pd.testing.assert_frame_equal(one, two)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": ("a",)}, "at least two different steps"),
        ({"steps": ("a", "a")}, "at least two different steps"),
        ({"rate": 1.0}, "rate of step_0 must be between 0 and 1"),
        ({"rate": (0.1, 0.1, 0.1)}, "rate has 3 entries for n_steps=2"),
        ({"relatedness": 1.2}, "relatedness must lie between"),
        ({"confounding": -1.0}, "confounding must be from 0"),
        ({"n_samples": 0}, "n_samples must be an integer"),
        ({"n_samples": 3}, "n_samples must be at least 4"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        make_funnel(**settings)
