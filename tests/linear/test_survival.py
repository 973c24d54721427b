"""Times to events by linear models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl import MultiTaskLinear, MultiTaskLinearSurvival
from skmtl.datasets import make_survival
from skmtl.survival import concordance, kaplan_meier
from skmtl.tasks import ProportionalHazards


@pytest.fixture(scope="module")
def cohort():
    return make_survival(300, random_state=0)


@pytest.mark.parametrize("head", ["hazard", "proportional_hazards"])
def test_without_effects_the_curve_is_that_of_kaplan_and_meier(cohort, head):
    X, y = cohort
    model = MultiTaskLinearSurvival(head=head, alpha=1e9).fit(X, y)
    times = np.quantile(y["duration"], [0.2, 0.5, 0.8])
    expected = kaplan_meier(y)(times)
    found = model.predict_survival_function(X.head(3), times)
    np.testing.assert_allclose(found, np.tile(expected, (3, 1)), atol=2e-3)


def test_a_strong_penalty_leads_to_proportional_hazards(cohort):
    """The effects that change over time vanish faster than those that do not."""
    X, y = cohort
    shares = []
    for alpha in (1.0, 100.0):
        coef = MultiTaskLinearSurvival(alpha=alpha).fit(X, y).coef_.to_numpy()
        shares.append(coef.std(axis=0).sum() / np.abs(coef.mean(axis=0)).sum())
    assert shares[1] < shares[0]


def test_cox_regression_agrees_with_the_hazards_of_bins(cohort):
    X, y = cohort
    hazard, cox = (
        MultiTaskLinearSurvival(head=head, alpha=5.0).fit(X, y).predict(X)
        for head in ("hazard", "proportional_hazards")
    )
    assert np.corrcoef(np.log(hazard), np.log(cox))[0, 1] > 0.98
    assert concordance(y, cox) > 0.7


def test_the_partial_likelihood_has_its_minimum_at_the_coefficients():
    """Of two rows, one of which fails first: log(1 + exp(-b d)) plus the penalty."""
    X = pd.DataFrame({"a": [0.0, 1.0]})
    y = {"event": [1, 0], "duration": [1.0, 2.0]}
    model = MultiTaskLinearSurvival(head="proportional_hazards", alpha=0.5, early_stopping=False)
    coef = model.fit(X, y).standardised_coef_.iloc[0, 0]
    distance = -2.0  # of standardised features
    assert 0.5 * coef == pytest.approx(distance / (1 + np.exp(distance * coef)), abs=1e-5)


def test_a_weight_of_two_is_a_row_given_twice_in_cox_regression(cohort):
    X, y = cohort
    twice = np.arange(len(X)) % 3 == 0
    names = {"event": "death_event", "duration": "death_time"}
    labels = pd.DataFrame(dict(y)).rename(columns=names)
    tasks = {"death": ProportionalHazards(ties="breslow")}
    settings = {"tasks": tasks, "alpha": 2.0, "early_stopping": False}
    weighted = MultiTaskLinear(**settings).fit(X, labels, 1.0 + twice)
    repeated = MultiTaskLinear(**settings)
    repeated.fit(pd.concat([X, X[twice]]), pd.concat([labels, labels[twice]]))
    pd.testing.assert_frame_equal(
        weighted.standardised_coef_, repeated.standardised_coef_, atol=1e-5
    )


def test_several_events_share_nothing_but_the_table():
    X, y = make_survival(200, kind="several", missing=0.3, random_state=0)
    model = MultiTaskLinearSurvival(random_state=0).fit(X, y)
    assert model.penalty_ == "ridge"
    assert (model.score_tasks(X, y) > 0.6).all()
    X, y = make_survival(200, kind="competing", random_state=0)
    model = MultiTaskLinearSurvival(random_state=0).fit(X, y)
    incidence = model.predict_cumulative_incidence(X, [2.0, 4.0])
    total = sum(incidence.values()) + model.predict_survival_function(X, [2.0, 4.0])
    np.testing.assert_allclose(total, 1.0, atol=1e-6)
