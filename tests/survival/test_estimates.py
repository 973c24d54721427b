"""Kaplan-Meier, Nelson-Aalen, Aalen-Johansen and the censoring distribution."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from skmtl.datasets import make_survival
from skmtl.survival import (
    aalen_johansen,
    censoring_distribution,
    concordance,
    kaplan_meier,
    nelson_aalen,
)

# Remission times of the 21 patients on 6-mercaptopurine (Freireich et al. 1963).
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
REMISSION = {"event": RELAPSED, "duration": WEEKS}


def test_kaplan_meier_of_the_textbook():
    """Table 1.2 of Kalbfleisch and Prentice, rounded there to four digits."""
    at = [5, 6, 7, 10, 13, 16, 22, 23, 30]
    published = [1, 0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482, 0.4482]
    assert_allclose(kaplan_meier(REMISSION)(at), published, atol=5e-5)


def test_nelson_aalen_known_answer():
    assert nelson_aalen(REMISSION)([7]) == pytest.approx([3 / 21 + 1 / 17])


def test_before_a_jump():
    assert kaplan_meier(REMISSION).before([6, 7]) == pytest.approx([1, 18 / 21])


def test_incidences_and_survival_sum_to_one():
    _, y = make_survival(300, kind="competing", n_events=3, random_state=0)
    times = np.linspace(0, 20, 50)
    incidences = sum(curve(times) for curve in aalen_johansen(y).values())
    assert_allclose(incidences + kaplan_meier(y)(times), 1, atol=1e-12)


def test_late_entry_leaves_the_risk_set_small():
    # At 2 only the first two rows are watched, at 4 the second and the third.
    y = {"event": [1, 1, 1], "duration": [2, 4, 5], "entry": [0, 0, 3]}
    assert kaplan_meier(y)([2, 4, 5]) == pytest.approx([1 / 2, 1 / 4, 0])


def test_a_weight_counts_like_as_many_rows():
    _, y = make_survival(60, random_state=0)
    weight = np.random.default_rng(0).integers(0, 4, 60)
    repeated = y.loc[y.index.repeat(weight)]
    times = np.linspace(0, 15, 30)
    for estimate in (kaplan_meier, nelson_aalen, censoring_distribution):
        assert_allclose(estimate(y, weight)(times), estimate(repeated)(times), atol=1e-12)


def test_missing_labels_are_left_out():
    y = pd.DataFrame({"event": [1, None, 0], "duration": [1.0, None, 2.0]})
    assert kaplan_meier(y)([1]) == pytest.approx([0.5])


def test_the_censoring_distribution_of_late_entries():
    # The row that enters at 1 was not there when the first one was censored at 1.
    y = {"event": [0, 1, 0, 1], "duration": [1, 2, 3, 4], "entry": [0, 0, 1, 0]}
    assert censoring_distribution(y)([1, 3]) == pytest.approx([2 / 3, 1 / 3])


def test_lifelines_agrees():
    """Computed once with lifelines 0.30.3, which does not install beside pandas 3."""
    at = [6, 10, 16, 25]
    survival = [0.857142857, 0.752941176, 0.62745098, 0.448179272]
    assert_allclose(kaplan_meier(REMISSION)(at), survival, atol=1e-8)
    late = np.zeros(21)
    late[[2, 5, 7, 10, 14]] = 5, 6.5, 8, 12, 20
    survival = [0.823529412, 0.705882353, 0.577540107, 0.412528648]
    assert_allclose(kaplan_meier(REMISSION | {"entry": late})(at), survival, atol=1e-8)
    risk = (7 * np.array(WEEKS)) % 5
    assert concordance(REMISSION, risk) == pytest.approx(0.482758621, abs=1e-8)
    causes = [1, 2, 1, 0, 2, 0, 1, 0, 0, 2, 1, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0]
    no_ties = {"event": causes, "duration": np.array(WEEKS) + np.arange(21) / 100}
    second = aalen_johansen(no_ties)[2]
    assert_allclose(second([7.5, 14, 30]), [0.098039216, 0.160784314, 0.250420168], atol=1e-8)


@pytest.mark.parametrize("decimals", [None, 0])
def test_scikit_survival_agrees(decimals):
    sksurv = pytest.importorskip("sksurv.nonparametric")
    _, y = make_survival(300, kind="competing", random_state=0)
    time = y["duration"].to_numpy()
    time = time if decimals is None else np.round(time, decimals)
    y = {"event": y["event"], "duration": time}
    happened = y["event"].to_numpy() > 0
    for curve, reverse in ((kaplan_meier(y), False), (censoring_distribution(y), True)):
        at, expected = sksurv.kaplan_meier_estimator(happened, time, reverse=reverse)
        assert_allclose(curve(at), expected, atol=1e-12)
    at, expected = sksurv.nelson_aalen_estimator(happened, time)
    assert_allclose(nelson_aalen(y)(at), expected, atol=1e-12)
    at, expected = sksurv.cumulative_incidence_competing_risks(y["event"].to_numpy(), time)
    for cause, curve in aalen_johansen(y).items():
        assert_allclose(curve(at), expected[cause], atol=1e-12)
